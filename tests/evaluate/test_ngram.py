"""The counting models against closed forms, against a slow reference, and as distributions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from antiphon.codecs.alphabet import Alphabet, Field, Span, single
from antiphon.errors import EmptyError
from antiphon.evaluate.ngram import KneserNey, Unigram
from antiphon.evaluate.sequences import Sequences
from antiphon.recipes import find

ALPHABET = single(Span("hold"), Span("off"), Span("on", 128, onset=True, known=(48, 51)))
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


def symbols(contexts: np.ndarray) -> np.ndarray:
    """Contexts of ids as contexts of symbols; the start stays what it is."""
    return np.where(contexts == START, START, np.searchsorted(VOCABULARY, contexts))


@given(ROWS, st.integers(1, 4))
@example([[50, 51], [50, 51], [50, 0]], 4)
@settings(deadline=None, max_examples=40)
def test_kneser_ney_equals_the_slow_reference(rows: list[list[int]], order: int) -> None:
    model, slow = KneserNey.fit(Sequences.of(ALPHABET, rows), order), SlowKneserNey(rows, order)
    contexts = np.random.default_rng(len(rows)).choice([*VOCABULARY], (6, order - 1))
    begun = [[START] * (order - 1 - n) + row[:n] for row in rows for n in range(min(order, len(row) + 1))]
    contexts = np.concatenate([contexts, np.array(begun, np.int64).reshape(len(begun), order - 1)])
    expected = [
        [slow.probability(tuple(context), event) for event in VOCABULARY] for context in contexts.tolist()
    ]
    np.testing.assert_allclose(model.distribution(symbols(contexts)), expected, rtol=1e-9)


@given(ROWS)
@settings(deadline=None, max_examples=30)
def test_kneser_ney_is_a_distribution_after_any_context(rows: list[list[int]]) -> None:
    model = KneserNey.fit(Sequences.of(ALPHABET, rows))
    rng = np.random.default_rng(sum(map(len, rows)))
    contexts = np.concatenate(
        [rng.choice([START, *VOCABULARY], (50, 4)), np.array([row[:2] * 2 for row in rows])]
    )
    distribution = model.distribution(symbols(contexts))
    np.testing.assert_allclose(distribution.sum(axis=1), 1, rtol=1e-9)
    assert (distribution > 0).all()


def test_probability_is_the_distribution_at_the_actual_event() -> None:
    rng = np.random.default_rng(3)
    rows = [rng.choice(VOCABULARY, n) for n in (9, 2, 14)]
    sequences = Sequences.of(ALPHABET, rows)
    model = KneserNey.fit(Sequences.of(ALPHABET, [rng.choice(VOCABULARY, 200)]))
    contexts = np.concatenate([sequences.back(steps, START) for steps in (4, 3, 2, 1)], axis=1)
    distribution = model.distribution(symbols(contexts))
    actual = distribution[np.arange(25), np.searchsorted(VOCABULARY, sequences.events[:, 0])]
    np.testing.assert_allclose(model.probability(sequences), actual, rtol=1e-12)
    instead = [model.probability_of(sequences, np.full((25, 1), event)) for event in VOCABULARY]
    np.testing.assert_allclose(np.stack(instead, axis=1), distribution, rtol=1e-12)
    np.testing.assert_array_equal(model.best(sequences)[:, 0], VOCABULARY[distribution.argmax(axis=1)])


def test_probabilities_do_not_look_across_sequences() -> None:
    model = KneserNey.fit(Sequences.of(ALPHABET, [[0, 50, 1, 50, 0, 51, 52, 0] * 5]))
    together = model.probability(Sequences.of(ALPHABET, [[50, 1, 50], [0, 51, 52]]))
    alone = [model.probability(Sequences.of(ALPHABET, [row])) for row in ([50, 1, 50], [0, 51, 52])]
    np.testing.assert_array_equal(together, np.concatenate(alone))


def test_a_pattern_without_exception_is_nearly_certain() -> None:
    rows = [[50, 0, 51, 0] * 200]
    model = KneserNey.fit(Sequences.of(ALPHABET, rows))
    assert model.probability(Sequences.of(ALPHABET, [[50, 0, 51, 0] * 4]))[4:].min() > 0.95


def test_unigram_adds_one_to_every_count() -> None:
    model = Unigram.fit(Sequences.of(ALPHABET, [[0, 0, 50, 0], [51, 50]]))
    np.testing.assert_allclose(model.probabilities[0][VOCABULARY], np.array([3, 1, 3, 1, 1]) / 9)
    assert model.probabilities[0].sum() == pytest.approx(1)


@pytest.mark.parametrize("fit", [Unigram.fit, KneserNey.fit])
def test_an_event_outside_the_view_is_refused(fit: Callable[[Sequences], object]) -> None:
    with pytest.raises(ValueError, match="Event 99 is not among the 5 events"):
        fit(Sequences.of(ALPHABET, [[0, 99]]))


def test_n_grams_are_as_long_as_63_bits_hold() -> None:
    music = Sequences.of(find("melody/mono").alphabet, [[0, 1, 2]])
    assert [len(KneserNey.fit(music, order).orders[0]) for order in (5, 8, 9)] == [5, 8, 8]


def test_n_grams_of_several_fields_are_of_whole_events() -> None:
    """Six fields, of which the first alone says what comes next: a 2-gram hears it."""
    alphabet = Alphabet(tuple(Field(f"f{f}", (Span("id", 4, steps=int(f == 0)),)) for f in range(6)))
    rows = np.zeros((400, 6), np.int64)
    rows[:, 0] = np.arange(400) % 4
    music = Sequences.of(alphabet, [rows])
    assert KneserNey.fit(music, order=2).probability(music)[1:].min() > 0.9


def test_nothing_to_count_is_refused() -> None:
    with pytest.raises(EmptyError, match="two events"):
        KneserNey.fit(Sequences.of(ALPHABET, [[0], []]))


def test_what_stands_before_the_beginning_is_one_symbol_of_its_own() -> None:
    """An event that only ever comes second after a start is not expected anywhere else, and a rest that comes
    first is told from the nothing before it."""
    rows = [[50, 51, 0, 0, 52, 0, 0, 52], [50, 51, 0, 0, 0, 52, 0, 52]] * 20
    model = KneserNey.fit(Sequences.of(ALPHABET, rows))
    begun, resting = np.array([[START, START, START, 50]]), np.array([[0, 0, 0, 50]])
    assert model.distribution(symbols(begun))[0, 3] > 0.95
    nothing, rest = np.array([[START] * 4]), np.array([[0, 0, 0, 0]])
    after_nothing, after_rest = (model.distribution(symbols(c))[0] for c in (nothing, rest))
    assert after_rest[4] > 2 * after_nothing[4]
    assert not np.allclose(model.distribution(symbols(begun)), model.distribution(symbols(resting)))


FIELDS = Alphabet(
    (
        Field("note", (Span("none"), Span("on", 5, onset=True, known=(1, 4)))),
        Field("time", (Span("wait", 4, steps=1, steps_more=1, known=(0, 2)),)),
    )
)


def test_events_of_several_fields_are_distributions_field_by_field() -> None:
    """All events after one context have probabilities that sum to one."""
    rng = np.random.default_rng(2)
    notes = (0, 2, 3, 4)
    rows = [np.stack([rng.choice(notes, 40), rng.integers(0, 2, 40)], axis=1) for _ in range(20)]
    for row in rows:
        row[1:, 1] = row[:-1, 0] % 2  # the time says which note was before
    model = KneserNey.fit(Sequences.of(FIELDS, rows))
    every = [(note, time) for note in notes for time in range(2)]
    row = rows[0][:9]
    endings = Sequences.of(FIELDS, [[*row.tolist(), event] for event in every])
    ends = endings.offsets[1:] - 1
    last = model.probability(endings)[ends]
    alike = Sequences.of(FIELDS, [[*row.tolist(), (0, 0)] for _ in every])
    instead = model.probability_of(alike, endings.events)[ends]
    np.testing.assert_allclose(instead, last, err_msg="an event takes another's place with all its fields")
    assert last.sum() == pytest.approx(1)
    assert last.reshape(4, 2)[:, row[-1, 0] % 2].sum() > 0.9
    best = model.best(Sequences.of(FIELDS, [rows[1]]))
    assert (best[5:, 1] == rows[1][5:, 1]).mean() > 0.9
    unigram = Unigram.fit(Sequences.of(FIELDS, rows))
    assert unigram.probability(endings)[ends].sum() == pytest.approx(1)
