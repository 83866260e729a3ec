"""Files to scores and scores to files.

`load` chooses the format by what the file begins with, then by its suffix; `save` by the suffix. A file that
holds many pieces (a tune book, a set of records) has a `Place` for each of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from antiphon.errors import FormatError, OutputError
from antiphon.files import atomic_write
from antiphon.io import midi
from antiphon.io.formats import FORMATS, Format, by_suffix, formats, suffixes
from antiphon.io.limits import DEFAULT, Limits
from antiphon.io.places import Place, read_content
from antiphon.io.places import find as _find
from antiphon.io.places import places as _places
from antiphon.score.score import Score

__all__ = [
    "FORMATS",
    "Format",
    "Limits",
    "Place",
    "dumps_midi",
    "find",
    "formats",
    "load",
    "loads_midi",
    "places",
    "save",
    "suffixes",
]


def load(path: str | os.PathLike[str] | Place, *, limits: Limits = DEFAULT) -> Score:
    """The music in a file; `source` is its path. 'book.abc#12' is the piece called 12 in a file of many.

    Raises `FormatError` for a file that cannot be opened, is of no known format, damaged, outside `limits`,
    or of many pieces of which none is named; one that is too large is refused without being read.
    """
    name = str(path)
    with _named(name):
        data, form = read_content(path if isinstance(path, Place) else _find(path), limits)
        return form.loads(data, limits, name)


def places(path: str | os.PathLike[str]) -> list[Place]:
    """Every piece in the file at `path`, in order, none of them read. Raises `FormatError`."""
    with _named(os.fspath(path)):
        return _places(path)


def find(path: str | os.PathLike[str]) -> Place:
    """The one piece that `path` means, not read: a file of one piece, or 'FILE#NAME'.

    Raises `FormatError` also for a file of many pieces of which none is named, `NameNotFound` for a name
    that is not in it.
    """
    with _named(os.fspath(path)):
        return _find(path)


def save(score: Score, path: str | os.PathLike[str]) -> None:
    """Write `score` to `path` in the format of its suffix, whole or not at all. Raises `FormatError` for a
    suffix of none, `OutputError` for one that is only read and for what a format cannot hold.
    """
    path = Path(path)
    form = by_suffix(path.suffix)
    writable = [suffix for form in formats() if form.dumps for suffix in form.suffixes]
    if form is None:
        raise FormatError(f"No format for '{path}'; its name must end in one of {', '.join(writable)}.")
    if form.dumps is None:
        raise OutputError(f"{form.name} is read, not written ('{path}'); use one of {', '.join(writable)}.")
    atomic_write(path, form.dumps(score))


def loads_midi(data: bytes, *, limits: Limits = DEFAULT) -> Score:
    """The music in the bytes of a MIDI file. Raises `FormatError`."""
    return midi.loads(data, limits)


def dumps_midi(score: Score) -> bytes:
    """`score` as the bytes of a format 1 MIDI file. Raises `OutputError` for what MIDI cannot hold."""
    return midi.dumps(score)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Errors of what is done here say which file it was, as `FormatError`."""
    try:
        yield
    except FormatError as error:
        raise FormatError(f"'{name}': {error}") from None
    except OSError as error:
        raise FormatError(f"Cannot read '{name}': {error.strerror or error}. Check the path.") from error
