"""A grid of beats and bars for music that was recorded without one."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from antiphon.errors import OptionError
from antiphon.score import retime
from antiphon.score.infer import downbeats, pulse
from antiphon.score.maps import MeterMap, TempoMap
from antiphon.score.notes import Float, Int
from antiphon.score.score import Score

_AT_ONCE_S = 0.01
"""A first beat so near to 0 seconds is there."""


class Grid(NamedTuple):
    """Beats and bars of a piece."""

    beats: Float
    """Times of the beats in seconds, float64 [B], rising."""
    bars: downbeats.BarGrouping


def find_grid(score: Score) -> Grid:
    """The beats and bars that a listener would hear in `score`, whatever its tempo and meter maps say.

    Raises `EmptyError` for a score without notes, `OptionError` for one of more than an hour.
    """
    found = pulse.onsets(score)
    beats = _from_zero(pulse.beats(found))
    to = _clock(score, beats, np.arange(len(beats)) * 1000)
    notes = score.notes.replace(start=to(score.notes.start), end=to(score.notes.end))
    return Grid(beats, downbeats.group(downbeats.accents(beats, found, notes)))


def infer_grid(score: Score, grid: Grid | None = None, ticks_per_quarter: int = 480) -> Score:
    """`score` with the same music in seconds on a grid that follows its beats, one quarter each.

    Its tempo map has an entry a beat, so every note keeps its seconds to the tick; its meter has as many
    quarters as the bars of `grid` (that of `find_grid` if not given), after a pick-up where the music begins
    within a bar. Raises what `find_grid` raises, and `OptionError` for fewer than two beats.
    """
    grid = grid or find_grid(score)
    if len(grid.beats) < 2 or grid.beats[0] < 0 or not (np.diff(grid.beats) > 0).all():
        raise OptionError("A grid needs two beats or more, rising, from 0 seconds on.")
    seconds, ticks = _anchors(grid.beats, ticks_per_quarter)
    qpm = 60.0 * np.diff(ticks) / ticks_per_quarter / np.diff(seconds)
    moved = retime.retimed(score, _clock(score, seconds, ticks))
    return moved.replace(
        ticks_per_quarter=ticks_per_quarter,
        tempos=TempoMap.of(zip(ticks[:-1].tolist(), qpm.tolist(), strict=True)),
        meters=_meters(int(ticks[-len(grid.beats)]), grid.bars, ticks_per_quarter),
    )


def _from_zero(beats: Float) -> Float:
    """`beats` without those before 0 seconds, two of them at least."""
    kept = beats[beats >= 0.0]
    return kept if len(kept) > 1 else np.append(kept, beats[-1] + beats[-1] - beats[-2])


def _anchors(beats: Float, ticks_per_quarter: int) -> tuple[Float, Int]:
    """Seconds and ticks of time 0 and of all beats; what lies before the first beat is whole sixteenths."""
    ticks = np.arange(len(beats)) * ticks_per_quarter
    if beats[0] < _AT_ONCE_S:
        return np.append(0.0, beats[1:]), ticks
    sixteenths = max(1, round(4 * beats[0] / (beats[1] - beats[0])))
    lead = sixteenths * ticks_per_quarter // 4
    return np.append(0.0, beats), np.append(0, ticks + lead)


def _clock(score: Score, seconds: Float, ticks: Int) -> retime.Clock:
    """From ticks of `score` to those that stand at the same seconds, the last pace kept to the end."""
    slope = (ticks[-1] - ticks[-2]) / (seconds[-1] - seconds[-2])

    def to(time: Int) -> Int:
        now = score.tempos.seconds(time, score.ticks_per_quarter)
        beyond = np.maximum(now - seconds[-1], 0.0) * slope
        rounded: Int = np.floor(np.interp(now, seconds, ticks) + beyond + 0.5).astype(np.int64)
        return rounded

    return to


def _meters(first_beat: int, bars: downbeats.BarGrouping, ticks_per_quarter: int) -> MeterMap:
    """Bars of quarters, after a pick-up that the first downbeat leaves."""
    pickup = (first_beat + bars.first * ticks_per_quarter) % (bars.beats * ticks_per_quarter)
    if not pickup:
        return MeterMap.of([(0, bars.beats, 4)])
    divisor = math.gcd(pickup, ticks_per_quarter)
    return MeterMap.of([(0, pickup // divisor, 4 * ticks_per_quarter // divisor), (pickup, bars.beats, 4)])
