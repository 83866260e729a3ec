"""The counting models against closed forms, against a slow reference, and as distributions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import EmptyError
from antiphon.evaluate.ngram import KneserNey, Unigram
from antiphon.evaluate.sequences import Sequences

VOCABULARY = np.array([0, 1, 50, 51, 52])
START = -1
ROWS = st.lists(
    st.lists(st.sampled_from(VOCABULARY.tolist()), min_size=2, max_size=30), min_size=1, max_size=8
)


class SlowKneserNey:
    """Modified Kneser-Ney written from the paper with dictionaries, one n-gram at a time."""

    def __init__(self, rows: list[list[int]], order: int) -> None:
        self.order = order
        padded = [[START] * (order - 1) + row for row in rows]
        tokens = [tuple(row[end - order + 1 : end + 1]) for row in padded for end in range(order, len(row))]
        self.counts = {order: Counter(tokens)}
        for length in range(order - 1, 0, -1):
            plain = Counter(token[-length:] for token in tokens)
            before = defaultdict(set)
            for gram in self.counts[length + 1]:
                before[gram[1:]].add(gram[0])
            self.counts[length] = Counter(
                {
                    gram: plain[gram] if length > 1 and gram[0] == START else len(found)
                    for gram, found in before.items()
                }
            )
        self.discounts = {length: self._discounts(counts) for length, counts in self.counts.items()}

    @staticmethod
    def _discounts(counts: Counter[tuple[int, ...]]) -> list[float]:
        n = Counter(counts.values())
        if n[1] and n[2] and n[3]:
            y = n[1] / (n[1] + 2 * n[2])
            found = [k - (k + 1) * y * n[k + 1] / n[k] for k in (1, 2, 3)]
            if min(found) > 0:
                return [0.0, *found]
        return [0.0, 0.5, 1.0, 1.5]

    def probability(self, context: tuple[int, ...], event: int) -> float:
        return self._at(self.order, context, event)

    def _at(self, length: int, context: tuple[int, ...], event: int) -> float:
        if length == 0:
            return 1 / len(VOCABULARY)
        below = self._at(length - 1, context[1:] if length > 1 else context, event)
        followers = {gram[-1]: count for gram, count in self.counts[length].items() if gram[:-1] == context}
        total = sum(followers.values())
        if not total:
            return below
        d = self.discounts[length]
        left = sum(d[min(count, 3)] for count in followers.values()) / total
        count = followers.get(event, 0)
        return (count - d[min(count, 3)]) / total + left * below


@given(ROWS, st.integers(1, 4))
@settings(deadline=None, max_examples=40)
def test_kneser_ney_equals_the_slow_reference(rows: list[list[int]], order: int) -> None:
    model, slow = KneserNey.fit(Sequences.of(rows), VOCABULARY, order), SlowKneserNey(rows, order)
    contexts = np.random.default_rng(len(rows)).choice([*VOCABULARY], (6, order - 1))
    contexts = np.concatenate([contexts, np.full((1, order - 1), START)])
    expected = [
        [slow.probability(tuple(context), event) for event in VOCABULARY] for context in contexts.tolist()
    ]
    np.testing.assert_allclose(model.distribution(contexts), expected, rtol=1e-9)


@given(ROWS)
@settings(deadline=None, max_examples=30)
def test_kneser_ney_is_a_distribution_after_any_context(rows: list[list[int]]) -> None:
    model = KneserNey.fit(Sequences.of(rows), VOCABULARY)
    rng = np.random.default_rng(sum(map(len, rows)))
    contexts = np.concatenate(
        [rng.choice([START, *VOCABULARY], (50, 4)), np.array([row[:2] * 2 for row in rows])]
    )
    distribution = model.distribution(contexts)
    np.testing.assert_allclose(distribution.sum(axis=1), 1, rtol=1e-9)
    assert (distribution > 0).all()


def test_probability_is_the_distribution_at_the_actual_event() -> None:
    rng = np.random.default_rng(3)
    rows = [rng.choice(VOCABULARY, n) for n in (9, 2, 14)]
    sequences = Sequences.of(rows)
    model = KneserNey.fit(Sequences.of([rng.choice(VOCABULARY, 200)]), VOCABULARY)
    contexts = np.stack([sequences.back(steps, START) for steps in (4, 3, 2, 1)], axis=1)
    distribution = model.distribution(contexts)
    actual = distribution[np.arange(25), np.searchsorted(VOCABULARY, sequences.events)]
    np.testing.assert_allclose(model.probability(sequences), actual, rtol=1e-12)
    np.testing.assert_array_equal(model.best(sequences), VOCABULARY[distribution.argmax(axis=1)])


def test_probabilities_do_not_look_across_sequences() -> None:
    model = KneserNey.fit(Sequences.of([[0, 50, 1, 50, 0, 51, 52, 0] * 5]), VOCABULARY)
    together = model.probability(Sequences.of([[50, 1, 50], [0, 51, 52]]))
    alone = [model.probability(Sequences.of([row])) for row in ([50, 1, 50], [0, 51, 52])]
    np.testing.assert_array_equal(together, np.concatenate(alone))


def test_a_pattern_without_exception_is_nearly_certain() -> None:
    rows = [[50, 0, 51, 0] * 200]
    model = KneserNey.fit(Sequences.of(rows), VOCABULARY)
    assert model.probability(Sequences.of([[50, 0, 51, 0] * 4]))[4:].min() > 0.95


def test_unigram_adds_one_to_every_count() -> None:
    model = Unigram.fit(Sequences.of([[0, 0, 50, 0], [51, 50]]), VOCABULARY)
    np.testing.assert_allclose(model.probabilities, np.array([3, 1, 3, 1, 1]) / 9)


@pytest.mark.parametrize("fit", [Unigram.fit, KneserNey.fit])
def test_an_event_outside_the_view_is_refused(fit: Callable[[Sequences, np.ndarray], object]) -> None:
    with pytest.raises(ValueError, match="Event 99 is not among the 5 events"):
        fit(Sequences.of([[0, 99]]), VOCABULARY)


def test_n_grams_that_overflow_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit 63 bits"):
        KneserNey.fit(Sequences.of([[0, 1]]), np.arange(130), order=9)


def test_nothing_to_count_is_refused() -> None:
    with pytest.raises(EmptyError, match="two events"):
        KneserNey.fit(Sequences.of([[0], []]), VOCABULARY)
