"""Numbers as MusicXML writes them, lengths in divisions as ticks, and places in a score."""

from __future__ import annotations

import math
from fractions import Fraction
from xml.etree.ElementTree import Element

from antiphon.io.limits import MOST_TICKS_PER_QUARTER
from antiphon.score.score import DEFAULT_TICKS_PER_QUARTER

_LONGEST = 24  # characters of a number
_ROUNDED = 10_080  # for divisions that share no resolution below that: 2^5 3^2 5 7

Place = tuple[int, int]
"""(measure from 0, ticks after its beginning)."""


def integer(text: str | None) -> int | None:
    """A whole number, or None."""
    value = number(text)
    return round(value) if value is not None else None


def number(text: str | None) -> float | None:
    """A finite number, or None."""
    try:
        value = float(text[:_LONGEST]) if text else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def exact(text: str | None) -> Fraction | None:
    """A decimal number without rounding, or None; powers of ten are no notation of MusicXML."""
    text = (text or "").strip()
    if not text or len(text) > _LONGEST or not set(text) <= set("0123456789.+-"):
        return None
    try:
        return Fraction(text)
    except ValueError:
        return None


def resolution(root: Element) -> int:
    """Ticks per quarter for a score: a multiple of its divisions, and of 480 where that is possible too."""
    found = {value for e in root.iter("divisions") if (value := exact(e.text)) and value > 0}
    whole = [int(value) for value in found if value.denominator == 1]
    shared = math.lcm(*whole)
    for ticks in (math.lcm(shared, DEFAULT_TICKS_PER_QUARTER), shared):
        if ticks <= MOST_TICKS_PER_QUARTER:
            return ticks
    return _ROUNDED


class DivisionsToTicks:
    """Lengths in divisions of a quarter as ticks; how many divisions there are may change along a part."""

    def __init__(self, ticks_per_quarter: int) -> None:
        self.ticks_per_quarter = ticks_per_quarter
        self._scale = Fraction(ticks_per_quarter)
        self._known: dict[str | None, int | Fraction] = {}

    def set(self, divisions: Fraction) -> None:
        """From here on a quarter has so many divisions."""
        self._scale = Fraction(self.ticks_per_quarter) / divisions
        self._known = {}

    def ticks(self, text: str | None) -> int | Fraction | None:
        """A length in ticks, unrounded; None for a text that is no number."""
        found = self._known.get(text)
        if found is None:
            length = exact(text)
            if length is None:
                return None
            found = length * self._scale
            found = found.numerator if found.denominator == 1 else found
            self._known[text] = found
        return found
