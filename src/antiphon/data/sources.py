"""Finds the pieces to build a corpus from, in files, folders and lists of files, in a fixed order.

The order matters: a piece is compared with earlier ones only, so the first keeps its split whatever is added
after it. Sources come in the order they are given, the files of a folder by name, the pieces of a file as in
the file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from antiphon.data.metadata import MetadataLookup
from antiphon.data.sums import file_sha256
from antiphon.errors import EmptyError, FormatError, InputError
from antiphon.io.formats import by_suffix
from antiphon.io.opening import special
from antiphon.io.places import Place, places

_LIST_SUFFIXES = (".txt", ".lst")
_HERE = os.curdir + os.sep


@dataclass(frozen=True, slots=True)
class Source:
    """One piece: where it is (in a file whose path is as it was given, or found below a given folder), and
    the metadata from tables and sidecars."""

    place: Place
    size: int
    """Bytes of the whole file."""
    modified_ns: int
    metadata: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sha256: str = ""
    """Of the whole file, in hex, where it was looked at."""

    @property
    def group(self) -> str:
        """The group in the metadata, or ''."""
        return next(iter(self.metadata.get("group", ())), "")


class SkippedPath(NamedTuple):
    """A path that is not read, and why; `is_repeat` where it is another path to what is read, `is_special`
    where it is no file at all."""

    path: str
    reason: str
    is_repeat: bool = False
    is_special: bool = False

    @property
    def is_music_lost(self) -> bool:
        """Whether there may be music that could not be reached."""
        return not self.is_repeat and not self.is_special


@dataclass(frozen=True, slots=True)
class FoundSources:
    """What `find` found: `music` is to be read, `other` (paths) has a suffix of no known format, and
    `skipped` cannot be read or is read elsewhere."""

    music: tuple[Source, ...]
    other: tuple[str, ...]
    skipped: tuple[SkippedPath, ...] = ()


@dataclass
class _Visited:
    """The folders that were walked through, identified whatever the path to them, and the paths skipped on
    the way."""

    folders: set[tuple[int, int]] = field(default_factory=set)
    skipped: list[SkippedPath] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path | None) -> _Visited:
        """As if `folder` had been visited."""
        visited = cls()
        if folder is not None and folder.is_dir():
            visited.enter(str(folder))
        return visited

    def enter(self, folder: str) -> bool:
        """Whether `folder` is new; marks it visited."""
        status = os.stat(folder)
        identity = (status.st_dev, status.st_ino)
        new = identity not in self.folders
        self.folders.add(identity)
        return new


def find(
    arguments: Sequence[str | Path],
    suffixes: Iterable[str],
    *,
    leave_out: Path | None = None,
    with_metadata: bool = True,
    by_content: bool = False,
) -> FoundSources:
    """All pieces at `arguments`, each once; the folder `leave_out` (the corpus itself) is skipped. With
    `by_content` every file is read and hashed.

    A file named by itself or in a list counts as music whatever its suffix: a wrong one gets its error in the
    ledger. An argument that begins with '@' or ends in .txt or .lst is a list of paths, one per line,
    relative to the list. Hidden files and folders are skipped. Only files of a format that holds many pieces
    are opened. Raises `InputError` for a path that does not exist or is the corpus itself, `EmptyError` where
    there is no file at all.
    """
    known = {suffix.lower() for suffix in suffixes}
    visited = _Visited.of(leave_out)
    lookup = MetadataLookup() if with_metadata else None
    music: dict[str, list[Source]] = {}
    other: dict[str, None] = {}
    for path, status, named in _files(arguments, visited, leave_out):
        if path in music or path in other:
            continue
        if named or os.path.splitext(path)[1].lower() in known:
            music[path] = list(_pieces(path, status, lookup, file_sha256(path) if by_content else ""))
        else:
            other[path] = None
    if not music and not other and not visited.skipped:
        raise EmptyError(f"There is no file in {_names(arguments)}; give a folder, or files, of music.")
    pieces = tuple(source for of_file in music.values() for source in of_file)
    return FoundSources(pieces, tuple(other), tuple(visited.skipped))


def in_corpus_order(music: Sequence[Source], earlier: Sequence[str]) -> list[Source]:
    """`music` with the pieces of an `earlier` build first, in their order there, then the new ones."""
    rank = {name: number for number, name in enumerate(earlier)}
    return sorted(music, key=lambda source: rank.get(str(source.place), len(rank)))


def _pieces(
    path: str, status: os.stat_result, lookup: MetadataLookup | None, sha256: str
) -> Iterator[Source]:
    """The pieces of one file: itself, unless its format holds many."""
    form = by_suffix(os.path.splitext(path)[1])
    found = _indexed(path) if form is None or form.index else [Place(path)]
    for place in found:
        metadata = lookup.of(place) if lookup else {}
        yield Source(place, status.st_size, status.st_mtime_ns, metadata, sha256)


def _indexed(path: str) -> list[Place]:
    """The pieces of a file that may hold many; the file itself where that fails, which fails again when it
    is read."""
    try:
        return places(path) or [Place(path)]
    except (FormatError, OSError):
        return [Place(path)]


def _files(
    arguments: Sequence[str | Path], visited: _Visited, leave_out: Path | None
) -> Iterator[tuple[str, os.stat_result, bool]]:
    """(path, status, whether it was named by itself or in a list) of every file."""
    for argument in arguments:
        text = os.fspath(argument)
        path = os.path.normpath(text.removeprefix("@"))
        if os.path.isdir(path):
            if leave_out is not None and leave_out.is_dir() and os.path.samefile(path, leave_out):
                raise InputError(f"'{text}' is the folder of the corpus itself; choose another -o.")
            yield from ((found, status, False) for found, status in _walk(path, visited))
        elif not os.path.isfile(path):
            what = "no file that can be read" if os.path.exists(path) else "not there"
            raise InputError(f"'{text}' is {what}; expected a file, a folder, or a list of files.")
        elif text.startswith("@") or path.lower().endswith(_LIST_SUFFIXES):
            yield from ((found, os.stat(found), True) for found in _listed_files(path))
        else:
            yield path, os.stat(path), True


def _names(arguments: Sequence[str | Path]) -> str:
    return ", ".join(f"'{argument}'" for argument in arguments) or "an empty list of sources"


def _walk(folder: str, visited: _Visited) -> Iterator[tuple[str, os.stat_result]]:
    """Files below `folder` by name, and their status. Links to folders are followed, but no folder is entered
    twice."""
    open_folders = [_entries(folder, visited)] if visited.enter(folder) else []
    while open_folders:
        entry = next(open_folders[-1], None)
        if entry is None:
            open_folders.pop()
            continue
        path = entry.path.removeprefix(_HERE)
        try:
            status = entry.stat()
            if stat.S_ISREG(status.st_mode):
                yield path, status
            elif not stat.S_ISDIR(status.st_mode):
                reason = f"{special(status.st_mode) or 'something else'}, not a file"
                visited.skipped.append(SkippedPath(path, reason, is_special=True))
            elif visited.enter(entry.path):
                open_folders.append(_entries(entry.path, visited))
            elif entry.is_symlink():
                reason = "a link to a folder that is read already"
                visited.skipped.append(SkippedPath(path, reason, is_repeat=True))
        except OSError as error:
            visited.skipped.append(SkippedPath(path, _stat_error(entry, error)))


def _listed_files(path: str) -> Iterator[str]:
    """The files that the list at `path` names. Raises `InputError` for one that does not exist."""
    try:
        lines = os.fsdecode(Path(path).read_bytes()).splitlines()
    except OSError as error:
        raise InputError(f"The list '{path}' cannot be read ({error}); expected one path a line.") from error
    for number, line in enumerate(lines, 1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        found = os.path.normpath(os.path.join(os.path.dirname(path), name))
        if "\0" in found or not os.path.isfile(found):
            raise InputError(f"Line {number} of '{path}': there is no file '{found}'.")
        yield found


def _entries(folder: str, visited: _Visited) -> Iterator[os.DirEntry[str]]:
    """The entries of `folder` by name, without hidden ones; none where it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        path = folder.removeprefix(_HERE)
        reason = f"the folder cannot be listed ({error.strerror or error})"
        visited.skipped.append(SkippedPath(path, reason))
        return iter(())
    return iter(sorted(visible, key=lambda entry: entry.name))


def _stat_error(entry: os.DirEntry[str], error: OSError) -> str:
    if entry.is_symlink():
        return "a link that leads nowhere"
    return f"it cannot be looked at ({error.strerror or error})"
