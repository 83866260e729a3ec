"""One event through player and sampler, batch 1, as the stream plays it: median of many."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator

import numpy as np
from rows import Row

from antiphon import generate
from antiphon.runtime import bundle

GOALS_MS = {"melody/basic": 0.08, "melody/attention": 0.15}
ORIGINAL_MS = {"melody/basic": 0.51, "melody/attention": 1.02}  # one generated step, loaded, 128 units


def measure(events: int = 2000) -> list[Row]:
    shipped = {bundle.Bundle.open(path).recipe.name for path in bundle.shipped()}
    rows = []
    for name, goal in GOALS_MS.items():
        if name in shipped:
            ms = 1e3 * statistics.median(event_seconds(iter(generate.load(name).stream(seed=1)), events))
            beside = f"{ORIGINAL_MS[name] / ms:.1f} x faster than the original's {ORIGINAL_MS[name]} ms"
            rows.append(Row(f"one event of {name}", ms, "ms", goal, beside=beside))
    return rows


def event_seconds(stream: Iterator[object], n: int) -> np.ndarray:
    """Seconds of each of `n` events, after 200 to warm up."""
    next(itertools.islice(stream, 200, 200), None)
    times = np.empty(n + 1)
    for k in range(n + 1):
        times[k] = time.perf_counter()
        next(stream)
    return np.diff(times)


if __name__ == "__main__":
    print(*(row.markdown() for row in measure()), sep="\n")
