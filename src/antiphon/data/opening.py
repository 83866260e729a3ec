"""Opening the arrays of a corpus that anybody may have altered: memory-mapped, so that the ids are not read,
and believed only where table, ids and manifest fit each other.

A *sample* of a kind's arrays stands in the manifest: a CRC-32 of at most 16 blocks of 64 KiB of each file,
evenly spaced. Arrays of up to a megabyte are thereby checked whole, in a millisecond whatever their size; all
of a larger one is checked by `antiphon.data.sums`.
"""

from __future__ import annotations

import tokenize
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.arrays import Bool, Int64
from antiphon.data.chunks import Records
from antiphon.errors import CorpusError, one_line

_BLOCK, _BLOCKS = 1 << 16, 16
_PLAIN = (1, 0)
"""Version of the header of arrays like ours."""
_DAMAGE = (
    OSError, ValueError, EOFError, SyntaxError, TypeError, KeyError, OverflowError, RecursionError,
    MemoryError, tokenize.TokenError,
)  # fmt: skip
"""What numpy raises for a damaged header."""
_BOUNDS = {
    "piece": (0, None),
    "group": (0, None),
    "track": (-1, None),
    "program": (-1, 128),  # of several; of percussion
    "numerator": (1, None),
    "denominator": (1, None),
    "steps_per_quarter": (0, 96),
    "steps_per_second": (0, 1000),
    "start_in_bar": (0, 1 << 24),
    "start_step": (0, 1 << 31),
    "length": (0, None),
}
"""The least and the largest value of columns of the table; no piece that is read lasts for so many steps."""


def mapped(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """The array at `path`, memory-mapped; raises `CorpusError` unless it has exactly this type, shape and
    size."""
    try:
        with path.open("rb") as file:
            if np.lib.format.read_magic(file) != _PLAIN:
                raise ValueError("a header of another version")
            found, by_columns, found_dtype = np.lib.format.read_array_header_1_0(file)
            begin, end = file.tell(), file.seek(0, 2)
        fits = (found, by_columns and len(shape) > 1, found_dtype) == (shape, False, dtype)
        if fits and end - begin == dtype.itemsize * int(np.prod(shape, dtype=object)):
            return _memory(path, dtype, shape, begin)
    except _DAMAGE as error:
        raise CorpusError(
            f"'{path}' is missing or damaged ({one_line(error, 200)}); build the corpus again."
        ) from error
    raise CorpusError(
        f"'{path}' does not fit its corpus.json (it was cut short or exchanged); build the corpus again."
    )


def check_table(path: Path, table: Records, n_pieces: int, n_events: int) -> None:
    """Raises `CorpusError` where a row of the `table` at `path` is about none of `n_pieces` or has a value
    that cannot be, or where its sequences are not `n_events` ids one after the other."""
    for name, wrong in _wrong_rows(table, n_pieces, n_events):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise CorpusError(
                f"'{path}' is damaged ({name} {table[name][row]} in row {row}); build the corpus again."
            )


def sample(paths: Sequence[Path]) -> str:
    """The CRC-32 (8 hex digits) of evenly spaced blocks of the files at `paths`, one after the other."""
    state = 0
    for path in paths:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            for place in _places(size):
                file.seek(place)
                state = zlib.crc32(file.read(_BLOCK), state)
    return f"{state:08x}"


def check_sample(paths: Sequence[Path], expected: str) -> None:
    """Raises `CorpusError` where the sample of the files at `paths` is another."""
    try:
        found = sample(paths)
    except OSError as error:
        raise CorpusError(f"'{paths[0].parent}' cannot be read ({error.strerror}).") from error
    if found != expected:
        raise CorpusError(
            f"'{paths[0].parent}' is damaged (its ids or its table were altered since it was built); "
            "build the corpus again."
        )


def _places(size: int) -> list[int]:
    """Where the blocks of a file of `size` bytes begin; all of it where that is little."""
    if size <= _BLOCK * _BLOCKS:
        return list(range(0, size, _BLOCK))
    return [(size - _BLOCK) * number // (_BLOCKS - 1) for number in range(_BLOCKS)]


def _memory(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], begin: int) -> npt.NDArray[Any]:
    if 0 in shape:  # nothing cannot be mapped
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype, "r", begin, shape)


def _wrong_rows(table: Records, n_pieces: int, n_events: int) -> list[tuple[str, Bool]]:
    """By column, which of its rows are wrong."""
    found: list[tuple[str, Bool]] = []
    for name, (least, most) in _BOUNDS.items():
        column = table[name]
        found.append((name, column < least))
        if most is not None:
            found.append((name, column > most))
    ends: Int64 = np.cumsum(table["length"], dtype=np.int64)
    highest = np.maximum.accumulate(table["group"])
    by_beat, by_clock = table["steps_per_quarter"] > 0, table["steps_per_second"] > 0
    found += [
        ("piece", table["piece"] >= n_pieces),
        ("group", np.diff(highest, prepend=np.int32(-1)) > 1),  # numbered by their first appearance
        ("steps_per_quarter", by_beat == by_clock),
        ("offset", table["offset"] != ends - table["length"]),
    ]
    if (int(ends[-1]) if len(ends) else 0) != n_events and len(ends):
        found.append(("length", np.arange(len(ends)) == len(ends) - 1))
    return found
