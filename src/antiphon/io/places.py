"""Where a piece is: a whole file, or a part of a file that holds many ('book.abc#12')."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from antiphon.errors import FormatError, NameNotFound
from antiphon.io.formats import Format, by_content, by_suffix, suffixes
from antiphon.io.limits import Limits
from antiphon.io.opening import opened

_HEAD = 16
_SHOWN = 3
_IN_NO_FILE_NAME = re.compile(r"[^\w.+-]+")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Place:
    """A piece in a file. As text: the path, and '#name' where the file holds many."""

    path: str
    name: str = ""
    start: int = 0
    stop: int = -1
    """Bytes [start, stop) of the file; -1 is its end."""
    header: int = 0
    """The first so many bytes of the file come before them."""

    def __str__(self) -> str:
        return f"{self.path}#{self.name}" if self.name else self.path

    @property
    def stem(self) -> str:
        """What a file of this piece alone is called, without a suffix: 'book-12' for 'book.abc#12'."""
        stem, part = Path(self.path).stem, _IN_NO_FILE_NAME.sub("_", self.name)[:_LONGEST_NAME]
        return f"{stem}-{part}" if part else stem


def places(path: str | os.PathLike[str]) -> list[Place]:
    """Every piece in the file at `path`, in order: the file itself, or the parts of one that holds many.

    Raises `FormatError` for a file of no known format, `OSError` for one that cannot be opened.
    """
    with opened(path) as file:
        form = format_of(file, os.fspath(path))
        return _indexed(form, file, os.fspath(path)) if form.index else [Place(os.fspath(path))]


def find(path: str | os.PathLike[str]) -> Place:
    """The one piece that `path` means: a file of one piece, or 'FILE#NAME'.

    Raises `FormatError` for a file of many pieces of which none is named, `NameNotFound` for a name that is
    not in it.
    """
    text = os.fspath(path)
    file, mark, name = text.rpartition("#")
    if not mark or Path(text).exists():
        return _only(text, places(text))
    found = {place.name: place for place in places(file)}
    if name not in found:
        raise NameNotFound(f"piece in '{file}' called", name, found)
    return found[name]


def read_content(place: Place, limits: Limits) -> tuple[bytes, Format]:
    """The bytes of one piece, its file's header before them, and the format.

    Raises `FormatError` where there are too many of them, before they are read.
    """
    with opened(place.path) as file:
        form = format_of(file, place.path)
        stop = os.fstat(file.fileno()).st_size if place.stop < 0 else place.stop
        size = place.header + stop - place.start
        if size > limits.bytes:
            raise FormatError(f"too large ({size >> 20} MiB); at most {limits.bytes >> 20} MiB are read.")
        data = file.read(place.header) if place.header else b""
        file.seek(place.start)
        return data + file.read(stop - place.start), form


def format_of(file: BinaryIO, path: str) -> Format:
    """The format of an open file, by what it begins with, then by its suffix. Raises `FormatError`."""
    file.seek(0)
    form = by_content(file.read(_HEAD)) or by_suffix(os.path.splitext(path)[1])
    file.seek(0)
    if form is None:
        raise FormatError(f"no known format; known are {', '.join(suffixes())}.")
    return form


def _indexed(form: Format, file: BinaryIO, path: str) -> list[Place]:
    assert form.index is not None
    spans, header = form.index(file)
    if len(spans) == 1:
        return [Place(path)]
    return [Place(path, name, start, stop, header) for name, start, stop in spans]


def _only(path: str, found: list[Place]) -> Place:
    if len(found) == 1:
        return found[0]
    if not found:
        raise FormatError("holds no piece.")
    shown = ", ".join(_shown(found))
    raise FormatError(f"holds {len(found)} pieces; name one of them: {shown}.")


def _shown(found: list[Place]) -> Iterator[str]:
    yield from (f"'{place}'" for place in found[:_SHOWN])
    if len(found) > _SHOWN:
        yield "..."
