"""Where chord symbols stand, several of which may be written before one note.

MusicXML places a `harmony` at the note that follows, or `offset` from it. Programs for lead sheets write all
chords over a long note before it, without an offset; players share the note out among them, and so does this.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from antiphon.io.musicxml.structure import Place
from antiphon.score.maps import Meter

Length = int | Fraction


class Symbols:
    """The chord symbols of a part, added to `found` as they are read."""

    def __init__(self, found: list[tuple[Place, str]]) -> None:
        self.found = found
        self._together: list[range] = []

    def add(self, texts: Sequence[str], place: Place, *, has_offset: bool) -> None:
        """The symbols of one `harmony`; one that cannot be read has its share all the same."""
        first = len(self.found)
        self.found += [(place, text) for text in texts]
        if not has_offset:
            self._together.append(range(first, len(self.found)))

    def over(self, length: Length, meter: Meter, ticks_per_quarter: int) -> None:
        """What comes next, a note or a gap, lasts `length` ticks: the symbols just added stand over it."""
        if not self._together or not length:
            return
        shifts = shares(len(self._together), length, meter, ticks_per_quarter)
        for rows, shift in zip(self._together, shifts, strict=True):
            for row in rows:
                (measure, time), text = self.found[row]
                self.found[row] = ((measure, time + round(shift)), text)
        self.close()

    def close(self) -> None:
        """What comes next stands elsewhere."""
        self._together = []


def shares(n: int, length: Length, meter: Meter, ticks_per_quarter: int) -> list[Fraction]:
    """When each of `n` chords over a note of `length` ticks begins, in ticks from the note's beginning.

    Each has the same share, rounded up to whole beats: three beats are two and one. Notes with too few beats
    are shared out in halves, quarters ... of them.
    """
    step = Fraction(4 * ticks_per_quarter, meter.denominator)
    if meter.numerator % 3 == 0 and meter.numerator > 3 and n * 3 * step <= length:
        step *= 3  # dotted beats
    while n * step > length:
        step /= 2
    return [math.ceil(Fraction(k * length) / n / step) * step for k in range(n)]
