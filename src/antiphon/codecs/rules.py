"""Rules: which ids may come next. A family's grammar and a person's wishes are the same thing, and any number
of rules hold at once.

A rule is asked for each field of an event in turn, so that what it allows of one may depend on those before:

    state = rule.begin(n)                        n pieces in which nothing has happened
    rule.allowed(state, field)                   bool [n, V of the field], or None for everything
    state = rule.advance(state, field, ids)      int64 [n] was taken for it
    rule.take(state, rows)                       the states of some of the pieces

Most rules need to remember one of a few states only. They are an `Automaton`: tables of what each state
forbids and leads to, which also travel in a bundle, so that any runtime can follow them. Several become one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from antiphon.codecs.alphabet import Alphabet
from antiphon.score.notes import Bool, Int


class Rule(Protocol):
    """See the module. A rule is a value: what it remembers is handed to it."""

    def begin(self, n: int) -> Any:
        """The state of `n` pieces in which nothing has happened."""
        ...

    def allowed(self, state: Any, field: int) -> Bool | None:
        """Which ids of a field may come, bool [B, V]; None where all may. Never written to."""
        ...

    def advance(self, state: Any, field: int, ids: Int) -> Any:
        """The state after `ids` int64 [B] of a field."""
        ...

    def take(self, state: Any, rows: Int) -> Any:
        """The state of the pieces at `rows`."""
        ...


@dataclass(frozen=True, eq=False)
class Automaton:
    """A rule of S states, which are numbers; it begins in state 0. Tables have one entry per field.

    `allows[f]` bool [S, V_f]: which ids may come in a state; `leads[f]` int64 [S, V_f]: the state after one.
    """

    allows: tuple[Bool, ...]
    leads: tuple[Int, ...]

    @property
    def n_states(self) -> int:
        """S."""
        return len(self.allows[0])

    @cached_property
    def _free(self) -> tuple[frozenset[int], ...]:
        """Of each field the states that forbid nothing."""
        return tuple(frozenset(np.flatnonzero(allows.all(axis=1)).tolist()) for allows in self.allows)

    def begin(self, n: int) -> Int:
        """State 0 of every piece, int64 [n]."""
        return np.zeros(n, np.int64)

    def allowed(self, state: Int, field: int) -> Bool | None:
        """Which ids may come, bool [B, V]; None where all may."""
        if self._free[field].issuperset(state.tolist()):
            return None
        return self.allows[field][state]

    def advance(self, state: Int, field: int, ids: Int) -> Int:
        """The next state, int64 [B]."""
        return self.leads[field][state, ids] if len(self.allows[0]) > 1 else state

    def take(self, state: Int, rows: Int) -> Int:
        """The states at `rows`."""
        return state[rows]

    def as_dict(self) -> dict[str, Any]:
        """JSON types, as `docs/playing-contract.md` tells them: of each field and state, the runs of ids that
        are forbidden as [first, last + 1], and those that lead to another state as [first, last + 1,
        state]."""
        return {
            "rule": "automaton",
            "states": self.n_states,
            "fields": [
                {
                    "forbidden": [[[a, b] for a, b, wrong in _runs(~allows) if wrong] for allows in allowed],
                    "leads": [
                        [[a, b, to] for a, b, to in _runs(leads) if to != s] for s, leads in enumerate(led)
                    ],
                }
                for allowed, led in zip(self.allows, self.leads, strict=True)
            ],
        }


def only(*allowed: Bool) -> Automaton:
    """Of each field only the ids `allowed` bool [V_f], always."""
    return Automaton(
        tuple(mask[None] for mask in allowed), tuple(np.zeros((1, len(mask)), np.int64) for mask in allowed)
    )


def first(*allowed: Bool) -> Automaton:
    """Of the first event only the ids `allowed` bool [V_f] of each field; then everything."""
    masks = tuple(np.stack([mask, np.ones_like(mask)]) for mask in allowed)
    stays = [np.stack([np.zeros_like(mask, np.int64), np.ones_like(mask, np.int64)]) for mask in allowed]
    stays[-1][:] = 1
    return Automaton(masks, tuple(stays))


def combined(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Rules that hold exactly when `rules` all do: automata as one, as long as that has few states."""
    automata: list[Automaton] = []
    for rule in (rule for rule in rules if isinstance(rule, Automaton)):
        if automata and automata[-1].n_states * rule.n_states <= MOST_STATES:
            automata[-1] = product(automata[-1], rule)
        else:
            automata.append(rule)
    return (*automata, *(rule for rule in rules if not isinstance(rule, Automaton)))


def product(one: Automaton, other: Automaton) -> Automaton:
    """The automaton that follows two at once: its state is a * S + b, where the other has S states."""
    a, b = np.divmod(np.arange(one.n_states * other.n_states), other.n_states)
    allows = (m[a] & n[b] for m, n in zip(one.allows, other.allows, strict=True))
    leads = (m[a] * other.n_states + n[b] for m, n in zip(one.leads, other.leads, strict=True))
    return Automaton(tuple(allows), tuple(leads))


@dataclass(frozen=True, eq=False)
class Until:
    """No event may take more time than is left until `end`, in steps. For alphabets in which every event has
    a shorter one to stand in for it."""

    alphabet: Alphabet
    end: int

    def begin(self, n: int) -> Int:
        """Steps gone by, none yet, int64 [n]."""
        return np.zeros(n, np.int64)

    def allowed(self, state: Int, field: int) -> Bool | None:
        """Ids that end in time, bool [B, V]."""
        steps = self.alphabet.fields[field].steps
        return steps <= self.end - state[:, None] if steps.any() else None

    def advance(self, state: Int, field: int, ids: Int) -> Int:
        """Steps gone by after `ids`."""
        return state + self.alphabet.fields[field].steps[ids]

    def take(self, state: Int, rows: Int) -> Int:
        """Those of the pieces at `rows`."""
        return state[rows]


MOST_STATES = 256
"""Of automata that are made one."""


def _runs(row: Bool | Int) -> list[tuple[int, int, int]]:
    """Runs of equal values in `row` [V]: first index, last + 1, value."""
    starts = np.flatnonzero(np.diff(row, prepend=row[0] - 1 if row.dtype != np.bool_ else ~row[0]))
    ends = [*starts[1:].tolist(), len(row)]
    return list(zip(starts.tolist(), ends, row[starts].tolist(), strict=True))
