"""Stretches of one meter: where a score changes meter, whatever needs bars is read stretch by stretch.

A pick-up bar is told by a first meter shorter than the one after it (1/4, then 3/4): the two are one stretch,
whose bar lines are those of the second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from antiphon.arrays import Int64
from antiphon.score import bars
from antiphon.score.maps import Meter
from antiphon.score.notes import Notes
from antiphon.score.quantized import QuantizedScore


class Stretch(NamedTuple):
    """Steps [`start`, `end`) in `meter`; `bar_line` is the step of one of its bar lines (maybe outside)."""

    start: int
    end: int
    bar_line: int
    meter: Meter
    steps_per_bar: float

    @property
    def has_whole_bars(self) -> bool:
        """Whether a bar is a whole number of steps, as everything counted in bars needs."""
        return self.steps_per_bar >= 1 and self.steps_per_bar.is_integer()


def stretches(score: QuantizedScore, *, pickup: bool = True) -> list[Stretch]:
    """The score's stretches of one meter in order, the last without end; a pick-up bar joins the next.

    With `pickup` False it stays a stretch of its own. A grid of steps per second has no bars and
    raises `TypeError`.
    """
    starts = score.meters.time.tolist()
    ends = [*starts[1:], np.iinfo(np.int64).max]
    meters = map(Meter, score.meters.numerator.tolist(), score.meters.denominator.tolist())
    found = [
        Stretch(s, e, s, m, score.steps_per_bar(m)) for s, e, m in zip(starts, ends, meters, strict=True)
    ]
    if pickup and bars.pickup(score):
        return [found[1]._replace(start=found[0].start), *found[2:]]
    return found


def in_whole_bars(notes: Notes, areas: Sequence[Stretch], losses: Counter[str]) -> tuple[Notes, Int64]:
    """The notes in meters whose bars are whole numbers of steps, and the number of each one's stretch.

    The other stretches are counted in `losses`.
    """
    stretch: Int64 = np.searchsorted([area.start for area in areas], notes.start, side="right") - 1
    whole = np.array([area.has_whole_bars for area in areas])
    if whole.all():
        return notes, stretch
    for i in np.unique(stretch[~whole[stretch]]).tolist():
        losses[f"a bar is not a whole number of steps ({areas[i].meter})"] += 1
    kept = whole[stretch]
    return notes[kept], stretch[kept]
