"""Durations of pitch classes, and keys told from them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import EmptyError
from antiphon.score.infer.key import durations, infer_key, key_of, likeness
from antiphon.score.maps import Key
from antiphon.score.notes import Notes
from antiphon.score.score import Score

ROWS = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 40), st.integers(0, 127)), max_size=30)
MAJOR_SCALE = np.array([60, 62, 64, 65, 67, 69, 71, 72])
MINOR_SCALE = np.array([57, 59, 60, 62, 64, 65, 68, 69])


def melody(pitches: np.ndarray, **columns: object) -> Score:
    start = np.arange(len(pitches)) * 480
    return Score(Notes.of(start, start + 480, pitches, **columns))


@given(ROWS, st.lists(st.integers(0, 140), min_size=2, max_size=12))
def test_durations_are_overlaps(rows: list[tuple[int, int, int]], edges: list[int]) -> None:
    edges = sorted(edges)
    notes = Notes.of([r[0] for r in rows], [r[0] + r[1] for r in rows], [r[2] for r in rows])
    expected = np.zeros((len(edges) - 1, 12))
    for start, length, pitch in rows:
        for index, (begin, end) in enumerate(itertools.pairwise(edges)):
            expected[index, pitch % 12] += max(0, min(end, start + length) - max(begin, start))
    assert np.array_equal(durations(notes, edges), expected)


def test_drums_and_effects_have_no_pitch() -> None:
    notes = Notes.of([0, 0, 0], [10, 10, 10], [60, 61, 62], program=[0, 0, 122], is_drum=[False, True, False])
    assert durations(notes, [0, 10])[0].tolist() == [10] + [0] * 11


@given(st.integers(0, 11))
def test_scales_have_their_keys(tonic: int) -> None:
    assert infer_key(melody(MAJOR_SCALE + tonic)) == Key(tonic, "major")
    assert infer_key(melody(MINOR_SCALE + tonic)) == Key((9 + tonic) % 12, "minor")


@given(st.lists(st.integers(0, 100), min_size=12, max_size=12).filter(any), st.integers(0, 11))
def test_keys_move_with_their_weights(weights: list[int], semitones: int) -> None:
    fit = likeness(weights).reshape(2, 12)
    moved = likeness(np.roll(weights, semitones)).reshape(2, 12)
    assert np.allclose(moved, np.roll(fit, semitones, axis=1))
    assert np.all(np.abs(fit) <= 1 + 1e-9)


def test_rows_are_weighed_alone() -> None:
    rows = np.random.default_rng(1).random((5, 12))
    assert np.allclose(likeness(rows), [likeness(row) for row in rows])


def test_the_end_settles_what_the_scale_leaves_open() -> None:
    weights = [4, 0, 2, 0, 3, 2, 0, 3, 0, 4, 0, 2]
    assert key_of(weights, final=9) == Key(9, "minor")
    assert key_of(weights, final=0) == Key(0, "major")


def test_a_passage_has_its_own_key() -> None:
    there_and_back = melody(np.concatenate([MAJOR_SCALE, MAJOR_SCALE + 6]))
    assert infer_key(there_and_back, end=8 * 480) == Key(0)
    assert infer_key(there_and_back, start=8 * 480) == Key(6)


@pytest.mark.parametrize("score", [Score(Notes.none()), melody(MAJOR_SCALE, is_drum=True)])
def test_no_key_without_pitches(score: Score) -> None:
    with pytest.raises(EmptyError, match="no drums"):
        infer_key(score)
