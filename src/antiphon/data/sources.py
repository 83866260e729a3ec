"""Which files a corpus is built from: files, folders (walked through) and lists of files, in a fixed order.

The order matters: a file is compared with those before it only, so what stands first keeps its place in the
split whatever is added after it. Sources come in the order they are given, the files of a folder by name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from antiphon.data.manifest import Groups
from antiphon.errors import EmptyError, InputError

LIST_SUFFIXES = (".txt", ".lst")
_HERE = os.curdir + os.sep

Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """One file: `path` as it was given (or found below a given folder), and the group that a table or a
    sidecar gives it ('' for none)."""

    path: str
    size: int
    modified_ns: int
    group: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What lies at the given places: `music` is to be read, `other` has a suffix of no known format."""

    music: tuple[Source, ...]
    other: tuple[Source, ...]


def find(arguments: Sequence[str | Path], suffixes: Iterable[str], *, leave_out: Path | None = None) -> Found:
    """All files at `arguments`, each once; the folder `leave_out` (the corpus itself) is passed over.

    A file named by itself or in a list counts as music whatever its suffix: a wrong one then says so in the
    ledger. An argument that begins with '@' or ends in .txt or .lst is a list of paths, one a line,
    relative to the list. Hidden files and folders are passed over. Raises `InputError` for a place that is
    not there, `EmptyError` where there is no file at all.
    """
    known = {suffix.lower() for suffix in suffixes}
    hidden = _identity(leave_out) if leave_out is not None and leave_out.is_dir() else None
    groups = Groups()
    music: dict[str, Source] = {}
    other: dict[str, Source] = {}
    for path, status, named in _expand(arguments, hidden):
        if path in music or path in other:
            continue
        is_music = named or os.path.splitext(path)[1].lower() in known
        group = groups.of(path) if is_music else ""
        (music if is_music else other)[path] = Source(path, status.st_size, status.st_mtime_ns, group)
    if not music and not other:
        raise EmptyError(f"There is no file in {_names(arguments)}; give a folder, or files, of music.")
    return Found(tuple(music.values()), tuple(other.values()))


def seniority(music: Sequence[Source], earlier: Sequence[str]) -> list[Source]:
    """`music` with the files of an earlier build first, in their earlier order, and the new ones after
    them."""
    rank = {path: place for place, path in enumerate(earlier)}
    return sorted(music, key=lambda source: rank.get(source.path, len(rank)))


def _expand(
    arguments: Sequence[str | Path], hidden: Identity | None
) -> Iterator[tuple[str, os.stat_result, bool]]:
    """(path, status, was it named by itself) of every file."""
    for argument in arguments:
        text = str(argument)
        path = os.path.normpath(text.removeprefix("@"))
        if os.path.isdir(path):
            yield from ((found, status, False) for found, status in _walk(path, {hidden}))
        elif not os.path.isfile(path):
            raise InputError(f"'{text}' is not there; expected a file, a folder, or a list of files.")
        elif text.startswith("@") or path.lower().endswith(LIST_SUFFIXES):
            yield from ((found, os.stat(found), True) for found in _listed(path))
        else:
            yield path, os.stat(path), True


def _walk(folder: str, seen: set[Identity | None]) -> Iterator[tuple[str, os.stat_result]]:
    """Files below `folder` by name; links to folders are followed, but no folder that was `seen` before."""
    identity = _identity(folder)
    if identity in seen:
        return
    seen.add(identity)
    for entry in _entries(folder):
        if entry.is_dir():
            yield from _walk(entry.path, seen)
        elif entry.is_file():
            yield entry.path.removeprefix(_HERE), entry.stat()


def _identity(folder: str | Path) -> Identity:
    """What tells a folder apart whatever the way to it."""
    status = os.stat(folder)
    return status.st_dev, status.st_ino


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise InputError(
            f"The folder '{folder}' cannot be read ({error.strerror}); check its permissions."
        ) from error
    return sorted(visible, key=lambda entry: entry.name)


def _listed(path: str) -> Iterator[str]:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The list '{path}' cannot be read ({error}); expected one path a line.") from error
    for number, line in enumerate(lines, 1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        found = os.path.normpath(os.path.join(os.path.dirname(path), name))
        if not os.path.isfile(found):
            raise InputError(f"Line {number} of '{path}': there is no file '{found}'.")
        yield found


def _names(arguments: Sequence[str | Path]) -> str:
    return ", ".join(f"'{argument}'" for argument in arguments) or "an empty list of sources"
