"""Rules: any number hold at once, an automaton is its tables, and its plain values."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from antiphon.codecs.alphabet import Alphabet, Field, Span
from antiphon.codecs.rules import Automaton, Rule, Until, combined, first, product
from antiphon.runtime.constraints import Constraints

SIZES = (5, 3)


@st.composite
def automata(draw) -> Automaton:
    n = draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return Automaton(
        tuple(rng.random((n, size)) < 0.7 for size in SIZES),
        tuple(rng.integers(0, n, (n, size)) for size in SIZES),
    )


events = st.lists(st.tuples(*(st.integers(0, size - 1) for size in SIZES)), max_size=12)


def masks(rule: Rule, history: list[tuple[int, ...]]) -> list[list[bool]]:
    """What a rule allows of each field of each event of `history`."""
    state, found = rule.begin(1), []
    for event in history:
        for f, number in enumerate(event):
            allowed = rule.allowed(state, f)
            found.append([True] * SIZES[f] if allowed is None else allowed[0].tolist())
            state = rule.advance(state, f, np.array([number]))
    return found


def both(a: list[list[bool]], b: list[list[bool]]) -> list[list[bool]]:
    return [[x and y for x, y in zip(p, q, strict=True)] for p, q in zip(a, b, strict=True)]


@given(automata(), automata(), events)
def test_the_product_allows_what_both_allow(one: Automaton, other: Automaton, history) -> None:
    assert masks(product(one, other), history) == both(masks(one, history), masks(other, history))


def read(table: dict, history: list[tuple[int, ...]]) -> list[list[bool]]:
    """What a table allows, followed as the page of the playing contract says."""
    state, found = 0, []
    for event in history:
        for f, number in enumerate(event):
            forbidden = table["fields"][f]["forbidden"][state]
            found.append([not any(a <= i < b for a, b in forbidden) for i in range(SIZES[f])])
            leads = table["fields"][f]["leads"][state]
            state = next((to for a, b, to in leads if a <= number < b), state)
    return found


@given(automata(), events)
def test_a_table_says_what_its_automaton_does(rule: Automaton, history) -> None:
    table = json.loads(json.dumps(rule.as_dict()))
    assert table["states"] == rule.n_states
    assert read(table, history) == masks(rule, history)


class Hourly:
    """No automaton: of field 0 only ids of the parity of the events so far."""

    def begin(self, n: int) -> np.ndarray:
        return np.zeros(n, np.int64)

    def allowed(self, state: np.ndarray, field: int) -> np.ndarray | None:
        return None if field else np.arange(5) % 2 == state[:, None] % 2

    def advance(self, state: np.ndarray, field: int, ids: np.ndarray) -> np.ndarray:
        return state + field

    def take(self, state: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return state[rows]


@given(automata(), automata(), events)
def test_constraints_are_all_rules_at_once(one: Automaton, other: Automaton, history) -> None:
    rules = [one, Hourly(), other]
    wanted = both(both(masks(one, history), masks(other, history)), masks(Hourly(), history))
    assert len(combined(rules)) == 2
    together, found = Constraints(rules, 2), []
    for event in history:
        for f, number in enumerate(event):
            allowed = together.allowed(f)
            found.append([True] * SIZES[f] if allowed is None else allowed[1].tolist())
            together.hear(f, np.array([number, number]))
    assert found == wanted


@given(automata(), automata(), events, events)
def test_a_rule_that_is_added_begins_then(one: Automaton, other: Automaton, before, after) -> None:
    together = Constraints([one], 1)
    for event in before:
        for f, number in enumerate(event):
            together.hear(f, np.array([number]))
    together.add(other, 1)
    found = []
    for event in after:
        for f, number in enumerate(event):
            allowed = together.allowed(f)
            found.append([True] * SIZES[f] if allowed is None else allowed[0].tolist())
            together.hear(f, np.array([number]))
    whole = masks(one, [*before, *after])[len(SIZES) * len(before) :]
    assert found == both(whole, masks(other, after))


def test_many_rules_stay_small() -> None:
    """Products of automata grow; past some states they are followed side by side, which allows the same."""
    masked = [first(np.arange(5) != n % 5, np.ones(3, bool)) for n in range(30)]
    together = combined(masked)
    assert 1 < len(together) < 30
    assert max(rule.n_states for rule in together) <= 256
    constraints = Constraints([], 1)
    for rule in masked:
        constraints.add(rule, 1)
    assert not constraints.allowed(0).any()
    for f, number in ((0, 1), (1, 1)):
        constraints.hear(f, np.array([number]))
    assert constraints.allowed(0) is None or constraints.allowed(0).all()


def test_first_is_about_the_first_event_alone() -> None:
    rule = first(np.arange(5) == 3, np.arange(3) == 1)
    found = masks(rule, [(3, 1), (0, 0), (4, 2)])
    assert found[:2] == [[False, False, False, True, False], [False, True, False]]
    assert all(all(mask) for mask in found[2:])


def test_no_event_outlasts_the_end() -> None:
    alphabet = Alphabet(
        (
            Field("note", (Span("pitch", 5),)),
            Field("length", (Span("steps", 3, steps=0, steps_more=2),)),
        )
    )
    rule = Until(alphabet, 5)
    assert masks(rule, [(1, 1), (1, 1), (1, 0)])[1::2] == [
        [True, True, True],
        [True, True, False],
        [True, False, False],
    ]
    exactly = masks(Until(alphabet, 6), [(1, 1), (1, 1), (1, 0)])[1::2]
    assert exactly == [[True, True, True], [True, True, True], [True, True, False]]
    assert rule.allowed(rule.begin(2), 0) is None
    assert rule.take(np.array([1, 5, 3]), np.array([2, 0])).tolist() == [3, 1]
