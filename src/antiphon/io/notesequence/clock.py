"""From seconds, in which a NoteSequence gives all its times, back to the ticks of a score."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from antiphon.errors import FormatError
from antiphon.io.limits import Limits
from antiphon.score.maps import DEFAULT_QPM, TempoMap
from antiphon.score.notes import Int

_FARTHEST = 1 << 53  # ticks that a text may stand off


class Clock:
    """Gives every second the tick nearest to it along a tempo map, `tempos`.

    `changes` are (second, quarters a minute); impossible tempos are left out, 120 holds until the first, and
    each begins at the tick nearest to its second. Times lie within `limits.quarters`, except texts'.
    """

    def __init__(self, changes: Iterable[tuple[float, float]], ticks_per_quarter: int, limits: Limits):
        self.resolution, self._quarters = ticks_per_quarter, limits.quarters
        self._last = limits.quarters * ticks_per_quarter
        self._second, self._tick, self._rate = [0.0], [0], [DEFAULT_QPM * ticks_per_quarter / 60]
        possible = [(second, qpm) for second, qpm in changes if qpm > 0 and math.isfinite(qpm)]
        found = [(0, DEFAULT_QPM)]
        for second, qpm in sorted(possible, key=lambda change: change[0]):
            found.append((self._anchor(second, qpm), qpm))
        self.tempos = TempoMap.of(found)
        self._anchors = tuple(np.array(column) for column in (self._second, self._tick, self._rate))
        self._end = self._last_second(self._last)

    def ticks(self, seconds: npt.ArrayLike, *, of_texts: bool = False) -> Int:
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
        ticks: Int = found.astype(np.int64)
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
