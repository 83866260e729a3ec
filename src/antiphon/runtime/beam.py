"""Beam search over sampled events (Magenta's `beam_search`), for many outputs at once.

Each of `size` entries is copied `branch_factor` times, every copy is extended by `steps_per_iteration`
*drawn* events, and the `size` likeliest of all copies go on. The first iteration is the short one, so that
the rest divide evenly; the likeliest entry at the end is the result. An entry's score is the log-likelihood
of its new events at the temperature they were drawn at. (Magenta adds the primer's to every entry alike,
which changes no choice.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.errors import OptionError
from antiphon.runtime.philox import Draws
from antiphon.runtime.sampler import Ids, Sampling, choose
from antiphon.runtime.walk import Walk


@dataclass(frozen=True)
class Beam:
    """How wide to search. Raises `OptionError` for values below 1."""

    size: int = 1
    """Entries kept."""
    branch_factor: int = 1
    """Copies made of each entry."""
    steps_per_iteration: int = 1
    """Events every copy is extended by before the likeliest are kept."""

    def __post_init__(self) -> None:
        for name in ("size", "branch_factor", "steps_per_iteration"):
            if getattr(self, name) < 1:
                raise OptionError(
                    f"The beam's {name.replace('_', ' ')} is {getattr(self, name)}; expected 1 or more."
                )

    @property
    def width(self) -> int:
        """Copies of one output that are drawn side by side, and so the random numbers it takes a step."""
        return self.size * self.branch_factor


@dataclass
class _Entries:
    """Every output's entries, flat: their walk, events drawn so far [rows, steps], scores [rows]."""

    walk: Walk
    events: Ids
    score: npt.NDArray[np.float64]

    def take(self, rows: Ids) -> _Entries:
        return _Entries(self.walk.take(rows), self.events[rows], self.score[rows])

    def extend(self, u: npt.NDArray[np.float64], how: Sampling) -> None:
        log_p = self.walk.log_p
        drawn = choose(log_p, u, how, self.walk.allowed)
        self.score = self.score + log_p[np.arange(len(drawn)), drawn]
        self.events = np.concatenate([self.events, drawn[:, None]], axis=1)
        self.walk.hear(drawn)


def search(walk: Walk, n_steps: int, draws: Draws, how: Sampling, beam: Beam) -> Ids:
    """The best `n_steps` events after `walk` (one row an output), int64 [n_outputs, n_steps].

    `draws` must give `beam.width` numbers an output and step: entry e's copy b takes number e * branch_factor
    + b.
    """
    n = len(walk)
    entries = _Entries(walk, np.empty((n, 0), dtype=np.int64), np.zeros(n)).take(
        np.repeat(np.arange(n), beam.size)
    )
    while (done := entries.events.shape[1]) < n_steps:
        _ = entries.walk.log_p  # before the copies are made: the graph runs once an entry, not once a copy
        entries = entries.take(np.repeat(np.arange(n * beam.size), beam.branch_factor))
        for _ in range(_iteration_length(done, n_steps, beam)):
            entries.extend(draws.at(entries.walk.step).reshape(-1), how)
        entries = entries.take(_likeliest(entries.score, n, beam.size))
    return entries.take(_likeliest(entries.score, n, 1)).events


def _iteration_length(done: int, n_steps: int, beam: Beam) -> int:
    return beam.steps_per_iteration if done else (n_steps - 1) % beam.steps_per_iteration + 1


def _likeliest(score: npt.NDArray[np.float64], n: int, size: int) -> Ids:
    """Rows of the `size` highest scores of each of n outputs; of equals the earlier."""
    by_output = score.reshape(n, -1)
    order = np.argsort(-by_output, axis=1, kind="stable")[:, :size]
    return (order + np.arange(n)[:, None] * by_output.shape[1]).reshape(-1)
