"""Counting models of events: a smoothed unigram, and interpolated modified Kneser-Ney.

Both are fitted on sequences as a recipe sees them, and give probabilities over the ids that a model of it
knows, so that their figures stand beside a net's. Every event but the first of a sequence is predicted and
counted, the same events that a net is scored on; what stands before the beginning is one start symbol. Events
of several fields are read field by field, each from the symbols before it, and their probabilities
multiplied; n-grams are then as many times longer.

Source: Chen and Goodman, 'An empirical study of smoothing techniques for language modeling', 1998 (modified
Kneser-Ney with interpolation; the lowest order is interpolated with the uniform distribution). N-grams are
exact integers in base S + 1, S being the known ids of all fields, so nothing collides and all work is sorting
and searching."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from antiphon.arrays import Bool, Float64, Int64
from antiphon.codecs.alphabet import Alphabet
from antiphon.errors import EmptyError
from antiphon.evaluate.sequences import Sequences

_FALLBACK_DISCOUNTS = np.array([0.0, 0.5, 1.0, 1.5])
"""Where an order has too few rare n-grams to estimate discounts from (few event types, much music)."""


@dataclass(frozen=True)
class Unigram:
    """Relative frequencies with one added to every count: of each field float64 [V], 0 for unknown ids, sums
    to 1."""

    probabilities: tuple[Float64, ...]

    @classmethod
    def fit(cls, sequences: Sequences) -> Unigram:
        """Counts the scored events of `sequences`."""
        symbols = Symbols(sequences.alphabet)
        symbols.check(sequences.events)
        found = sequences.events[sequences.scored]
        counts = [
            np.where(field.known, np.bincount(ids, minlength=field.size) + 1.0, 0.0)
            for field, ids in zip(sequences.alphabet.fields, found.T, strict=True)
        ]
        return cls(tuple(count / count.sum() for count in counts))

    def probability(self, sequences: Sequences) -> Float64:
        """Probability of every event, [N]."""
        each = [p[ids] for p, ids in zip(self.probabilities, sequences.events.T, strict=True)]
        return np.asarray(np.prod(each, axis=0))

    def best(self, sequences: Sequences) -> Int64:
        """The commonest event, ids [N, F] (the same for all)."""
        return np.tile([p.argmax() for p in self.probabilities], (len(sequences.events), 1))


@dataclass(frozen=True)
class Symbols:
    """The known ids of all fields of an alphabet, numbered one field after the other."""

    alphabet: Alphabet

    @property
    def n(self) -> int:
        """How many there are, S."""
        return int(self.alphabet.known.sum())

    def of(self, events: Int64) -> Int64:
        """Symbols [..., F] of ids [..., F]. Raises ValueError for an id that is not known."""
        self.check(events)
        places = np.cumsum(self.alphabet.known) - 1
        return np.stack(
            [places[part][events[..., f]] for f, part in enumerate(self.alphabet.slices)], axis=-1
        )

    def field(self, f: int) -> tuple[int, int]:
        """The first symbol of a field, and how many it has."""
        before = int(self.alphabet.known[: self.alphabet.slices[f].start].sum())
        return before, int(self.alphabet.fields[f].known.sum())

    def ids(self, f: int) -> Int64:
        """The ids of a field's symbols."""
        return np.flatnonzero(self.alphabet.fields[f].known)

    def check(self, events: Int64) -> None:
        """Raises ValueError for an id that is not known."""
        for f, field in enumerate(self.alphabet.fields):
            ids = events[..., f]
            stray = ids[~field.known[ids]]
            if stray.size:
                raise ValueError(
                    f"Event {stray.flat[0]} is not among the {field.known.sum()} events of this view."
                )


@dataclass(frozen=True)
class _Order:
    """One order's table: n-grams with their discounted share, contexts with the mass they leave to the
    order below.
    """

    grams: Int64
    shares: Float64
    contexts: Int64
    left: Float64

    def refine(self, below: Float64, gram: Int64, base: int) -> Float64:
        """Probabilities of this order from those of the order below; `gram` holds n-gram codes of the
        same shape.
        """
        share = _look_up(self.grams, self.shares, gram, missing=0.0)
        left = _look_up(self.contexts, self.left, gram // base, missing=1.0)
        return share + left * below


@dataclass(frozen=True)
class KneserNey:
    """An n-gram model of events. `fit` makes one; `orders[f][k]` is field f's table of (k + 1)-grams."""

    symbols: Symbols
    orders: tuple[tuple[_Order, ...], ...]

    @classmethod
    def fit(cls, sequences: Sequences, order: int = 5) -> KneserNey:
        """A model of n-grams of `order` events fitted on `sequences`; of fewer where as many do not fit 63
        bits (8 of 130 single numbers do).

        Raises `EmptyError` where nothing can be counted, ValueError where an event is not known.
        """
        symbols = Symbols(sequences.alphabet)
        base = symbols.n + 1
        order = min(order * sequences.alphabet.n_fields, int(63 / math.log2(base)))
        if not sequences.scored.any():
            raise EmptyError(
                "No sequence of two events or more to count n-grams in; give the corpus more music."
            )
        codes = _codes(sequences, symbols, order)[sequences.scored]
        return cls(symbols, tuple(_orders(seen, base, order) for seen in codes.T))

    def probability(self, sequences: Sequences) -> Float64:
        """Probability of every event given those before it, [N] (a sequence's first event given the start
        alone).
        """
        return self.probability_of(sequences, sequences.events)

    def probability_of(self, sequences: Sequences, events: Int64) -> Float64:
        """Probability of `events` [N, F] standing in the place of the actual ones, [N]."""
        codes = _codes(sequences, self.symbols, len(self.orders[0]), events)
        return np.asarray(np.prod([self._refined(f, codes[:, f]) for f in range(codes.shape[1])], axis=0))

    def distribution(self, contexts: Int64) -> Float64:
        """Of the first field, probabilities of every known id after each row of `contexts`, [rows, ids].

        `contexts` int64 [rows, order - 1] holds symbols, the newest last; -1 stands before a sequence's
        beginning.
        """
        digits = np.where(contexts < 0, self.symbols.n, contexts)
        powers = self._base ** np.arange(contexts.shape[1] - 1, -1, -1, dtype=np.int64)
        return self._after(0, np.asarray(digits @ powers, np.int64))

    def best(self, sequences: Sequences) -> Int64:
        """The most probable event at every position, ids [N, F] (the lowest id of equals, of each field given
        the actual ones before it)."""
        before = _codes(sequences, self.symbols, len(self.orders[0])) // self._base
        return np.stack([self._best(f, before[:, f]) for f in range(before.shape[1])], axis=1)

    @property
    def _base(self) -> int:
        return self.symbols.n + 1

    def _best(self, f: int, before: Int64) -> Int64:
        contexts, which = np.unique(before, return_inverse=True)
        best = np.empty(len(contexts), np.int64)
        for start in range(0, len(contexts), 1 << 14):
            part = slice(start, start + (1 << 14))
            best[part] = self._after(f, contexts[part]).argmax(axis=1)
        return self.symbols.ids(f)[best[which]]

    def _after(self, f: int, contexts: Int64) -> Float64:
        """Probabilities of a field's known ids after contexts [rows], [rows, ids]."""
        first, n = self.symbols.field(f)
        return self._refined(f, contexts[:, None] * self._base + first + np.arange(n))

    def _refined(self, f: int, codes: Int64) -> Float64:
        probability = np.full(codes.shape, 1.0 / self.symbols.field(f)[1])
        for length, order in enumerate(self.orders[f], start=1):
            probability = order.refine(probability, codes % self._base**length, self._base)
        return probability


def _codes(sequences: Sequences, symbols: Symbols, order: int, last: Int64 | None = None) -> Int64:
    """The n-gram that ends at every field of every event as one number in base S + 1, [N, F]; digit S stands
    before the beginning. With `last` [N, F] these events stand in the place of the actual ones, each
    alone."""
    base, actual = symbols.n + 1, symbols.of(sequences.events)
    n_fields = actual.shape[1]
    ends = actual if last is None else symbols.of(last)
    codes = np.zeros(actual.shape, np.int64)
    for back in range(order - 1, -1, -1):
        for f in range(n_fields):
            events, field = divmod(f - back, n_fields)
            source = sequences.position + events
            index = np.maximum(np.arange(len(actual)) + events, 0)
            digit = ends[:, field] if events == 0 else np.where(source >= 0, actual[index, field], base - 1)
            codes[:, f] = codes[:, f] * base + digit
    return codes


def _orders(seen: Int64, base: int, order: int) -> tuple[_Order, ...]:
    """The tables of a field whose scored n-grams were `seen`, the lowest order first."""
    grams, counts = np.unique(seen, return_counts=True)
    orders = [_order(grams, counts, base)]
    for length in range(order - 1, 0, -1):
        grams, counts = _continuations(grams, seen % base**length, base, length)
        orders.append(_order(grams, counts, base))
    return tuple(reversed(orders))


def _continuations(longer: Int64, seen: Int64, base: int, length: int) -> tuple[Int64, Int64]:
    """N-grams of `length` and their counts below the highest order.

    A count is the number of different events the n-gram was found after (`longer` lists the n-grams one
    event longer). Those that begin with the start symbol keep their plain count: nothing else can stand
    before them.
    """
    grams, continuations = np.unique(longer % base**length, return_counts=True)
    _, plain = np.unique(seen, return_counts=True)
    from_start: Bool = (
        (grams // base ** (length - 1) == base - 1) if length > 1 else np.zeros(len(grams), bool)
    )
    return grams, np.where(from_start, plain, continuations)


def _order(grams: Int64, counts: Int64, base: int) -> _Order:
    discounts = _discounts(counts)[np.minimum(counts, 3)]
    contexts, which = np.unique(grams // base, return_inverse=True)
    total = np.bincount(which, weights=counts)
    return _Order(
        grams=grams,
        shares=(counts - discounts) / total[which],
        contexts=contexts,
        left=np.bincount(which, weights=discounts) / total,
    )


def _discounts(counts: Int64) -> Float64:
    """What is taken from n-grams found once, twice, and more often: [0, D1, D2, D3+]."""
    n1, n2, n3, n4 = (float((counts == k).sum()) for k in (1, 2, 3, 4))
    if not (n1 and n2 and n3):
        return _FALLBACK_DISCOUNTS
    y = n1 / (n1 + 2 * n2)
    found = np.array([0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
    return found if (found[1:] > 0).all() else _FALLBACK_DISCOUNTS


def _look_up(keys: Int64, values: Float64, wanted: Int64, missing: float) -> Float64:
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], missing)
