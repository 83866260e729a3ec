"""A chunk: the outcomes and sequences of a few pieces in one `.npz` file, written whole or not at all."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from antiphon import plain_json
from antiphon.data.piece_records import is_record
from antiphon.errors import CorpusError
from antiphon.files import atomic_write

TABLE = np.dtype(
    [
        ("piece", "<i4"),
        ("group", "<i4"),
        ("track", "<i2"),
        ("program", "<i2"),
        ("numerator", "<i2"),
        ("denominator", "<i2"),
        ("steps_per_quarter", "<i2"),
        ("steps_per_second", "<i2"),
        ("start_in_bar", "<i4"),
        ("start_step", "<i8"),
        ("offset", "<i8"),
        ("length", "<i4"),
    ]
)
"""Columns of the table of sequences; see `antiphon.data.corpus`."""

Records = npt.NDArray[np.void]
"""Rows of a structured dtype: of `TABLE`, or of `fingerprints.FINGERPRINT`."""
_DAMAGE = (
    OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, MemoryError,
    zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip
"""What numpy and zipfile raise for a damaged file."""
_AGAIN = b"again"
"""The comment of an archive with pieces that the system failed to read."""


@dataclass(frozen=True)
class PieceOutcome:
    """What extraction from one piece came to. The names of the fields are those in the chunk's JSON."""

    error: str = ""
    """Why it could not be read, or ''."""
    losses: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """What was left out or cut, by kind and cause."""
    about: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The metadata in the file itself."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """See `antiphon.data.facts`."""
    sha256: str = ""
    """Of the bytes the piece was read from, in hex; '' where they could not be read."""
    again: bool = False
    """Whether it was the system that failed (a disk, rights, memory), so that the next build tries again."""

    @property
    def title(self) -> str:
        """The piece's title, or ''."""
        return next(iter(self.about.get("title", ())), "")


@dataclass(frozen=True, eq=False)
class ChunkPart:
    """The n sequences of one kind in a chunk. The names of the fields are those of the chunk's arrays."""

    events: npt.NDArray[np.int16]
    """The ids of all sequences, [N] or [N, F]."""
    table: Records
    """A row of `TABLE` per sequence, [n]; `piece` counts within the chunk."""
    prints: Records
    """A row of `fingerprints.FINGERPRINT` per sequence, [n]."""


@dataclass(frozen=True, eq=False)
class Chunk:
    """Parts by kind, and one outcome per piece."""

    parts: Mapping[str, ChunkPart]
    outcomes: tuple[PieceOutcome, ...]


def write(path: Path, chunk: Chunk) -> None:
    """Write `chunk` to `path`, whole or not at all; it can be made again, so nobody waits for the disk."""
    atomic_write(path, to_bytes(chunk), sync=False)


def to_bytes(chunk: Chunk) -> bytes:
    """The bytes of a chunk's file."""
    outcomes = json.dumps([vars(outcome) for outcome in chunk.outcomes]).encode()
    arrays: dict[str, npt.NDArray[Any]] = {"outcomes": np.frombuffer(outcomes, np.uint8)}
    for kind, part in chunk.parts.items():
        arrays |= {_name(kind, what): getattr(part, what) for what in ("events", "table", "prints")}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # its stub takes names for its own parameters
    if any(outcome.again for outcome in chunk.outcomes):
        with zipfile.ZipFile(buffer, "a") as archive:
            archive.comment = _AGAIN
    return buffer.getvalue()


def is_whole(path: Path) -> bool:
    """Whether `path` is a chunk with nothing cut off; its contents are checked when they are read."""
    return zipfile.is_zipfile(path)


def is_final(path: Path) -> bool:
    """Whether `path` is a whole chunk, and nothing in it should be read again."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment != _AGAIN
    except _DAMAGE:
        return False


class ChunkReader:
    """A chunk's file, opened as a context; arrays are read when asked for. Raises `CorpusError` where it is
    damaged or gone, and removes it, so that the next build makes it again."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        with self._raising_corpus_error():
            self._arrays = np.load(self._path, allow_pickle=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._arrays.close()

    def outcomes(self) -> list[PieceOutcome]:
        """One outcome per piece."""
        with self._raising_corpus_error():
            text = self._arrays["outcomes"].tobytes()
            return [_outcome(entry) for entry in plain_json.loads(text, file_names=True)]

    def arrays(self, kind: str, *names: str) -> list[npt.NDArray[Any]]:
        """Arrays of one kind by their names in `ChunkPart`."""
        with self._raising_corpus_error():
            return [self._arrays[_name(kind, name)] for name in names]

    @contextmanager
    def _raising_corpus_error(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            self._path.unlink(missing_ok=True)
            raise CorpusError(
                f"'{self._path}' vanished or was damaged during the build; give the same command again."
            ) from error


def _outcome(entry: Any) -> PieceOutcome:
    """An outcome from its JSON. Raises `ValueError`, `TypeError` for another thing."""
    outcome = PieceOutcome(**entry)
    losses = outcome.losses
    if not (
        isinstance(outcome.error, str)
        and isinstance(outcome.again, bool)
        and is_record({"about": outcome.about, "facts": outcome.facts, "sha256": outcome.sha256})
        and isinstance(losses, dict)
        and all(isinstance(of, dict) and all(type(n) is int for n in of.values()) for of in losses.values())
    ):
        raise ValueError("not what became of a piece")
    return outcome


def _name(kind: str, what: str) -> str:
    return f"{kind}.{what}"
