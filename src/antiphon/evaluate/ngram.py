"""Counting models of events: a smoothed unigram, and interpolated modified Kneser-Ney.

Both are fitted on a training split as a recipe sees it, and give probabilities over the events possible
in that view, so that their figures stand beside a net's. Every event but the first of a sequence is
predicted and counted, the same events that a net is scored on; what stands before the beginning is one
start symbol.

Source: Chen and Goodman, 'An empirical study of smoothing techniques for language modeling', 1998
(modified Kneser-Ney with interpolation; the lowest order is interpolated with the uniform distribution).
N-grams are exact integers in base V + 1, so nothing collides and all work is sorting and searching.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from antiphon.errors import EmptyError
from antiphon.evaluate.sequences import Floats, Ints, Sequences

_FALLBACK_DISCOUNTS = np.array([0.0, 0.5, 1.0, 1.5])
"""Where an order has too few rare n-grams to estimate discounts from (few event types, much music)."""


@dataclass(frozen=True)
class Unigram:
    """Relative frequencies with one added to every count; `probabilities` float64 [V] sums to 1."""

    vocabulary: Ints
    probabilities: Floats

    @classmethod
    def fit(cls, sequences: Sequences, vocabulary: Ints) -> Unigram:
        """Counts the scored events of `sequences`; `vocabulary` int64 [V] lists the possible ids, rising."""
        found = _compact(sequences.events[sequences.scored], vocabulary)
        counts = np.bincount(found, minlength=len(vocabulary)) + 1.0
        return cls(vocabulary, counts / counts.sum())

    def probability(self, sequences: Sequences) -> Floats:
        """Probability of every event, [N]."""
        return self.probabilities[_compact(sequences.events, self.vocabulary)]

    def best(self, sequences: Sequences) -> Ints:
        """The commonest event, [N] times."""
        return np.full(len(sequences.events), self.vocabulary[self.probabilities.argmax()])


@dataclass(frozen=True)
class _Order:
    """One order's table: n-grams with their discounted share, contexts with the mass they leave to the
    order below.
    """

    grams: Ints
    shares: Floats
    contexts: Ints
    left: Floats

    def refine(self, below: Floats, gram: Ints, base: int) -> Floats:
        """Probabilities of this order from those of the order below; `gram` holds n-gram codes of the
        same shape.
        """
        share = _look_up(self.grams, self.shares, gram, missing=0.0)
        left = _look_up(self.contexts, self.left, gram // base, missing=1.0)
        return share + left * below


@dataclass(frozen=True)
class KneserNey:
    """An n-gram model of events. `fit` makes one; `orders[k]` is the table of (k + 1)-grams."""

    vocabulary: Ints
    orders: tuple[_Order, ...]

    @classmethod
    def fit(cls, sequences: Sequences, vocabulary: Ints, order: int = 5) -> KneserNey:
        """A model of `order` events fitted on `sequences`; `vocabulary` int64 [V] lists the possible ids,
        rising.

        Raises `EmptyError` where nothing can be counted, ValueError where an event is not in the vocabulary
        or n-grams do not fit 63 bits (of 130 events, more than 8).
        """
        if (len(vocabulary) + 1) ** order > 2**63:
            raise ValueError(f"N-grams of {order} of {len(vocabulary)} events do not fit 63 bits; use fewer.")
        if not sequences.scored.any():
            raise EmptyError(
                "No sequence of two events or more to count n-grams in; give the corpus more music."
            )
        base = len(vocabulary) + 1
        seen = _codes(sequences, vocabulary, order)[sequences.scored]
        grams, counts = np.unique(seen, return_counts=True)
        orders = [_order(grams, counts, base)]
        for length in range(order - 1, 0, -1):
            grams, counts = _continuations(grams, seen % base**length, base, length)
            orders.append(_order(grams, counts, base))
        return cls(vocabulary, tuple(reversed(orders)))

    def probability(self, sequences: Sequences) -> Floats:
        """Probability of every event given those before it, [N] (a sequence's first event given the start
        alone).
        """
        return self.probability_of(sequences, sequences.events)

    def probability_of(self, sequences: Sequences, events: Ints) -> Floats:
        """Probability of `events` [N] standing in the place of the actual ones, [N]."""
        base = len(self.vocabulary) + 1
        before = _codes(sequences, self.vocabulary, len(self.orders)) // base
        return self._refined(before * base + _compact(events, self.vocabulary))

    def distribution(self, contexts: Ints) -> Floats:
        """Probabilities of every event of the vocabulary after each row of `contexts`, [rows, V].

        `contexts` int64 [rows, order - 1] holds ids, the newest last; -1 stands before a sequence's
        beginning.
        """
        base = len(self.vocabulary) + 1
        return self._refined(_context_codes(contexts, self.vocabulary)[:, None] * base + np.arange(base - 1))

    def best(self, sequences: Sequences) -> Ints:
        """The most probable event at every position, ids [N] (the lowest id of equals)."""
        base = len(self.vocabulary) + 1
        before = _codes(sequences, self.vocabulary, len(self.orders)) // base
        contexts, which = np.unique(before, return_inverse=True)
        best = np.empty(len(contexts), np.int64)
        for start in range(0, len(contexts), 1 << 14):
            part = slice(start, start + (1 << 14))
            best[part] = self._refined(contexts[part, None] * base + np.arange(base - 1)).argmax(axis=1)
        return self.vocabulary[best[which]]

    def _refined(self, codes: Ints) -> Floats:
        base = len(self.vocabulary) + 1
        probability = np.full(codes.shape, 1.0 / len(self.vocabulary))
        for length, order in enumerate(self.orders, start=1):
            probability = order.refine(probability, codes % base**length, base)
        return probability


def _compact(ids: Ints, vocabulary: Ints) -> Ints:
    """Places of `ids` in the vocabulary."""
    places = np.minimum(np.searchsorted(vocabulary, ids), len(vocabulary) - 1)
    if not np.array_equal(vocabulary[places], ids):
        stray = ids[vocabulary[places] != ids][0]
        raise ValueError(f"Event {stray} is not among the {len(vocabulary)} events of this view.")
    return places


def _codes(sequences: Sequences, vocabulary: Ints, order: int) -> Ints:
    """The n-gram that ends at every event as one number in base V + 1, [N]; digit V stands before the
    beginning.
    """
    base = len(vocabulary) + 1
    places = replace(sequences, events=_compact(sequences.events, vocabulary))
    codes = np.zeros(len(places.events), np.int64)
    for steps in range(order - 1, -1, -1):
        codes = codes * base + places.back(steps, fill=base - 1)
    return codes


def _context_codes(contexts: Ints, vocabulary: Ints) -> Ints:
    digits = np.where(contexts < 0, len(vocabulary), 0)
    digits[contexts >= 0] = _compact(contexts[contexts >= 0], vocabulary)
    powers = (len(vocabulary) + 1) ** np.arange(contexts.shape[1] - 1, -1, -1, dtype=np.int64)
    return np.asarray(digits @ powers, np.int64)


def _continuations(longer: Ints, seen: Ints, base: int, length: int) -> tuple[Ints, Ints]:
    """N-grams of `length` and their counts below the highest order.

    A count is the number of different events the n-gram was found after (`longer` lists the n-grams one
    event longer). Those that begin with the start symbol keep their plain count: nothing else can stand
    before them.
    """
    grams, continuations = np.unique(longer % base**length, return_counts=True)
    _, plain = np.unique(seen, return_counts=True)
    from_start = (grams // base ** (length - 1) == base - 1) if length > 1 else np.zeros(len(grams), bool)
    return grams, np.where(from_start, plain, continuations)


def _order(grams: Ints, counts: Ints, base: int) -> _Order:
    discounts = _discounts(counts)[np.minimum(counts, 3)]
    contexts, which = np.unique(grams // base, return_inverse=True)
    total = np.bincount(which, weights=counts)
    return _Order(
        grams=grams,
        shares=(counts - discounts) / total[which],
        contexts=contexts,
        left=np.bincount(which, weights=discounts) / total,
    )


def _discounts(counts: Ints) -> Floats:
    """What is taken from n-grams found once, twice, and more often: [0, D1, D2, D3+]."""
    n1, n2, n3, n4 = (float((counts == k).sum()) for k in (1, 2, 3, 4))
    if not (n1 and n2 and n3):
        return _FALLBACK_DISCOUNTS
    y = n1 / (n1 + 2 * n2)
    found = np.array([0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
    return found if (found[1:] > 0).all() else _FALLBACK_DISCOUNTS


def _look_up(keys: Ints, values: Floats, wanted: Ints, missing: float) -> Floats:
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], missing)
