"""`Bars`: where in its bar each step of a piece stands.

An event takes any number of steps, and none, so where music stands is counted in steps of time, never in
events. Training, playing and evaluating all turn the one into the other here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.score.notes import Int


@dataclass(frozen=True, eq=False)
class Bars:
    """The bars of B pieces, of each a number of stretches in one meter.

    `first` int64 [B, S] is the step on which the first bar of each stretch begins, negative where step 0
    stands inside a bar; `steps_per_bar` int64 [B, S]. Music without bars has 0 steps per bar. One row serves
    any number of pieces."""

    first: Int
    steps_per_bar: Int

    @classmethod
    def of(cls, start_in_bar: npt.ArrayLike, steps_per_bar: npt.ArrayLike) -> Bars:
        """Pieces in one meter each: the step of its bar that step 0 falls on, and the steps of a bar."""
        start, bar = np.broadcast_arrays(np.atleast_1d(start_in_bar), np.atleast_1d(steps_per_bar))
        return cls(-start.astype(np.int64)[:, None], bar.astype(np.int64)[:, None])

    @classmethod
    def changing(cls, stretches: Iterable[tuple[int, int]]) -> Bars:
        """One piece whose meter changes: (step of the first bar line, steps of a bar) of each stretch."""
        first, bar = np.array(list(stretches), np.int64).T
        return cls(first[None], bar[None])

    def at(self, steps: Int) -> Int:
        """Position of `steps` [B] or [B, T]: the step of its bar and the steps of the bar, int64 [..., 2]."""
        first, bar = self._stretch(steps)
        place = np.empty((*steps.shape, 2), np.int64)
        place[..., 1] = bar
        np.remainder(steps - first, np.maximum(bar, 1), out=place[..., 0])
        return place

    def _stretch(self, steps: Int) -> tuple[Int, Int]:
        """First step and steps of a bar, of the stretch that each of `steps` stands in."""
        if self.first.shape[1] == 1:
            return (
                (self.first, self.steps_per_bar)
                if steps.ndim > 1
                else (self.first[:, 0], self.steps_per_bar[:, 0])
            )
        shape = (-1, *[1] * (steps.ndim - 1))
        past = steps[..., None] >= self.first.reshape(*shape, self.first.shape[1])
        which = np.maximum(past.sum(axis=-1) - 1, 0)
        rows = np.broadcast_to(np.arange(len(self.first)).reshape(shape), steps.shape)
        return self.first[rows, which], self.steps_per_bar[rows, which]

    def take(self, rows: Int) -> Bars:
        """The bars of the pieces at `rows`; of one row that serves all, the same."""
        return self if len(self.first) == 1 else Bars(self.first[rows], self.steps_per_bar[rows])
