"""Counting and repeating: a 5-gram mixed with "as one bar ago" and "as two bars ago".

The probability of an event is

    w0 * five_gram(event) + w1 * [event is the one 1 bar ago] + w2 * [event is the one 2 bars ago]

with the bar of the sequence's own meter. The three weights depend on how long each copy has been right: for
either distance, whether there is an event to copy, and if so how many events before this one agreed with
theirs without a break (0, 1 to 3, 4 to 15, 16 or more), 25 cases in all. So the mixture holds on to a
copy that is going well and drops one that has failed. For music whose every event takes a step.

The weights are fitted by expectation maximisation on every tenth group of what it is fitted on, with a
5-gram counted on the other nine; then the 5-gram is counted anew on the whole. Nothing of what is judged is
seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from antiphon.evaluate.ngram import KneserNey
from antiphon.evaluate.sequences import Sequences
from antiphon.score.notes import Bool, Float, Int

BARS = (1, 2)
RUN_LENGTHS = (1, 4, 16)
"""Agreements in a row from which a copy is trusted anew."""

_CASES = len(RUN_LENGTHS) + 2
_ROUNDS = 60
_FOLDS = 10
_NOTHING = -1


@dataclass(frozen=True)
class CopyMixture:
    """The mixture; `weights` float64 [cases, 1 + distances] sums to 1 along each row, 0 for what cannot
    be copied.
    """

    ngram: KneserNey
    weights: Float

    @classmethod
    def fit(cls, sequences: Sequences, order: int = 5) -> CopyMixture:
        """A mixture fitted on `sequences`. Raises as `KneserNey.fit` does."""
        aside = _aside(sequences)
        rest = sequences.take(np.flatnonzero(~aside)) if aside.any() else sequences
        weights = _fit_weights(KneserNey.fit(rest, order), sequences.take(np.flatnonzero(aside)))
        return cls(KneserNey.fit(sequences, order), weights)

    def probability(self, sequences: Sequences) -> Float:
        """Probability of every event given those before it, [N]."""
        parts = _parts(self.ngram, sequences)
        return np.asarray((self.weights[_cases(sequences)] * parts).sum(axis=1))

    def best(self, sequences: Sequences) -> Int:
        """The most probable event at every position, ids [N, F].

        Copying only adds to what is copied, so the winner is the 5-gram's own best or one of the copies.
        """
        guesses = np.stack([self.ngram.best(sequences), *_copies(sequences)])
        scores = np.stack([self._score(sequences, guess) for guess in guesses])
        return np.asarray(guesses[scores.argmax(axis=0), np.arange(guesses.shape[1])])

    def _score(self, sequences: Sequences, guess: Int) -> Float:
        """Probability of `guess` instead of the actual event; -1 where there is nothing to guess."""
        possible = guess[:, 0] != _NOTHING
        local = self.ngram.probability_of(sequences, np.where(possible[:, None], guess, sequences.events))
        parts = np.stack([local, *(_equal(guess, copy) for copy in _copies(sequences))], axis=1)
        return np.where(possible, (self.weights[_cases(sequences)] * parts).sum(axis=1), -1.0)


def _copies(sequences: Sequences) -> list[Int]:
    """The event as many bars ago, ids [N, F], for each distance."""
    return [sequences.back(sequences.bars_back(bars), fill=_NOTHING) for bars in BARS]


def _equal(one: Int, other: Int) -> Bool:
    """Which events are equal in every field, [N]."""
    return np.asarray((one == other).all(axis=1))


def _parts(ngram: KneserNey, sequences: Sequences) -> Float:
    """What each of the three components gives the actual event, [N, 3]."""
    agree = (_equal(sequences.events, copy) for copy in _copies(sequences))
    return np.stack([ngram.probability(sequences), *agree], axis=1)


def _cases(sequences: Sequences) -> Int:
    """The case each event falls into, [N]."""
    case = np.zeros(len(sequences.events), np.int64)
    for copy in _copies(sequences):
        run: Int = _run_before(_equal(copy, sequences.events), sequences.position)
        trust = np.searchsorted(RUN_LENGTHS, run, side="right") + 1
        case = case * _CASES + np.where(copy[:, 0] == _NOTHING, 0, trust)
    return case


def _run_before(agrees: Bool, position: Int) -> Int:
    """How many events before each one agreed without a break, within its sequence, [N]."""
    index = np.arange(len(agrees))
    last_break = np.maximum.accumulate(np.where(agrees, -1, index)) if len(agrees) else index
    before = np.concatenate([[-1], last_break[:-1]])[: len(agrees)]
    return np.asarray(np.minimum(index - 1 - before, position))


def _aside(sequences: Sequences) -> Bool:
    """Every tenth group, [n]: the weights are fitted on these."""
    _, group = np.unique(sequences.groups, return_inverse=True)
    return np.asarray(group % _FOLDS == _FOLDS - 1)


def _fit_weights(ngram: KneserNey, sequences: Sequences) -> Float:
    """Mixture weights by expectation maximisation; one pseudo-count per component keeps unseen cases even."""
    possible = _possible()
    weights: Float = possible / possible.sum(axis=1, keepdims=True)
    scored = sequences.scored
    parts, cases = _parts(ngram, sequences)[scored], _cases(sequences)[scored]
    for _ in range(_ROUNDS):
        share = weights[cases] * parts
        share /= share.sum(axis=1, keepdims=True)
        heard = np.stack([np.bincount(cases, column, len(weights)) for column in share.T], axis=1)
        weights = (heard + possible) / (heard + possible).sum(axis=1, keepdims=True)
    return weights


def _possible() -> Float:
    """Which of the three components apply in each case, [cases, 3]."""
    cases = np.arange(_CASES ** len(BARS))
    copies = [cases // _CASES > 0, cases % _CASES > 0]
    return np.stack([np.ones(len(cases)), *copies], axis=1).astype(np.float64)
