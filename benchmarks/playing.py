"""One event through session, rules and sampler, batch 1, as the stream plays it, beside the bare graph; and
forks of a large memory."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from rows import Row

from antiphon import generate
from antiphon.generate.model import Model
from antiphon.runtime import bundle
from antiphon.runtime.state import Buffer, PlayingState

BUNDLES = ("melody/basic", "melody/attention", "drums/drum-kit")
ORIGINAL_MS = {"melody/basic": 0.51, "melody/attention": 1.02, "drums/drum-kit": 1.84}
"""One generated step, loaded; the melodies' of nets with 128 units."""
BEYOND, RATIO = 0.030, 1.7
"""What an event may take: so many milliseconds beyond the graph alone, or so many times as long."""
MEMORY = (4, 2, 512, 256)
"""Keys and values of a transformer of 4 layers, 512 events and 256 numbers, of one row: 4.2 MB."""


def measure(events: int = 2000) -> list[Row]:
    shipped = {bundle.shown_name(path) for path in bundle.shipped()}
    return [row for name in BUNDLES if name in shipped for row in event_rows(name, events)] + [fork_row()]


def event_rows(name: str, events: int) -> list[Row]:
    model = generate.load(name)
    stream = iter(model.stream(seed=1))
    bare = bare_graph(model)
    own, alone = [], []
    for _ in range(5):  # in turns, since these machines drift
        own.append(median_ms(lambda: next(stream), events // 5))
        alone.append(median_ms(bare, events // 5))
    ms, graph = statistics.median(own), statistics.median(alone)
    original = ORIGINAL_MS[name]
    beside = f"graph alone {graph:.3f}; {original / ms:.1f} x faster than the original's {original} ms"
    return [Row(f"one event of {name}", ms, "ms", max(RATIO * graph, graph + BEYOND), beside=beside)]


def bare_graph(model: Model) -> Callable[[], object]:
    """One run of the graph, nothing around it."""
    player, index = model.player, model.bundle.graphs["step"]
    session = player._step.session  # the same one that the stream plays
    alphabet = model.bundle.alphabet
    given = {
        "event": np.zeros((1, alphabet.n_fields), np.int64),
        "position": np.array([[0, 16]]),
        "temperature": np.ones(1, np.float32),
        **player.start(1).tensors,
    }
    feeds = {tensor: given[tensor] for tensor in index.inputs}
    return lambda: session.run(None, feeds)


def median_ms(act: Callable[[], object], n: int, warm: int = 60) -> float:
    """Milliseconds that `act` takes, the median of `n` times, after some to warm up."""
    for _ in range(warm):
        act()
    times = np.empty(n + 1)
    for k in range(n + 1):
        times[k] = time.perf_counter()
        act()
    return 1e3 * statistics.median(np.diff(times))


def fork_row() -> Row:
    """A memory of 4.2 MB forked to 32 rows, and what copying it 32 times would cost."""
    memory = np.zeros((1, *MEMORY), np.float32)
    state = PlayingState.of({}, {"memory": Buffer(memory)})
    rows = np.zeros(32, np.int64)
    forked, copied = median_ms(lambda: state.take(rows), 200), median_ms(lambda: memory[rows], 20, warm=2)
    return Row("a ring of 4.2 MB forked to 32 rows", forked, "ms", 1.0, beside=f"copied: {copied:.0f} ms")


if __name__ == "__main__":
    print(*(row.markdown() for row in measure()), sep="\n")
