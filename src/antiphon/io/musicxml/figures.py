"""Note values: lengths as types, dots and tuplets."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

_TYPES = ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th")
_LONGEST = Fraction(8)
_MOST_DOTS = 2
_TUPLETS = ((3, 2), (5, 4), (7, 4), (9, 8))
_MOST_PIECES = 5


class Figure(NamedTuple):
    """A note value; `actual` of them take the time of `normal`, (1, 1) outside of tuplets."""

    type: str
    dots: int = 0
    actual: int = 1
    normal: int = 1


def _simple() -> dict[Fraction, Figure]:
    found: dict[Fraction, Figure] = {}
    for dots in range(_MOST_DOTS + 1):
        longer = 2 - Fraction(1, 2**dots)
        for i, name in enumerate(_TYPES):
            found.setdefault(_LONGEST / 2**i * longer, Figure(name, dots))
    return found


SIMPLE = _simple()
"""Figure of each length (quarters) that needs no tuplet."""
_DESCENDING = sorted(SIMPLE, reverse=True)
_ALL = dict(SIMPLE)
for _actual, _normal in _TUPLETS:
    for _length, _figure in SIMPLE.items():
        if _figure.dots < _MOST_DOTS:
            _ALL.setdefault(_length * _normal / _actual, _figure._replace(actual=_actual, normal=_normal))


@lru_cache(maxsize=1 << 16)
def pieces(length: int, divisions: int) -> tuple[tuple[int, Figure | None], ...]:
    """(length, note value) pairs that tied together last `length`, in `divisions` of a quarter: the longest
    first, five at most; one of no figure where that cannot be.
    """
    fitting = _pieces(Fraction(length, divisions))
    lengths = [quarters * divisions for quarters, _ in fitting]
    if any(part.denominator > 1 for part in lengths):
        return ((length, None),)
    return tuple((int(part), figure) for part, (_, figure) in zip(lengths, fitting, strict=True))


def _pieces(quarters: Fraction) -> tuple[tuple[Fraction, Figure | None], ...]:
    found: list[tuple[Fraction, Figure | None]] = []
    left = quarters
    while left and len(found) < _MOST_PIECES:
        if left in _ALL:
            return (*found, (left, _ALL[left]))
        longest = next((length for length in _DESCENDING if length < left), None)
        if longest is None:
            break
        found.append((longest, SIMPLE[longest]))
        left -= longest
    return ((quarters, None),)
