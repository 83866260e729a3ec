"""Beam search over sampled events (Magenta's `beam_search`), for many outputs at once.

Each of `beam_size` entries is copied `branch_factor` times, every copy is extended by `steps_per_iteration`
*drawn* events, and the likeliest of all copies go on, as many as there were entries. The first iteration is
the short one, so that the rest divide evenly; the likeliest entry at the end is the result. An entry's score
is the log-likelihood of its new events at the temperature they were drawn at. (Magenta adds the primer's to
every entry alike, which changes no choice.)"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from antiphon.arrays import Float64, Int64
from antiphon.errors import OptionError
from antiphon.runtime.philox import Draws
from antiphon.runtime.sampling_options import Beam
from antiphon.runtime.session import Session


@dataclass
class _Entries:
    """Every output's entries, flat: their session, events drawn so far [rows, n, F], scores [rows]."""

    session: Session
    events: Int64
    score: Float64

    def take(self, rows: Int64) -> _Entries:
        return _Entries(self.session.fork(rows), self.events[rows], self.score[rows])

    def extend(self, u: Float64) -> None:
        log_p, alphabet = self.session.log_p, self.session.alphabet
        drawn = self.session.propose(u)
        rows = np.arange(len(drawn))
        for f, part in enumerate(alphabet.slices):
            self.score = self.score + log_p[rows, part.start + drawn[:, f]]
        self.events = np.concatenate([self.events, drawn[:, None]], axis=1)
        self.session.hear(drawn)


def search(session: Session, end: int, draws: Draws, beam: Beam) -> Int64:
    """The best events after `session` (one row per output) until `end` steps have gone by, int64 [n, T, F].

    `draws` must give `beam.width` numbers per field for each output and event: entry e's copy b takes number
    e * branch_factor + b, and of its fields each the next so many. Only for alphabets whose every event takes
    as many steps. Raises `OptionError` for others.
    """
    n, fields, steady = len(session), session.alphabet.n_fields, session.alphabet.steady
    if not steady or session.alphabet.values:
        raise OptionError(
            "A beam search is for music whose events take equal time and are whole numbers; leave the beam "
            "at 1."
        )
    n_events = -(-(end - int(session.time[0])) // steady)
    entries = _Entries(session, np.empty((n, 0, fields), np.int64), np.zeros(n))
    entries = entries.take(np.repeat(np.arange(n), beam.beam_size))
    while (done := entries.events.shape[1]) < n_events:
        _ = entries.session.log_p  # before copies are made: the graph runs once per entry, not once per copy
        entries = entries.take(np.repeat(np.arange(n * beam.beam_size), beam.branch_factor))
        for _ in range(_iteration_length(done, n_events, beam)):
            entries.extend(draws.at(entries.session.n_events).reshape(-1, fields))
        entries = entries.take(_likeliest(entries.score, n, beam.beam_size))
    return entries.take(_likeliest(entries.score, n, 1)).events


def _iteration_length(done: int, n_events: int, beam: Beam) -> int:
    return beam.steps_per_iteration if done else (n_events - 1) % beam.steps_per_iteration + 1


def _likeliest(score: Float64, n: int, size: int) -> Int64:
    """Rows of the `size` highest scores of each of n outputs; the earlier of equal ones."""
    by_output = score.reshape(n, -1)
    order = np.argsort(-by_output, axis=1, kind="stable")[:, :size]
    return np.asarray((order + np.arange(n)[:, None] * by_output.shape[1]).reshape(-1))
