"""The times of a NoteSequence as ticks: steps of a quantised sequence to seconds, seconds to ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.arrays import Int64
from antiphon.errors import FormatError
from antiphon.io.limits import MOST_TICKS_PER_QUARTER, Limits
from antiphon.io.notesequence.messages import DEFAULT_TICKS_PER_QUARTER
from antiphon.score.maps import DEFAULT_QPM, TempoMap, is_tempo

_FARTHEST = 1 << 53  # ticks within which texts stand


def in_seconds(message: Any) -> Any:
    """`message` with the time of every quantised entry that of its step: a copy, or the same message where it
    is not quantised.
    """
    seconds = _seconds_per_step(message)
    if not seconds:
        return message
    moved = type(message)()
    moved.CopyFrom(message)
    for note in moved.notes:
        note.start_time, note.end_time = (
            note.quantized_start_step * seconds,
            note.quantized_end_step * seconds,
        )
    for entry in (*moved.control_changes, *moved.text_annotations):
        entry.time = entry.quantized_step * seconds
    return moved


def resolution(message: Any) -> int:
    """Ticks per quarter, as the message says; made finer where a step would fall between two ticks."""
    said: int = message.ticks_per_quarter if message.ticks_per_quarter > 0 else DEFAULT_TICKS_PER_QUARTER
    steps = message.quantization_info.steps_per_quarter
    finer = math.lcm(said, steps) if steps > 0 else said
    return finer if finer <= MOST_TICKS_PER_QUARTER else said


def _seconds_per_step(message: Any) -> float:
    """0 where the message is not quantised."""
    grid = message.quantization_info
    if grid.steps_per_second > 0:
        return 1.0 / float(grid.steps_per_second)
    if grid.steps_per_quarter <= 0:
        return 0.0
    first = min(message.tempos, key=lambda tempo: tempo.time, default=None)
    qpm = first.qpm if first is not None and is_tempo(first.qpm) else DEFAULT_QPM
    return 60.0 / float(qpm * grid.steps_per_quarter)


class SecondsToTicks:
    """Seconds to the nearest ticks along a tempo map, `tempos`.

    `changes` are (second, quarters per minute); impossible tempos are left out, 120 holds until the first,
    and each begins at the tick nearest to its second. Times lie within `limits.quarters`, except texts'.
    """

    def __init__(self, changes: Iterable[tuple[float, float]], ticks_per_quarter: int, limits: Limits):
        self.resolution, self._quarters = ticks_per_quarter, limits.quarters
        self._last = limits.quarters * ticks_per_quarter
        self._second, self._tick, self._rate = [0.0], [0], [DEFAULT_QPM * ticks_per_quarter / 60]
        possible = [(second, qpm) for second, qpm in changes if is_tempo(qpm)]
        found = [(0, DEFAULT_QPM)]
        for second, qpm in sorted(possible, key=lambda change: change[0]):
            found.append((self._anchor(second, qpm), qpm))
        self.tempos = TempoMap.of(found)
        self._anchors = tuple(np.array(column) for column in (self._second, self._tick, self._rate))
        self._end = self._last_second(self._last)

    def ticks(self, seconds: npt.ArrayLike, *, of_texts: bool = False) -> Int64:
        """Ticks (int64) of times in seconds; raises `FormatError` for what can be no time of a piece."""
        wanted = np.asarray(seconds, dtype=np.float64)
        if not len(wanted):
            return wanted.astype(np.int64)
        end = self._last_second(_FARTHEST) if of_texts else self._end
        if not (wanted.min() >= 0 and wanted.max() <= end):
            raise self._no_time(wanted[~((wanted >= 0) & (wanted <= end))][0])
        second, tick, rate = self._anchors
        if len(tick) == 1:
            found = np.rint(wanted * rate[0])
        else:
            index = np.searchsorted(second, wanted, side="right") - 1
            found = np.rint(tick[index] + (wanted - second[index]) * rate[index])
        ticks: Int64 = found.astype(np.int64)
        return ticks

    def _anchor(self, second: float, qpm: float) -> int:
        """The tick at which a tempo begins; from there on it holds."""
        if not 0 <= second <= self._last_second(self._last):
            raise self._no_time(second)
        exact = self._tick[-1] + (second - self._second[-1]) * self._rate[-1]
        tick, rate = max(round(exact), self._tick[-1]), qpm * self.resolution / 60
        if tick == self._tick[-1]:
            self._rate[-1] = rate
            return tick
        self._second.append(self._second[-1] + (tick - self._tick[-1]) / self._rate[-1])
        self._tick.append(tick)
        self._rate.append(rate)
        return tick

    def _last_second(self, tick: int) -> float:
        """The second of a tick that lies at the last tempo so far."""
        return self._second[-1] + (tick - self._tick[-1]) / self._rate[-1]

    def _no_time(self, second: float) -> FormatError:
        return FormatError(
            f"a time of {second:g} seconds; expected 0 to {self._quarters} quarter notes. The file is "
            "probably damaged."
        )
