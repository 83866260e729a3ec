"""Beam search and the walk under it, against a search written out entry by entry over an automaton small
enough to read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from antiphon.errors import OptionError
from antiphon.runtime.beam import Beam, search
from antiphon.runtime.philox import Draws, uniform
from antiphon.runtime.sampler import Sampling, choose
from antiphon.runtime.walk import Clock, Walk

V, BAR = 4, 3
OPENING = np.log([0.4, 0.3, 0.2, 0.1])
LOGITS = np.random.default_rng(5).normal(scale=1.5, size=(V, V, BAR, V))


@dataclass
class Memory:
    last: np.ndarray

    def take(self, indices: np.ndarray) -> Memory:
        return Memory(self.last[indices])


@dataclass
class Said:
    log_p: np.ndarray
    state: Memory


class Table:
    """The next event depends on the last two, the step in the bar and the temperature. Counts the rows it is
    asked for.
    """

    def __init__(self) -> None:
        self.rows: list[int] = []

    def start(self, n: int) -> Memory:
        return Memory(np.zeros(n, dtype=np.int64))

    def step(self, events: np.ndarray, position: np.ndarray, temperature: np.ndarray, state: Memory) -> Said:
        self.rows.append(len(events))
        assert (position[:, 1] == BAR).all()
        logits = LOGITS[state.last, events, position[:, 0]] / temperature[:, None]
        return Said(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True), Memory(events))


class Anything:
    def allowed(self) -> None:
        return None

    def hear(self, events: np.ndarray) -> None:
        pass

    def take(self, indices: np.ndarray) -> Anything:
        return self


class NeverTwice:
    """An event may not follow itself."""

    def __init__(self, n: int, last: np.ndarray | None = None) -> None:
        self.last = np.full(n, -1) if last is None else last

    def allowed(self) -> np.ndarray:
        return np.arange(V) != self.last[:, None]

    def hear(self, events: np.ndarray) -> None:
        self.last = events

    def take(self, indices: np.ndarray) -> NeverTwice:
        return NeverTwice(0, self.last[indices])


def walk(n: int, temperature: float = 1.0, table: Table | None = None) -> Walk:
    return Walk(table or Table(), OPENING, n, Clock(1, BAR), temperature, Anything())


def log_p_after(events: list[int], temperature: float) -> np.ndarray:
    """What the table says after `events`, from the definition."""
    if not events:
        return OPENING
    before = events[-2] if len(events) > 1 else 0
    logits = LOGITS[before, events[-1], (1 + len(events) - 1) % BAR] / temperature
    return logits - np.logaddexp.reduce(logits)


def searched_one_by_one(
    output: int, primer: list[int], n_steps: int, seed: int, how: Sampling, beam: Beam
) -> list[int]:
    entries = [(0.0, list[int]())] * beam.size
    length = (n_steps - 1) % beam.steps_per_iteration + 1
    while len(entries[0][1]) < n_steps:
        copies = []
        for number, (score, events) in enumerate(e for e in entries for _ in range(beam.branch_factor)):
            for _ in range(length):
                log_p = log_p_after(primer + events, how.graph_temperature)
                u = uniform(seed, output, len(primer) + len(events), number)
                drawn = int(choose(log_p[None], u[None], how)[0])
                score, events = score + log_p[drawn], [*events, drawn]
            copies.append((score, events))
        entries = sorted(copies, key=lambda entry: -entry[0])[: beam.size]
        length = beam.steps_per_iteration
    return entries[0][1]


@pytest.mark.parametrize(
    "beam", [Beam(), Beam(1, 4), Beam(3, 1), Beam(3, 4), Beam(2, 3, 2), Beam(4, 2, 3), Beam(2, 2, 50)]
)
@pytest.mark.parametrize("how", [Sampling(), Sampling(0.6), Sampling(0), Sampling(1.3, top_k=2)])
def test_equals_the_search_written_out(beam: Beam, how: Sampling) -> None:
    primer, n_steps, outputs = [2, 0, 3], 7, [0, 1, 5]
    rows = walk(len(outputs), how.graph_temperature)
    for event in primer:
        rows.hear(np.full(len(outputs), event))
    found = search(rows, n_steps, Draws(11, outputs, beam.width), how, beam)
    expected = [searched_one_by_one(output, primer, n_steps, 11, how, beam) for output in outputs]
    assert found.tolist() == expected


def test_beams_of_one_draw_what_stepping_draws() -> None:
    rows, draws, events = walk(3), Draws(2, range(3)), []
    for step in range(20):
        events.append(choose(rows.log_p, draws.at(step)[:, 0], Sampling()))
        rows.hear(events[-1])
    assert np.array_equal(search(walk(3), 20, draws, Sampling(), Beam()), np.stack(events, axis=1))


def test_an_output_does_not_depend_on_its_batch() -> None:
    beam = Beam(3, 2, 2)
    together = search(walk(6), 12, Draws(8, range(6), beam.width), Sampling(), beam)
    alone = search(walk(1), 12, Draws(8, [4], beam.width), Sampling(), beam)
    assert np.array_equal(together[4:5], alone)


def test_wide_beams_find_likelier_pieces() -> None:
    def mean_log_p(beam: Beam) -> float:
        pieces = search(walk(40), 9, Draws(1, range(40), beam.width), Sampling(), beam)
        return float(np.mean([sum(log_p_after(list(p[:i]), 1.0)[p[i]] for i in range(9)) for p in pieces]))

    narrow, wide = mean_log_p(Beam()), mean_log_p(Beam(8, 4))
    assert wide > narrow + 3


def test_constraints_hold_in_every_beam() -> None:
    rows = Walk(Table(), OPENING, 5, Clock(0, BAR), 1.0, NeverTwice(5))
    beam = Beam(3, 3, 2)
    events = search(rows, 15, Draws(4, range(5), beam.width), Sampling(), beam)
    assert (events[:, 1:] != events[:, :-1]).all()


def test_the_graph_runs_once_an_entry_and_never_for_the_last_event() -> None:
    table = Table()
    search(walk(2, table=table), 10, Draws(0, range(2), 12), Sampling(), Beam(3, 4))
    assert table.rows == [6] * 9


def test_taking_rows_leaves_the_walk_as_it_was() -> None:
    rows = walk(3)
    rows.hear(np.array([0, 1, 2]))
    other = rows.take(np.array([2, 2, 0, 1]))
    other.hear(np.array([1, 2, 3, 0]))
    assert (len(rows), rows.step, len(other), other.step) == (3, 1, 4, 2)
    assert np.allclose(rows.log_p, [log_p_after([e], 1.0) for e in (0, 1, 2)])
    assert np.allclose(other.log_p, [log_p_after(e, 1.0) for e in ([2, 1], [2, 2], [0, 3], [1, 0])])


@pytest.mark.parametrize("name", ["size", "branch_factor", "steps_per_iteration"])
def test_nothing_below_one(name: str) -> None:
    with pytest.raises(OptionError, match="expected 1 or more"):
        Beam(**{name: 0})
