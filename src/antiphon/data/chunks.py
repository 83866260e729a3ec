"""A chunk: what came of some pieces, as one `.npz` file, written whole or not at all."""

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

Table = npt.NDArray[np.void]
_DAMAGE = (
    OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, MemoryError,
    zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip
"""What numpy and zipfile raise for bytes that are not as they were written."""


@dataclass(frozen=True)
class Outcome:
    """What became of one piece: why it could not be read (or ''), what was lost of it, by kind and cause,
    and what it says about itself."""

    error: str = ""
    losses: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    about: Mapping[str, Sequence[str]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The piece's title, or ''."""
        return next(iter(self.about.get("title", ())), "")


@dataclass(frozen=True, eq=False)
class Part:
    """The sequences of one kind: flat ids (int16 [N] or [N, F]), a row of `TABLE` each (`piece` is the number
    in the chunk), and fingerprints (`fingerprints.PRINT`)."""

    events: npt.NDArray[np.int16]
    table: Table
    prints: npt.NDArray[np.void]


@dataclass(frozen=True, eq=False)
class Chunk:
    """Parts by kind, and an outcome a piece."""

    parts: Mapping[str, Part]
    outcomes: tuple[Outcome, ...]


def write(path: Path, chunk: Chunk) -> None:
    """Write `chunk` to `path`, whole or not at all."""
    atomic_write(path, packed(chunk))


def packed(chunk: Chunk) -> bytes:
    """The bytes of a chunk's file."""
    outcomes = json.dumps([vars(outcome) for outcome in chunk.outcomes]).encode()
    arrays: dict[str, npt.NDArray[Any]] = {"outcomes": np.frombuffer(outcomes, np.uint8)}
    for kind, part in chunk.parts.items():
        arrays |= {_name(kind, what): getattr(part, what) for what in ("events", "table", "prints")}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # its stub takes names for its own parameters
    return buffer.getvalue()


def is_whole(path: Path) -> bool:
    """Whether a chunk lies at `path` with nothing cut off; what is within is checked when it is read."""
    return zipfile.is_zipfile(path)


class Reader:
    """A chunk's file, opened as a context, of which only what is asked for is read. Raises `CorpusError`
    where it is damaged or gone, and removes it: it will be made again."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        with self._damage_told():
            self._arrays = np.load(self._path, allow_pickle=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._arrays.close()

    def outcomes(self) -> list[Outcome]:
        """An outcome a piece."""
        with self._damage_told():
            return [Outcome(**entry) for entry in json.loads(self._arrays["outcomes"].tobytes())]

    def arrays(self, kind: str, *names: str) -> list[npt.NDArray[Any]]:
        """Arrays of one kind by the names they have in `Part`."""
        with self._damage_told():
            return [self._arrays[_name(kind, name)] for name in names]

    @contextmanager
    def _damage_told(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGE as error:
            self._path.unlink(missing_ok=True)
            raise CorpusError(
                f"'{self._path}' vanished or was damaged during the build; give the same command again."
            ) from error


def _name(kind: str, what: str) -> str:
    return f"{kind}.{what}"
