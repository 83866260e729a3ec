"""Which pieces a corpus is built from: files, folders (walked through) and lists of files, in a fixed order.

The order matters: a piece is compared with those before it only, so what stands first keeps its place in the
split whatever is added after it. Sources come in the order they are given, the files of a folder by name,
the pieces of a file as they stand in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from antiphon.data.about import Lookup
from antiphon.data.walking import LIST_SUFFIXES, Refusal, Seen, listed, walk
from antiphon.errors import EmptyError, FormatError, InputError
from antiphon.io.formats import by_suffix
from antiphon.io.places import Place, places


@dataclass(frozen=True, slots=True)
class Source:
    """One piece: where it is (in a file as its path was given, or found below a given folder), and what is
    written about it beside it: its group ('' for none) among other things."""

    place: Place
    size: int
    """Bytes of the whole file."""
    modified_ns: int
    about: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """The group that was written down for it, or ''."""
        return next(iter(self.about.get("group", ())), "")


@dataclass(frozen=True, slots=True)
class Found:
    """What lies at the given places: `music` is to be read, `other` (paths) has a suffix of no known format,
    and `refused` cannot be read or is read elsewhere."""

    music: tuple[Source, ...]
    other: tuple[str, ...]
    refused: tuple[Refusal, ...] = ()


def find(arguments: Sequence[str | Path], suffixes: Iterable[str], *, leave_out: Path | None = None) -> Found:
    """All pieces at `arguments`, each once; the folder `leave_out` (the corpus itself) is passed over.

    A file named by itself or in a list counts as music whatever its suffix: a wrong one then says so in the
    ledger. An argument that begins with '@' or ends in .txt or .lst is a list of paths, one a line,
    relative to the list. Hidden files and folders are passed over. Only files of a format that holds many
    pieces are opened. Raises `InputError` for a place that is not there or is the corpus itself, `EmptyError`
    where there is no file at all.
    """
    known = {suffix.lower() for suffix in suffixes}
    seen = Seen.of(leave_out)
    lookup = Lookup()
    music: dict[str, list[Source]] = {}
    other: dict[str, None] = {}
    for path, status, named in _expand(arguments, seen, leave_out):
        if path in music or path in other:
            continue
        if named or os.path.splitext(path)[1].lower() in known:
            music[path] = list(_pieces(path, status, lookup))
        else:
            other[path] = None
    if not music and not other and not seen.refused:
        raise EmptyError(f"There is no file in {_names(arguments)}; give a folder, or files, of music.")
    return Found(tuple(one for pieces in music.values() for one in pieces), tuple(other), tuple(seen.refused))


def seniority(music: Sequence[Source], earlier: Sequence[str]) -> list[Source]:
    """`music` with the pieces of an earlier build first, in their earlier order, and the new ones after
    them."""
    rank = {name: number for number, name in enumerate(earlier)}
    return sorted(music, key=lambda source: rank.get(str(source.place), len(rank)))


def _pieces(path: str, status: os.stat_result, lookup: Lookup) -> Iterator[Source]:
    """The pieces of one file: itself, unless its format holds many."""
    form = by_suffix(os.path.splitext(path)[1])
    found = _indexed(path) if form is None or form.index else [Place(path)]
    for place in found:
        yield Source(place, status.st_size, status.st_mtime_ns, lookup.of(place))


def _indexed(path: str) -> list[Place]:
    """The pieces of a file that may hold many; a file that cannot be looked into says so when it is read."""
    try:
        return places(path) or [Place(path)]
    except (FormatError, OSError):
        return [Place(path)]


def _expand(
    arguments: Sequence[str | Path], seen: Seen, leave_out: Path | None
) -> Iterator[tuple[str, os.stat_result, bool]]:
    """(path, status, was it named by itself) of every file."""
    for argument in arguments:
        text = os.fspath(argument)
        path = os.path.normpath(text.removeprefix("@"))
        if os.path.isdir(path):
            if leave_out is not None and leave_out.is_dir() and os.path.samefile(path, leave_out):
                raise InputError(f"'{text}' is the folder of the corpus itself; choose another -o.")
            yield from ((found, status, False) for found, status in walk(path, seen))
        elif not os.path.isfile(path):
            what = "no file that can be read" if os.path.exists(path) else "not there"
            raise InputError(f"'{text}' is {what}; expected a file, a folder, or a list of files.")
        elif text.startswith("@") or path.lower().endswith(LIST_SUFFIXES):
            yield from ((found, os.stat(found), True) for found in listed(path))
        else:
            yield path, os.stat(path), True


def _names(arguments: Sequence[str | Path]) -> str:
    return ", ".join(f"'{argument}'" for argument in arguments) or "an empty list of sources"
