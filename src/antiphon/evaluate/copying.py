"""Counting and repeating: a 5-gram mixed with "as one bar ago" and "as two bars ago".

The probability of an event is

    w0 * five_gram(event) + w1 * [event is the one 1 bar ago] + w2 * [event is the one 2 bars ago]

with the bar of the melody's own meter. The three weights depend on how long each copy has been right: for
either distance, whether there is an event to copy, and if so how many events before this one agreed with
theirs without a break (0, 1 to 3, 4 to 15, 16 or more), 25 cases in all. So the mixture holds on to a
copy that is going well and drops one that has failed.

The weights are fitted by expectation maximisation on every tenth group of the training split, with a
5-gram counted on the other nine; then the 5-gram is counted anew on the whole split. Nothing of the
evaluated split is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from antiphon.evaluate.ngram import KneserNey
from antiphon.evaluate.sequences import Bools, Floats, Ints, Sequences

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
    weights: Floats

    @classmethod
    def fit(cls, sequences: Sequences, vocabulary: Ints, order: int = 5) -> CopyMixture:
        """A mixture fitted on a training split. Raises as `KneserNey.fit` does."""
        aside = _aside(sequences)
        rest = sequences.take(np.flatnonzero(~aside)) if aside.any() else sequences
        weights = _fit_weights(KneserNey.fit(rest, vocabulary, order), sequences.take(np.flatnonzero(aside)))
        return cls(KneserNey.fit(sequences, vocabulary, order), weights)

    def probability(self, sequences: Sequences) -> Floats:
        """Probability of every event given those before it, [N]."""
        parts = _parts(self.ngram, sequences)
        return np.asarray((self.weights[_cases(sequences)] * parts).sum(axis=1))

    def best(self, sequences: Sequences) -> Ints:
        """The most probable event at every position, ids [N].

        Copying only adds to what is copied, so the winner is the 5-gram's own best or one of the copies.
        """
        guesses = np.stack([self.ngram.best(sequences), *_copies(sequences)], axis=1)
        scores = np.stack([self._score(sequences, guess) for guess in guesses.T], axis=1)
        return np.take_along_axis(guesses, scores.argmax(axis=1)[:, None], axis=1)[:, 0]

    def _score(self, sequences: Sequences, guess: Ints) -> Floats:
        """Probability of `guess` instead of the actual event; -1 where there is nothing to guess."""
        possible = guess != _NOTHING
        local = self.ngram.probability_of(sequences, np.where(possible, guess, self.ngram.vocabulary[0]))
        parts = np.stack([local, *(guess == copy for copy in _copies(sequences))], axis=1)
        return np.where(possible, (self.weights[_cases(sequences)] * parts).sum(axis=1), -1.0)


def _copies(sequences: Sequences) -> list[Ints]:
    return [sequences.back(sequences.bars(bars), fill=_NOTHING) for bars in BARS]


def _parts(ngram: KneserNey, sequences: Sequences) -> Floats:
    """What each of the three voices gives to the actual event, [N, 3]."""
    agree = (sequences.events == copy for copy in _copies(sequences))
    return np.stack([ngram.probability(sequences), *agree], axis=1)


def _cases(sequences: Sequences) -> Ints:
    """The case each event falls into, [N]."""
    case = np.zeros(len(sequences.events), np.int64)
    for copy in _copies(sequences):
        run: Ints = _run_before(copy == sequences.events, sequences.position)
        trust = np.searchsorted(RUN_LENGTHS, run, side="right") + 1
        case = case * _CASES + np.where(copy == _NOTHING, 0, trust)
    return case


def _run_before(agrees: Bools, position: Ints) -> Ints:
    """How many events before each one agreed without a break, within its sequence, [N]."""
    index = np.arange(len(agrees))
    last_break = np.maximum.accumulate(np.where(agrees, -1, index)) if len(agrees) else index
    before = np.concatenate([[-1], last_break[:-1]])[: len(agrees)]
    return np.asarray(np.minimum(index - 1 - before, position))


def _aside(sequences: Sequences) -> Bools:
    """Every tenth group, [n]: the weights are fitted on these."""
    _, group = np.unique(sequences.groups, return_inverse=True)
    return np.asarray(group % _FOLDS == _FOLDS - 1)


def _fit_weights(ngram: KneserNey, sequences: Sequences) -> Floats:
    """Mixture weights by expectation maximisation; one imagined event a voice keeps unheard cases even."""
    possible = _possible()
    weights: Floats = possible / possible.sum(axis=1, keepdims=True)
    scored = sequences.scored
    parts, cases = _parts(ngram, sequences)[scored], _cases(sequences)[scored]
    for _ in range(_ROUNDS):
        share = weights[cases] * parts
        share /= share.sum(axis=1, keepdims=True)
        heard = np.stack([np.bincount(cases, column, len(weights)) for column in share.T], axis=1)
        weights = (heard + possible) / (heard + possible).sum(axis=1, keepdims=True)
    return weights


def _possible() -> Floats:
    """Which of the three voices speak in each case, [cases, 3]."""
    cases = np.arange(_CASES ** len(BARS))
    copies = [cases // _CASES > 0, cases % _CASES > 0]
    return np.stack([np.ones(len(cases)), *copies], axis=1).astype(np.float64)
