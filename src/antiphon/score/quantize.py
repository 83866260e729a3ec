"""Scores onto a grid: ticks to integer steps, exact halves upwards.

On a `PerQuarter` grid steps follow the ticks, so tempo changes bend nothing. Magenta rounds seconds held as
floating-point numbers instead (`quantize_note_sequence`, which refuses tempo changes); the two differ on
exact half steps only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from antiphon.errors import OptionError
from antiphon.score import retime
from antiphon.score.notes import Float, Int
from antiphon.score.quantized import Grid, PerQuarter, QuantizedScore
from antiphon.score.score import Score


def quantize(score: Score, grid: Grid, *, round_like: str = "ticks") -> QuantizedScore:
    """`score` in steps of `grid`, notes in their order, each at least one step long, their unrounded onsets
    beside them.

    `round_like="seconds"` rounds on a `PerQuarter` grid as Magenta does, seconds at the first tempo.
    Controls, bends, lyrics and markers are left behind. Raises `OptionError` for a grid of less than one
    step.
    """
    if grid.steps < 1:
        raise OptionError(
            f"A grid of {grid.steps} steps; expected 1 or more. Sixteenth notes are 4 steps per quarter."
        )
    unrounded = _unrounded(score, grid, round_like)
    steps = _steps(score, grid, round_like)
    start, end = steps(score.notes.start), steps(score.notes.end)
    end = np.maximum(end, start + 1)
    return QuantizedScore(
        notes=score.notes.replace(start=start, end=end),
        grid=grid,
        total_steps=int(end.max()) if len(end) else 0,
        tempos=retime.tempos(score.tempos, steps),
        meters=retime.meters(score.meters, steps),
        keys=retime.keys(score.keys, steps),
        chords=retime.marks(score.chords, steps),
        track_names=score.track_names,
        title=score.title,
        source=score.source,
        onsets=unrounded(score.notes.start),
    )


def _steps(score: Score, grid: Grid, round_like: str) -> retime.Clock:
    """The function from ticks to steps."""
    resolution = score.ticks_per_quarter
    if isinstance(grid, PerQuarter) and round_like == "ticks":
        return lambda ticks: (2 * grid.steps * ticks + resolution) // (2 * resolution)
    unrounded = _unrounded(score, grid, round_like)
    return lambda ticks: np.floor(unrounded(ticks) + 0.5).astype(np.int64)


def _unrounded(score: Score, grid: Grid, round_like: str) -> Callable[[Int], Float]:
    """The function from ticks to steps and parts of them."""
    resolution = score.ticks_per_quarter
    if isinstance(grid, PerQuarter) and round_like == "ticks":
        return lambda ticks: grid.steps * ticks / resolution
    rate = float(grid.steps)
    if isinstance(grid, PerQuarter):
        rate = grid.steps * float(score.tempos.qpm[0]) / 60.0
    return lambda ticks: score.tempos.seconds(ticks, resolution) * rate
