"""Histograms: many numbers as a panel of few bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from antiphon.render.charts import Panel

_BARS = 30
_TAIL = 99.0
"""Percent of the values that decide how far the axis goes; what lies beyond stands in the last bar."""
_MANY = 200
"""Of fewer values all decide."""
_NICE = (1.0, 2.0, 5.0)


def histogram(title: str, values: Sequence[float] | npt.NDArray[np.float64], x_label: str) -> Panel:
    """How many of `values` (0 or above) lie in each of at most `_BARS` + 1 equal ranges; a range's place is
    its lower bound, a round number."""
    numbers = np.asarray(values, np.float64)
    if not len(numbers):
        return Panel(title, [], [], x_label=x_label)
    share = _TAIL if len(numbers) >= _MANY else 100.0
    low, high = float(numbers.min()), float(np.percentile(numbers, share))
    width = _width((high - low) / _BARS)
    first = np.floor(low / width)
    places = np.minimum((numbers // width - first).astype(np.int64), max(int(high // width - first), 0))
    counts = np.bincount(places)
    bounds = (first + np.arange(len(counts))) * width
    beyond = " (the highest 1% in the last bar)" if numbers.max() >= (first + len(counts)) * width else ""
    return Panel(title, counts.tolist(), bounds.tolist(), x_label=x_label + beyond)


def _width(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20 ... that is at least `least`."""
    if least <= 1:
        return 1.0
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(power * nice for nice in (*_NICE, 10.0) if power * nice >= least))
