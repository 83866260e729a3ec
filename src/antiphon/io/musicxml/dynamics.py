"""How loud the notes of a part are: marks hold until the next, hairpins lead from one to another."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from antiphon.score.notes import Float, Int

USUAL = 80.0
"""Velocity before any mark (mf)."""
STRESS = 15
"""How much louder a stressed or accented note is."""
_STEP = 16.0  # from one mark to the next, as from p to mp


class Level(NamedTuple):
    """From `time` (ticks) on, `velocity`."""

    time: int
    velocity: float


class Hairpin(NamedTuple):
    """From `start` to `stop` (ticks) louder (`sign` 1) or softer (-1)."""

    start: int
    stop: int
    sign: int


def velocities(times: Int, levels: Sequence[Level], hairpins: Sequence[Hairpin], near: int) -> Float:
    """Velocity of notes at `times` (int64 [N] ticks), float64 [N].

    A hairpin leads to the mark that stands at its end or up to `near` ticks after it, else one mark up or
    down, where the part then stays.
    """
    marks = sorted([Level(-1, USUAL), *levels], key=lambda level: level.time)
    at = [level.time for level in marks]
    reached: list[Level] = [marks[0]]
    ramps = []
    for hairpin in sorted(hairpins):
        first = bisect_right(at, hairpin.start)
        before = max(marks[first - 1], reached[-1], key=lambda level: level.time).velocity
        if first < len(at) and at[first] <= hairpin.stop + near:
            target = marks[first].velocity
        else:
            target = min(max(before + _STEP * hairpin.sign, 1.0), 127.0)
            reached.append(Level(hairpin.stop, target))
        ramps.append((hairpin, before, target))
    return _sounding(times, sorted([*marks, *reached], key=lambda level: level.time), ramps)


def _sounding(times: Int, marks: Sequence[Level], ramps: Sequence[tuple[Hairpin, float, float]]) -> Float:
    at = np.array([level.time for level in marks])
    value = np.array([level.velocity for level in marks])
    found: Float = value[np.searchsorted(at, times, side="right") - 1]
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    for (start, stop, _), before, target in ramps:
        low, high = np.searchsorted(ordered, (start, stop))
        rows = order[low:high]
        found[rows] = before + (target - before) * (times[rows] - start) / max(stop - start, 1)
    return found
