"""Files of many NoteSequences: the TFRecords that Magenta's tools write and read.

Records are pieces, called '1', '2' ... in their order.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from antiphon.errors import FormatError
from antiphon.io import examples, records
from antiphon.io.format import Index, PieceSpan
from antiphon.io.limits import DEFAULT, Limits
from antiphon.io.notesequence import read as reading
from antiphon.io.notesequence.write import Origin, dumps, to_bytes
from antiphon.score.score import Score

__all__ = ["dumps_record", "index", "loads_record", "read", "write"]


def index(file: BinaryIO) -> Index:
    """The records of an open file, found by their lengths; payloads are not read."""
    found = records.spans(file)
    return Index(tuple(PieceSpan(str(number), *span) for number, span in enumerate(found, 1)))


def loads_record(data: bytes, limits: Limits = DEFAULT, source: str = "") -> Score:
    """The music in one record. Raises `FormatError` for a damaged one, and for what holds no NoteSequence."""
    return _loads(records.unpack(data), limits, source)


def dumps_record(score: Score) -> bytes:
    """`score` as a file of one record."""
    return records.pack(dumps(score))


def read(path: str | os.PathLike[str], *, limits: Limits = DEFAULT) -> Iterator[Score]:
    """The music of a file record by record, the file open meanwhile. Raises `FormatError` that names the
    record.
    """
    for number, payload in enumerate(records.read(Path(path)), 1):
        source = f"{os.fspath(path)}#{number}"
        try:
            yield _loads(payload, limits, source)
        except FormatError as error:
            raise FormatError(f"'{source}': {error}") from None


def write(
    path: str | os.PathLike[str],
    scores: Iterable[Score],
    *,
    origin: Callable[[str], Origin] | None = None,
) -> int:
    """Write a record a score, as they come, the file whole or not at all; how many there were.

    With `origin`, each says where it comes from, which is told of its `source`. Raises `OutputError`.
    """
    if origin is None:
        return records.write(Path(path), map(dumps, scores))
    return records.write(Path(path), (to_bytes(score, origin(score.source)) for score in scores))


def _loads(payload: bytes, limits: Limits, source: str) -> Score:
    try:
        return reading.loads(payload, limits, source)
    except FormatError:
        if examples.is_example(payload):
            raise FormatError(
                "an encoded training example (SequenceExample), not music; `antiphon convert FILE FOLDER` "
                "writes the sequences of such a file as MIDI."
            ) from None
        raise
