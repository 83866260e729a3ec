"""`Walk`: rows that go through a piece together, one event a step; all playing is made of it.

A row is an output or a beam's entry. All rows stand at the same step of the same bar; what they have heard
differs. Hearing is lazy: the graph runs when the next distribution is asked for, so that a row which is
dropped first (a pruned beam, the last event of a piece) costs nothing.
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from antiphon.runtime.sampler import Ids, LogP, Mask


class State(Protocol):
    """What a model remembers, for B rows."""

    def take(self, indices: Ids) -> State:
        """The memories of the rows at `indices` (repeated, dropped, reordered)."""
        ...


class Step(Protocol):
    """What a model says after an event."""

    @property
    def log_p(self) -> npt.NDArray[np.float32]:
        """Log-probability of each next event, float32 [B, V]."""
        ...

    @property
    def state(self) -> Any:
        """What it remembers now."""
        ...


class Automaton(Protocol):
    """The playing contract: what `antiphon.runtime.player.Player` is, or ten lines in a test."""

    def start(self, n: int) -> State:
        """Memories of n rows that have heard nothing."""
        ...

    def step(self, events: Ids, position: Ids, temperature: npt.NDArray[np.float32], state: Any) -> Step:
        """What follows `events` [B] that sounded at `position` [B, 2] (step in the bar, steps per bar)."""
        ...


class Grammar(Protocol):
    """Which events may come next, for B rows, given those heard so far."""

    def allowed(self) -> Mask | None:
        """bool [B, V]; None where everything may."""
        ...

    def hear(self, events: Ids) -> None:
        """Take in what sounded, int64 [B]."""
        ...

    def take(self, indices: Ids) -> Grammar:
        """The grammar of the rows at `indices`."""
        ...


class Clock(NamedTuple):
    """Where the first event stands: its step in the bar, and how many steps a bar has."""

    start_in_bar: int
    steps_per_bar: int


class Walk:
    """B rows on their way. `opening` [V] is the log-distribution of first events."""

    def __init__(
        self,
        player: Automaton,
        opening: LogP,
        n: int,
        clock: Clock,
        temperature: float = 1.0,
        grammar: Grammar | None = None,
    ) -> None:
        self._player, self._clock, self.grammar = player, clock, grammar
        self._state = player.start(n)
        self._log_p: LogP = np.broadcast_to(opening, (n, len(opening)))
        self._unheard: Ids | None = None
        self._shape_for(n, temperature)
        self.step = 0
        """Events heard so far."""

    def _shape_for(self, n: int, temperature: float) -> None:
        self._temperature = np.full(n, temperature, dtype=np.float32)
        self._position = np.full((n, 2), self._clock.steps_per_bar, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._temperature)

    @property
    def log_p(self) -> LogP:
        """Log-probability of each next event, [B, V]."""
        if self._unheard is not None:
            self._position[:, 0] = (self._clock.start_in_bar + self.step - 1) % self._clock.steps_per_bar
            said = self._player.step(self._unheard, self._position, self._temperature, self._state)
            self._state, self._log_p, self._unheard = said.state, said.log_p, None
        return self._log_p

    @property
    def allowed(self) -> Mask | None:
        """Which events the grammar lets come next, bool [B, V]; None for all."""
        return self.grammar.allowed() if self.grammar else None

    def hear(self, events: Ids) -> None:
        """One step on: `events` int64 [B] sounded."""
        _ = self.log_p
        self._unheard = events
        if self.grammar:
            self.grammar.hear(events)
        self.step += 1

    def take(self, indices: Ids) -> Walk:
        """A walk of the rows at `indices` (repeated, dropped, reordered); this one stays as it was."""
        other = copy.copy(self)
        other._state = self._state.take(indices)
        other.grammar = self.grammar.take(indices) if self.grammar else None
        other._log_p = self._log_p[indices]
        other._unheard = None if self._unheard is None else self._unheard[indices]
        other._shape_for(len(indices), float(self._temperature[0]))
        return other
