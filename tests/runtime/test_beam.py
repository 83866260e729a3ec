"""Beam search and the session under it, against a search written out entry by entry over an automaton small
enough to read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from antiphon.codecs.alphabet import Span, single
from antiphon.codecs.rules import Rule
from antiphon.codecs.timing import Bars
from antiphon.errors import OptionError
from antiphon.runtime.beam import search
from antiphon.runtime.graph import StepInput, StepOutput
from antiphon.runtime.philox import Draws, uniform
from antiphon.runtime.sampler import sample
from antiphon.runtime.sampling_options import Beam, Sampling
from antiphon.runtime.session import Session, log_opening

V, BAR = 4, 3
ALPHABET = single(Span("note", V, steps=1, onset=True))
OPENING = np.array([0.4, 0.3, 0.2, 0.1])
LOGITS = np.random.default_rng(5).normal(scale=1.5, size=(V, V, BAR, V))


@dataclass
class Memory:
    last: np.ndarray

    def take(self, indices: np.ndarray) -> Memory:
        return Memory(self.last[indices])


class Table:
    """The next event depends on the last two, the step in the bar and the temperature. Counts the rows it is
    asked for.
    """

    alphabet, wants, n_uniform, can_prefill = ALPHABET, frozenset({"position"}), 0, False

    def __init__(self) -> None:
        self.rows: list[int] = []

    def start(self, n: int) -> Memory:
        return Memory(np.zeros(n, dtype=np.int64))

    def step(self, heard: StepInput, state: Memory, *, keep: bool = True) -> StepOutput:
        events = heard.event[:, 0]
        self.rows.append(len(events))
        assert (heard.position[:, 1] == BAR).all()
        logits = LOGITS[state.last, events, heard.position[:, 0]] / heard.temperature[:, None]
        return StepOutput(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True), Memory(events))

    def prefill(self, heard: StepInput, state: Memory, *, keep: bool = True) -> StepOutput:
        raise AssertionError("it said that it cannot")


class NeverTwice:
    """An event may not follow itself."""

    def begin(self, n: int) -> np.ndarray:
        return np.full(n, -1)

    def allowed(self, state: np.ndarray, field: int) -> np.ndarray:
        return np.arange(V) != state[:, None]

    def advance(self, state: np.ndarray, field: int, ids: np.ndarray) -> np.ndarray:
        return ids

    def take(self, state: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return state[rows]


def session(n: int, how: Sampling = Sampling(), table: Any = None, rules: Sequence[Rule] = ()) -> Session:
    return Session(table or Table(), OPENING, Bars.of(1, BAR), n, rules=rules, sampling=how)


def log_p_after(events: list[int], temperature: float) -> np.ndarray:
    """What the table says after `events`, from the definition."""
    if not events:
        return log_opening(OPENING, ALPHABET)
    before = events[-2] if len(events) > 1 else 0
    logits = LOGITS[before, events[-1], (1 + len(events) - 1) % BAR] / np.float32(temperature)
    return logits - np.logaddexp.reduce(logits)


def searched_one_by_one(
    output: int, primer: list[int], n_steps: int, seed: int, how: Sampling, beam: Beam
) -> list[int]:
    entries = [(0.0, list[int]())] * beam.beam_size
    length = (n_steps - 1) % beam.steps_per_iteration + 1
    while len(entries[0][1]) < n_steps:
        copies = []
        for number, (score, events) in enumerate(e for e in entries for _ in range(beam.branch_factor)):
            for _ in range(length):
                log_p = log_p_after(primer + events, how.temperature or 1.0)
                u = uniform(seed, output, len(primer) + len(events), number)
                drawn = int(sample(log_p[None], u[None], how)[0])
                score, events = score + log_p[drawn], [*events, drawn]
            copies.append((score, events))
        entries = sorted(copies, key=lambda entry: -entry[0])[: beam.beam_size]
        length = beam.steps_per_iteration
    return entries[0][1]


@pytest.mark.parametrize(
    "beam", [Beam(), Beam(1, 4), Beam(3, 1), Beam(3, 4), Beam(2, 3, 2), Beam(4, 2, 3), Beam(2, 2, 50)]
)
@pytest.mark.parametrize("how", [Sampling(), Sampling(0.6), Sampling(0), Sampling(1.3, top_k=2)])
def test_equals_the_search_written_out(beam: Beam, how: Sampling) -> None:
    primer, n_steps, outputs = [2, 0, 3], 7, [0, 1, 5]
    rows = session(len(outputs), how)
    for event in primer:
        rows.hear(np.full((len(outputs), 1), event))
    found = search(rows, len(primer) + n_steps, Draws(11, outputs, beam.width), beam)
    expected = [searched_one_by_one(output, primer, n_steps, 11, how, beam) for output in outputs]
    assert found[..., 0].tolist() == expected


def test_beams_of_one_draw_what_stepping_draws() -> None:
    rows = Session(Table(), OPENING, Bars.of(1, BAR), 3, seed=2)
    events = np.stack([rows.step() for _ in range(20)], axis=1)
    assert np.array_equal(search(session(3), 20, Draws(2, range(3)), Beam()), events)


def test_an_output_does_not_depend_on_its_batch() -> None:
    beam = Beam(3, 2, 2)
    together = search(session(6), 12, Draws(8, range(6), beam.width), beam)
    alone = search(session(1), 12, Draws(8, [4], beam.width), beam)
    assert np.array_equal(together[4:5], alone)


def test_wide_beams_find_likelier_pieces() -> None:
    def mean_log_p(beam: Beam) -> float:
        pieces = search(session(40), 9, Draws(1, range(40), beam.width), beam)[..., 0]
        return float(np.mean([sum(log_p_after(list(p[:i]), 1.0)[p[i]] for i in range(9)) for p in pieces]))

    narrow, wide = mean_log_p(Beam()), mean_log_p(Beam(8, 4))
    assert wide > narrow + 3


def test_rules_hold_in_every_beam() -> None:
    beam = Beam(3, 3, 2)
    events = search(session(5, rules=[NeverTwice()]), 15, Draws(4, range(5), beam.width), beam)
    assert (events[:, 1:] != events[:, :-1]).all()


def test_the_graph_runs_once_an_entry_and_never_for_the_last_event() -> None:
    table = Table()
    search(session(2, table=table), 10, Draws(0, range(2), 12), Beam(3, 4))
    assert table.rows == [6] * 9


def test_taking_rows_leaves_the_session_as_it_was() -> None:
    rows = session(3)
    rows.hear(np.array([[0], [1], [2]]))
    other = rows.fork([2, 2, 0, 1])
    other.hear(np.array([[1], [2], [3], [0]]))
    assert (len(rows), rows.n_events, len(other), other.n_events) == (3, 1, 4, 2)
    assert np.allclose(rows.log_p, [log_p_after([e], 1.0) for e in (0, 1, 2)])
    assert np.allclose(other.log_p, [log_p_after(e, 1.0) for e in ([2, 1], [2, 2], [0, 3], [1, 0])])


def test_music_whose_events_take_unequal_time_is_refused() -> None:
    class Uneven(Table):
        alphabet = single(Span("wait", V, steps=1, steps_more=1, onset=True))

    class Touched(Table):
        alphabet = replace(ALPHABET, values=("touch",))

    for table in (Uneven(), Touched()):
        with pytest.raises(OptionError, match="leave the beam at 1"):
            search(session(1, table=table), 10, Draws(0, [0], 4), Beam(2, 2))


@pytest.mark.parametrize(("end", "n"), [(6, 3), (7, 4), (8, 4)])
def test_the_last_event_may_outlast_the_end(end: int, n: int) -> None:
    class Slow(Table):
        alphabet = single(Span("note", V, steps=2, onset=True))

    assert search(session(1, table=Slow()), end, Draws(0, [0], 4), Beam(2, 2)).shape == (1, n, 1)


@pytest.mark.parametrize("name", ["beam_size", "branch_factor", "steps_per_iteration"])
def test_nothing_below_one(name: str) -> None:
    with pytest.raises(OptionError, match="expected 1 or more"):
        Beam(**{name: 0})
