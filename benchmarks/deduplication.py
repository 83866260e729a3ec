"""Time and memory of grouping and deduplication by the number of pieces.

    python benchmarks/deduplication.py 10000 100000 300000

The pieces are synthetic: families of variants of one tune, and a pattern that a tenth of all pieces have.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from typing import Any

import numpy as np

FAMILY = 30
"""Variants of one tune."""
WINDOWS = 120
"""Windows of a tune; a variant has other ones for up to a third of them."""


def made(n: int) -> Any:
    """The fingerprints of `n` pieces, in random order."""
    from antiphon.data.fingerprints import FINGERPRINT

    rng = np.random.default_rng(4)
    family = rng.permutation(n) // FAMILY
    tune = np.random.default_rng([5, 1]).integers(0, 2**32 - 1, (n // FAMILY + 1, WINDOWS), np.uint32)
    pattern = rng.integers(0, 2**32 - 1, 8, np.uint32)
    found = np.zeros(n, FINGERPRINT)
    for low in range(0, n, 10_000):
        windows = tune[family[low : low + 10_000]]
        other = rng.random(windows.shape) < rng.choice([0.0, 0.02, 0.1, 0.3], (len(windows), 1))
        windows[other] = rng.integers(0, 2**32 - 1, int(other.sum()), np.uint32)
        common = rng.random(len(windows)) < 0.1
        windows[common, :8] = pattern
        found["sketch"][low : low + 10_000] = np.sort(windows, axis=1)[:, : found["sketch"].shape[1]]
    for name in ("exact", "relative", "scaled"):
        found[name] = rng.integers(0, 2**63, n, np.uint64)
    return found


def measure(n: int, answers: Any) -> None:
    from antiphon.data.duplicates import KindLinks, deduplicate
    from antiphon.data.similarity import find_links

    prints, names = made(n), [f"piece {number}" for number in range(n)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.process_time()
    links = find_links(prints)
    linked = time.process_time()
    result = deduplicate(names, [KindLinks(np.arange(n, dtype=np.int32), links)], drop=True)
    ended = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    kept, groups = int(result.duplicates[0].keep.sum()), len(set(result.groups))
    answers.put((linked - started, ended - linked, before, peak, len(links.earlier), kept, groups))


def main() -> None:
    context = multiprocessing.get_context("spawn")
    columns = "pieces", "links, CPU s", "decisions, CPU s", "µs per piece", "MiB before", "peak MiB"
    print("", *columns, "links", "kept", "groups", "", sep=" | ")
    print("|---" * 9 + "|")
    for n in map(int, sys.argv[1:]):
        answers = context.Queue()
        process = context.Process(target=measure, args=(n, answers))
        process.start()
        linking, deciding, before, peak, *counts = answers.get()
        process.join()
        each = 1e6 * (linking + deciding) / n
        numbers = " | ".join(map(str, counts))
        print(
            f"| {n} | {linking:.2f} | {deciding:.2f} | {each:.0f} | {before:.0f} | {peak:.0f} | {numbers} |"
        )


if __name__ == "__main__":
    main()
