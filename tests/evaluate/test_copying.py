"""The copying baseline: its cases against a plain loop, its sums, and what it learns."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.codecs.alphabet import Span, single
from antiphon.evaluate.copying import CopyMixture, _cases
from antiphon.evaluate.sequences import Sequences

ALPHABET = single(Span("event", 6, steps=1, onset=True))
VOCABULARY = np.arange(6)


def repetitive(n: int, seed: int, steps_per_bar: int = 4, bars: int = 12) -> list[np.ndarray]:
    """Tunes in which every bar is drawn at random and then played twice."""
    rng = np.random.default_rng(seed)
    return [
        np.repeat(rng.choice(VOCABULARY, (bars // 2, steps_per_bar)), 2, axis=0).ravel() for _ in range(n)
    ]


def slow_case(row: list[int], t: int, steps_per_bar: int) -> int:
    case = 0
    for bars in (1, 2):
        lag, run = bars * steps_per_bar, 0
        while t - 1 - run - lag >= 0 and row[t - 1 - run] == row[t - 1 - run - lag]:
            run += 1
        trust = 0 if t < lag else 1 + (run >= 1) + (run >= 4) + (run >= 16)
        case = case * 5 + trust
    return case


@given(
    st.lists(st.tuples(st.lists(st.integers(0, 1), max_size=60), st.integers(1, 7)), min_size=1, max_size=4)
)
@settings(deadline=None, max_examples=60)
def test_cases_count_agreements_in_a_row(tunes: list[tuple[list[int], int]]) -> None:
    sequences = Sequences.of(ALPHABET, [row for row, _ in tunes], [bar for _, bar in tunes])
    expected = [slow_case(row, t, bar) for row, bar in tunes for t in range(len(row))]
    assert _cases(sequences).tolist() == expected


@given(st.integers(0, 1000), st.integers(1, 30))
@settings(deadline=None, max_examples=20)
def test_weights_are_distributions_and_only_what_exists_is_copied(seed: int, n: int) -> None:
    model = CopyMixture.fit(Sequences.of(ALPHABET, repetitive(n, seed), 4))
    np.testing.assert_allclose(model.weights.sum(axis=1), 1, rtol=1e-9)
    one_bar_ago, two_bars_ago = (
        model.weights.reshape(5, 5, 3)[0, :, 1],
        model.weights.reshape(5, 5, 3)[:, 0, 2],
    )
    assert not one_bar_ago.any()
    assert not two_bars_ago.any()


def test_probabilities_over_all_events_sum_to_one() -> None:
    model = CopyMixture.fit(Sequences.of(ALPHABET, repetitive(30, 1), 4))
    row = repetitive(1, 2)[0]
    for t in (1, 5, 9, 23):
        endings = Sequences.of(ALPHABET, [[*row[:t], event] for event in VOCABULARY], 4)
        last = model.probability(endings)[endings.offsets[1:] - 1]
        np.testing.assert_allclose(last.sum(), 1, rtol=1e-9)
        assert model.best(Sequences.of(ALPHABET, [row], 4))[t, 0] == VOCABULARY[last.argmax()]


def test_it_learns_to_copy_what_counting_cannot_know() -> None:
    training, unseen = (Sequences.of(ALPHABET, repetitive(n, n, steps_per_bar=8), 8) for n in (200, 20))
    model = CopyMixture.fit(training)
    nll = -np.log(model.probability(unseen)[unseen.scored]).mean()
    alone = -np.log(model.ngram.probability(unseen)[unseen.scored]).mean()
    assert alone > 1.7  # six events drawn evenly: log 6 = 1.79
    assert nll < 1.4  # the repeated half costs little once its first events have agreed
    repeated = (unseen.position % 16 >= 12) & unseen.scored
    assert model.probability(unseen)[repeated].mean() > 0.8


def test_bars_follow_the_meter() -> None:
    three = CopyMixture.fit(Sequences.of(ALPHABET, repetitive(100, 1, steps_per_bar=3), 3))
    unseen = repetitive(20, 2, steps_per_bar=3)
    right, wrong = (three.probability(Sequences.of(ALPHABET, unseen, bar)) for bar in (3, 4))
    assert np.log(right).mean() > np.log(wrong).mean() + 0.1


def test_one_tune_is_enough_to_fit() -> None:
    model = CopyMixture.fit(Sequences.of(ALPHABET, [[0, 1, 2, 3, 0, 1, 2, 3]], 4))
    assert np.isfinite(np.log(model.probability(Sequences.of(ALPHABET, [[5, 4, 3, 5]], 4)))).all()
