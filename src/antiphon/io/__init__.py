"""Files to scores and scores to files.

`load` chooses the format by what the file begins with, then by its suffix; `save` by the suffix.
"""

from __future__ import annotations

import os
from pathlib import Path

from antiphon.errors import FormatError
from antiphon.files import atomic_write
from antiphon.io import midi
from antiphon.io.formats import FORMATS, Format, by_content, by_suffix, suffixes
from antiphon.io.limits import DEFAULT, Limits
from antiphon.score.score import Score

__all__ = ["FORMATS", "Format", "Limits", "dumps_midi", "formats", "load", "loads_midi", "save", "suffixes"]


def load(path: str | os.PathLike[str], *, limits: Limits = DEFAULT) -> Score:
    """The music in a file; `source` is its path.

    Raises `FormatError` for a file that cannot be opened, is of no known format, damaged, or outside
    `limits`; one that is too large is refused without being read.
    """
    path = Path(path)
    try:
        data, form = _content(path, limits)
        return form.loads(data, limits, str(path))
    except FormatError as error:
        raise FormatError(f"'{path}': {error}") from None
    except OSError as error:
        raise FormatError(f"Cannot read '{path}': {error.strerror or error}. Check the path.") from error


def save(score: Score, path: str | os.PathLike[str]) -> None:
    """Write `score` to `path` in the format of its suffix, whole or not at all. Raises `FormatError`,
    `OutputError`.
    """
    path = Path(path)
    form = by_suffix(path.suffix)
    if form is None:
        raise FormatError(f"No format for '{path}'; its name must end in one of {', '.join(suffixes())}.")
    atomic_write(path, form.dumps(score))


def loads_midi(data: bytes, *, limits: Limits = DEFAULT) -> Score:
    """The music in the bytes of a MIDI file. Raises `FormatError`."""
    return midi.loads(data, limits)


def dumps_midi(score: Score) -> bytes:
    """`score` as the bytes of a format 1 MIDI file. Raises `OutputError` for what MIDI cannot hold."""
    return midi.dumps(score)


def formats() -> tuple[Format, ...]:
    """Every known format."""
    return FORMATS


def _content(path: Path, limits: Limits) -> tuple[bytes, Format]:
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limits.bytes:
            raise FormatError(f"too large ({size >> 20} MiB); at most {limits.bytes >> 20} MiB are read.")
        data = file.read(size) or b""
    form = by_content(data) or by_suffix(path.suffix)
    if form is None:
        raise FormatError(f"no known format; known are {', '.join(suffixes())}.")
    return data, form
