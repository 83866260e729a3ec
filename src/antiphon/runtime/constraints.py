"""Rules at work: what the rows of a session may play next."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from antiphon.arrays import Bool, Int64
from antiphon.codecs.rules import MOST_STATES, Automaton, Rule, combined, product


class Constraints:
    """B rows that keep to all of `rules`. It changes as it hears; `take` makes one that is independent."""

    __slots__ = ("_rules", "_states")

    def __init__(self, rules: Sequence[Rule], n: int) -> None:
        self._rules = combined(rules)
        self._states: list[Any] = [rule.begin(n) for rule in self._rules]

    def __bool__(self) -> bool:
        return bool(self._rules)

    def allowed(self, field: int) -> Bool | None:
        """Which ids of a field may come next, bool [B, V]; None for all. Not to be written to."""
        mask: Bool | None = None
        for rule, state in zip(self._rules, self._states, strict=True):
            own = rule.allowed(state, field)
            if own is not None:
                mask = own if mask is None else mask & own
        return mask

    def hear(self, field: int, ids: Int64) -> None:
        """`ids` int64 [B] of a field were taken; the fields of an event come in their order."""
        states = zip(self._rules, self._states, strict=True)
        self._states = [rule.advance(state, field, ids) for rule, state in states]

    def add(self, rule: Rule, n: int) -> None:
        """From now on `rule` holds for all `n` rows too, as if nothing had happened before."""
        first = self._rules[0] if self._rules else None
        if (
            isinstance(first, Automaton)
            and isinstance(rule, Automaton)
            and first.n_states * rule.n_states <= MOST_STATES
        ):
            self._rules = (product(first, rule), *self._rules[1:])
            self._states = [self._states[0] * rule.n_states, *self._states[1:]]
        else:
            self._rules, self._states = (*self._rules, rule), [*self._states, rule.begin(n)]

    def take(self, rows: Int64) -> Constraints:
        """The constraints of the rows at `rows`."""
        other = copy.copy(self)
        states = zip(self._rules, self._states, strict=True)
        other._states = [rule.take(state, rows) for rule, state in states]
        return other
