"""Later, slower, finer, higher, onto a grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.score.maps import Key, Mark
from antiphon.score.move import augmented, resample, semitones_between, shift, snap, stretch, transpose
from antiphon.score.notes import Notes
from antiphon.score.score import Score


@given(data=st.data(), semitones=st.integers(-50, 50))
def test_transposing_back_gives_the_same(any_score, data: st.DataObject, semitones: int) -> None:
    score = data.draw(any_score)
    moved, dropped = transpose(score, semitones)
    back, dropped_back = transpose(moved, -semitones)
    assert dropped_back == 0
    assert len(moved.notes) + dropped == len(score.notes)
    if not dropped:
        assert back == score


@given(data=st.data(), semitones=st.integers(-200, 200))
def test_folding_drops_no_note_and_keeps_its_name(any_score, data: st.DataObject, semitones: int) -> None:
    score = data.draw(any_score)
    moved, outside = transpose(score, semitones, 40, 60, outside="fold")
    pitched = ~score.notes.is_drum
    assert len(moved.notes) == len(score.notes)
    assert ((moved.notes.pitch[pitched] >= 40) & (moved.notes.pitch[pitched] <= 60)).all()
    assert ((moved.notes.pitch - score.notes.pitch)[pitched] % 12 == semitones % 12).all()
    assert outside == len(score.notes) - len(transpose(score, semitones, 40, 60)[0].notes)


def test_transposing_moves_keys_and_chords_and_leaves_drums(rich: Score) -> None:
    up, dropped = transpose(rich, 3, hi=66)
    assert (up.notes.pitch.tolist(), dropped) == ([63, 67], 1)
    assert up.keys[0].key == Key(3)
    assert [mark.text for mark in up.chords] == ["Eb", "Am7b5/C"]


def test_a_text_that_is_no_chord_stays() -> None:
    score = Score(Notes.none(), chords=(Mark(0, "N.C."), Mark(5, "Bb7"), Mark(9, "Gsus4/D")))
    assert [mark.text for mark in transpose(score, 2)[0].chords] == ["N.C.", "C7", "Asus4/E"]


def test_ranges_that_are_none_are_refused(rich: Score) -> None:
    for lo, hi, outside in ((60, 50, "drop"), (0, 128, "drop"), (60, 70, "fold")):
        with pytest.raises(OptionError, match="MIDI pitches"):
            transpose(rich, 1, lo, hi, outside=outside)


def test_keys_are_met_by_the_nearest_way() -> None:
    assert [semitones_between(Key(0), Key(tonic)) for tonic in (0, 1, 6, 7, 11)] == [0, 1, 6, -5, -1]


@given(data=st.data(), factor=st.floats(0.1, 10))
def test_stretching_multiplies_seconds(any_score, data: st.DataObject, factor: float) -> None:
    score = data.draw(any_score)
    slow = stretch(score, factor)
    np.testing.assert_allclose(slow.end_s, score.end_s * factor, rtol=1e-9)
    assert slow.notes == score.notes


@given(data=st.data(), times=st.integers(1, 8))
def test_a_finer_resolution_is_undone_exactly(any_score, data: st.DataObject, times: int) -> None:
    score = data.draw(any_score)
    fine = resample(score, 480 * times)
    np.testing.assert_allclose(fine.end_s, score.end_s, rtol=1e-9)
    assert resample(fine, 480) == score


@given(data=st.data(), steps=st.integers(1, 12), strength=st.floats(0, 1))
def test_snapping_brings_onsets_nearer(any_score, data: st.DataObject, steps: int, strength: float) -> None:
    score = data.draw(any_score)
    snapped = snap(score, steps, strength)
    step = 480 / steps

    def distance(notes: Notes) -> np.ndarray:
        return np.abs(notes.start - np.round(notes.start / step) * step)

    assert (distance(snapped.notes) <= distance(score.notes) + 0.5).all()
    assert (snapped.notes.end - snapped.notes.start == score.notes.end - score.notes.start).all()
    assert (distance(snap(score, steps).notes) <= 0.5).all()
    assert snap(score, steps, 0) == score
    assert (snapped.notes.start >= 0).all()


def test_moves_that_make_no_sense_are_refused(rich: Score) -> None:
    for operation in (
        lambda: shift(rich, -1),
        lambda: stretch(rich, 0),
        lambda: resample(rich, 0),
        lambda: snap(rich, 0),
        lambda: snap(rich, 4, 1.5),
        lambda: augmented(rich, np.random.default_rng(0), semitones=(2, 1)),
        lambda: augmented(rich, np.random.default_rng(0), stretches=(1, float("inf"))),
    ):
        with pytest.raises(OptionError, match="expected"):
            operation()


@given(data=st.data(), seed=st.integers(0, 99))
def test_augmented_copies_stay_in_range(any_score, data: st.DataObject, seed: int) -> None:
    score = data.draw(any_score)
    copy = augmented(score, np.random.default_rng(seed), semitones=(-12, 12), lo=20, hi=100)
    moved = (copy.notes.pitch - score.notes.pitch)[~score.notes.is_drum]
    assert len(copy.notes) == len(score.notes)
    assert len(set(moved.tolist())) <= 1
    assert copy.notes.pitch.min() >= 20
    assert copy.notes.pitch.max() <= 100
    assert 0.95 <= copy.duration_s / score.duration_s <= 1.05 + 1e-9
