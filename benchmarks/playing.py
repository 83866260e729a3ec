"""One event through player and sampler, batch 1 and 64, in microseconds (median of many)."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from rows import Row

GOALS_MS = {"melody/basic": 0.08, "melody/attention": 0.15}
ORIGINAL_MS = {"melody/basic": 0.51, "melody/attention": 1.02}  # one generated step, loaded, 128 units


def median_ms(step: Callable[[], object], repeats: int = 2000) -> float:
    for _ in range(100):
        step()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        step()
        times.append(time.perf_counter() - started)
    return 1e3 * statistics.median(times)
