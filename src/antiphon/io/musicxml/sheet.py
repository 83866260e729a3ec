"""A `Score` laid out in measures, ready to be written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from antiphon.io.musicxml.figures import Figure, pieces
from antiphon.score.bars import bar_lines, closing_bar_line, pickup
from antiphon.score.maps import Key
from antiphon.score.notes import Int, Notes
from antiphon.score.retime import retimed
from antiphon.score.score import Score


@dataclass(frozen=True)
class Sheet:
    """`lines` are the bar lines in ticks, the end of the last bar too; `unit` the ticks in a division;
    `pickup` the ticks of a pick-up measure, 0 for none.
    """

    score: Score
    lines: Int
    unit: int
    pickup: int

    @classmethod
    def of(cls, score: Score) -> Sheet:
        """The sheet of a score; notes without a length get one tick, and ticks are made finer where bar lines
        fall between them.
        """
        notes = score.notes
        score = _finer(score.replace(notes=notes.replace(end=np.maximum(notes.end, notes.start + 1))))
        times = _marked(score)
        lines = _lines(score, times)
        placed = (lines, score.notes.start, score.notes.end, np.array(times, dtype=np.int64))
        unit = math.gcd(score.ticks_per_quarter, *(int(np.gcd.reduce(column)) for column in placed))
        return cls(score, lines, unit, pickup(score))

    def divisions(self, ticks: int) -> str:
        """A length in divisions."""
        return str(ticks // self.unit)

    def pieces(self, ticks: int) -> tuple[tuple[int, Figure | None], ...]:
        """A length as note values, each with its divisions."""
        return pieces(ticks // self.unit, self.score.ticks_per_quarter // self.unit)

    def key_at(self, time: int) -> Key:
        """The key that holds at a time; C major where none is said."""
        return next((change.key for change in reversed(self.score.keys) if change.time <= time), Key(0))


def _finer(score: Score) -> Score:
    meters = zip(score.meters.numerator.tolist(), score.meters.denominator.tolist(), strict=True)
    bars = (
        Fraction(4 * numerator * score.ticks_per_quarter, denominator) for numerator, denominator in meters
    )
    factor = math.lcm(*(bar.denominator for bar in bars))
    if factor == 1:
        return score
    finer = retimed(score, lambda times: times * factor)
    return finer.replace(ticks_per_quarter=score.ticks_per_quarter * factor)


def _marked(score: Score) -> list[int]:
    """Times of whatever is written and is not a note."""
    marks = (*score.chords, *score.lyrics, *score.markers)
    changed = (change.time for change in score.keys)
    return [*(mark.time for mark in marks), *changed, *score.tempos.time.tolist()]


def _lines(score: Score, times: list[int]) -> Int:
    end = max(score.end, *(time + 1 for time in times))
    filled = score.replace(notes=Notes.of([0], [end], [0]))
    return np.append(bar_lines(filled), closing_bar_line(filled))
