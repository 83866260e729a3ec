"""Chord symbols as numbers: what a model that is told the chords sees of them.

Three encodings of Magenta's: the major/minor one (25 classes), the triad one (49), and the one of root,
pitches and bass (37 numbers). The classes of the first two are 0 for no chord, then twelve roots from C up a
quality. Extensions and basses are not in them; a symbol whose triad is none of theirs has no class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError, one_line
from antiphon.score.chords import NO_CHORD, ChordError, parse, symbol_of
from antiphon.score.chords.grammar import Quality
from antiphon.score.chords.spelling import PLAIN_NAMES
from antiphon.score.notes import Int

Features = npt.NDArray[np.float32]

_KINDS: dict[Quality, str] = {"major": "", "minor": "m", "augmented": "aug", "diminished": "dim"}


class ChordEncoding(Protocol):
    """What every encoding of chords can do."""

    @property
    def width(self) -> int:
        """How many numbers a chord becomes."""
        ...

    def features(self, symbols: Sequence[str]) -> Features:
        """One row per symbol, float32 [N, width]; raises `ChordError` naming the symbol that has no code."""
        ...


@dataclass(frozen=True)
class ChordClasses:
    """One class per root and quality, and class 0 for no chord."""

    name: str
    qualities: tuple[Quality, ...]

    @property
    def width(self) -> int:
        """Number of classes."""
        return 1 + 12 * len(self.qualities)

    def encode(self, symbols: Sequence[str]) -> Int:
        """Classes (int64 [N]) of `symbols`; raises `ChordError` naming the first that has none."""
        classes: Int = _by_symbol(symbols, lambda symbol: _class(symbol, self.qualities, self.name), np.int64)
        return classes

    def decode(self, classes: Iterable[int]) -> list[str]:
        """A symbol for each class; raises `InputError` for a number that is none."""
        return [self._symbol(int(number)) for number in classes]

    def features(self, symbols: Sequence[str]) -> Features:
        """One-hot rows, float32 [N, width]."""
        rows: Features = np.eye(self.width, dtype=np.float32)[self.encode(symbols)]
        return rows

    def _symbol(self, number: int) -> str:
        if not 0 <= number < self.width:
            raise InputError(f"{number} is no class of {self.name} chords; expected 0 to {self.width - 1}.")
        if not number:
            return NO_CHORD
        return PLAIN_NAMES[(number - 1) % 12] + _KINDS[self.qualities[(number - 1) // 12]]


@dataclass(frozen=True)
class ChordPitches:
    """37 numbers: no chord; 12 for the root; 12 for the pitch classes that sound; 12 for the bass."""

    name: str = "pitch"
    width: int = 37

    def features(self, symbols: Sequence[str]) -> Features:
        """Rows of zeros and ones, float32 [N, 37]; raises `ChordError` for what is no chord symbol."""
        rows: Features = _by_symbol(symbols, _pitches, np.float32, self.width)
        return rows

    def decode(self, features: npt.ArrayLike) -> list[str]:
        """The canonical symbol of each row; raises `InputError` for a row that is no chord."""
        rows = np.asarray(features, dtype=np.float64).reshape(-1, self.width)
        return [_symbol_of(row > 0.5) for row in rows]


def _by_symbol(symbols: Sequence[str], code: Callable[[str], Any], dtype: Any, *shape: int) -> Any:
    """The codes of `symbols`; each different symbol is looked at once."""
    number = {symbol: index for index, symbol in enumerate(dict.fromkeys(symbols))}
    table = np.array([code(symbol) for symbol in number], dtype=dtype).reshape(-1, *shape)
    rows = np.fromiter((number[symbol] for symbol in symbols), dtype=np.int64, count=len(symbols))
    return table[rows]


@lru_cache(maxsize=4096)
def _class(symbol: str, qualities: tuple[Quality, ...], encoding: str) -> int:
    chord = parse(symbol)
    if chord.root is None:
        return 0
    if chord.quality not in qualities:
        raise ChordError(
            f"The chord '{one_line(symbol)}' has no class among {encoding} chords; expected its triad to be"
            f" {' or '.join(qualities)}."
        )
    return 1 + 12 * qualities.index(chord.quality) + chord.root


@lru_cache(maxsize=4096)
def _pitches(symbol: str) -> tuple[float, ...]:
    chord = parse(symbol)
    row = [0.0] * 37
    if chord.root is None or chord.bass is None:
        row[0] = 1.0
        return tuple(row)
    for place in (1 + chord.root, *(13 + pitch for pitch in chord.pitches), 25 + chord.bass):
        row[place] = 1.0
    return tuple(row)


def _symbol_of(row: npt.NDArray[np.bool_]) -> str:
    roots, basses = np.flatnonzero(row[1:13]), np.flatnonzero(row[25:])
    if row[0] and not row[1:].any():
        return NO_CHORD
    if row[0] or len(roots) != 1 or len(basses) != 1:
        raise InputError(
            "A row of 37 numbers is no chord; expected one root and one bass, or the first alone."
        )
    return symbol_of(int(roots[0]), int(row[13:25] @ (1 << np.arange(12))), int(basses[0]))


MAJOR_MINOR = ChordClasses("major/minor", ("major", "minor"))
TRIAD = ChordClasses("triad", ("major", "minor", "augmented", "diminished"))
PITCH = ChordPitches()
