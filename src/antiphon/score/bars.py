"""Bar lines along a meter map, and pick-up bars.

Times are ticks for a `Score`, steps for a `QuantizedScore` on a `PerQuarter` grid. A meter change starts a
new bar.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from antiphon.arrays import Int64
from antiphon.errors import OptionError
from antiphon.score.maps import Meter
from antiphon.score.quantized import PerQuarter, QuantizedScore
from antiphon.score.score import Score


def resolution(music: Score | QuantizedScore) -> int:
    """Ticks or steps in a quarter. Raises `OptionError` for a grid of steps per second, which has no
    quarters.
    """
    if isinstance(music, Score):
        return music.ticks_per_quarter
    if not isinstance(music.grid, PerQuarter):
        raise OptionError("A grid of steps per second has no bars; quantise to steps per quarter instead.")
    return music.grid.steps


def end_of(music: Score | QuantizedScore) -> int:
    """Where the music ends: the end of its last note, or a quantised score's length."""
    return music.end if isinstance(music, Score) else music.total_steps


def bar_lines(music: Score | QuantizedScore) -> Int64:
    """Time at which each bar begins, int64 [n_bars]; the first is 0, the last lies before the end of the
    music, even where a meter is said after it.

    A bar line that falls between two ticks is rounded to the nearest, halves upwards.
    """
    per_quarter = resolution(music)
    return np.concatenate([_lines(*segment, per_quarter) for segment in _segments(music)])


def most_bars(music: Score | QuantizedScore) -> int:
    """How many bars `bar_lines` finds, or a few more, without finding them: for music that may have more than
    fit into memory.
    """
    per_quarter = resolution(music)
    return sum(_n_bars(*segment, per_quarter) for segment in _segments(music))


def closing_bar_line(music: Score | QuantizedScore) -> int:
    """The bar line at which the music's last bar ends; 0 for music without an end of its own."""
    end = end_of(music)
    if not end:
        return 0
    last = int(bar_lines(music)[-1])
    whole = max(last + round(music.meters.at(last).quarters * resolution(music)), end)
    following: list[int] = music.meters.time[music.meters.time > last].tolist()
    return min([whole, *following])


def pickup(music: Score | QuantizedScore) -> int:
    """Length of the pick-up bar before the first whole bar; 0 where there is none.

    A file says that there is one by a first meter (or the unsaid 4/4) that lasts no more than one bar of its
    own and less than a bar of the next meter: 1/4 before 3/4.
    """
    if len(music.meters) < 2:
        return 0
    length = int(music.meters.time[1])
    first, second = (
        music.meters.at(int(time)).quarters * resolution(music) for time in music.meters.time[:2]
    )
    return length if length <= first and length < second else 0


def meter_of(length: Fraction) -> Meter:
    """The meter in lowest terms whose bar is `length` quarters: that of a pick-up, or of a bar cut short.

    Where no meter has that length (a third of a beat), the shortest in 64ths that is longer: an entry of it,
    followed by the next meter after `length`, makes a bar of the right length.
    """
    whole = length / 4
    if whole.denominator & (whole.denominator - 1):
        whole = Fraction(math.ceil(whole * 64), 64)
    return Meter(whole.numerator, whole.denominator)


def _segments(music: Score | QuantizedScore) -> list[tuple[int, int, int, int]]:
    """(start, stop, numerator, denominator) of each meter before the end."""
    meters, end = music.meters, max(end_of(music), 1)
    stops = np.minimum(np.append(meters.time[1:], end), end)
    columns = (meters.time.tolist(), stops.tolist(), meters.numerator.tolist(), meters.denominator.tolist())
    return [segment for segment in zip(*columns, strict=True) if segment[0] < end]


def _n_bars(start: int, stop: int, numerator: int, denominator: int, per_quarter: int) -> int:
    return -((start - stop) * denominator // (4 * numerator * per_quarter))


def _lines(start: int, stop: int, numerator: int, denominator: int, per_quarter: int) -> Int64:
    """Bar lines of one meter from `start` to before `stop`, in whole numbers: a bar is 4 x numerator /
    denominator.
    """
    n_bars = _n_bars(start, stop, numerator, denominator, per_quarter)
    bars = np.arange(n_bars, dtype=np.int64) * (8 * numerator * per_quarter)
    lines = start + (bars + denominator) // (2 * denominator)
    return lines[lines < stop]
