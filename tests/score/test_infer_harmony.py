"""Chords told from notes, against a plain Viterbi search over all pairs of states."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import EmptyError, OptionError
from antiphon.score.chords import parse
from antiphon.score.infer.harmony import CHORDS, HarmonyModel, groups, harmony, infer_chords, likeliest
from antiphon.score.maps import Mark, Meter, MeterMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score

SCALE = (0, 2, 4, 5, 7, 9, 11)


STATES = list(itertools.product(range(12), range(len(CHORDS))))
KEY, CHORD = np.array(STATES).T


def plain_model(sounding: np.ndarray, model: HarmonyModel) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-likelihood of the first states [S], of steps between states [S, S], and of what is heard [F, S]."""
    chords = [parse(symbol).pitches for symbol in CHORDS]
    chance = np.zeros((12, len(chords)))
    for key, (index, pitches) in itertools.product(range(12), enumerate(chords)):
        inside = sum((pitch - key) % 12 in SCALE for pitch in pitches)
        chance[key, index] = (1 - model.out_of_key) ** inside * model.out_of_key ** (len(pitches) - inside)
    chance /= chance.sum(axis=1, keepdims=True)
    to_chord = chance[KEY, CHORD]
    move = model.chord_change * (to_chord[None, :] + to_chord[:, None] / (len(chords) - 1))
    move[CHORD[:, None] == CHORD] = 1 - model.chord_change
    elsewhere = model.key_change / 11 * to_chord[None, :]
    step = np.log(np.where(KEY[:, None] == KEY, (1 - model.key_change) * move, elsewhere))
    masks = np.array([[pitch in pitches for pitch in range(12)] for pitches in chords], dtype=float)
    masks[1:] /= np.linalg.norm(masks[1:], axis=1, keepdims=True)
    length = np.linalg.norm(sounding, axis=1, keepdims=True)
    heard = model.concentration * (sounding / np.where(length > 0, length, 1)) @ masks.T
    return np.log(to_chord / 12), step, heard[:, CHORD]


@settings(max_examples=8)
@given(
    st.integers(0, 10**6),
    st.integers(1, 12),
    st.sampled_from((HarmonyModel(), HarmonyModel(0.3, 0.1, 0.01, 20.0), HarmonyModel(0.01, 0.9, 0.2, 5.0))),
)
def test_no_path_is_likelier(seed: int, n_frames: int, model: HarmonyModel) -> None:
    rng = np.random.default_rng(seed)
    sounding = rng.gamma(0.4, size=(n_frames, 12)) * (rng.random((n_frames, 12)) < 0.5)
    key, chord = likeliest(sounding, model)
    first, step, heard = plain_model(sounding, model)
    best = first + heard[0]
    for row in heard[1:]:
        best = (best[:, None] + step).max(axis=0) + row
    path = key * len(CHORDS) + chord
    found = first[path[0]] + step[path[:-1], path[1:]].sum() + heard[np.arange(n_frames), path].sum()
    assert found == pytest.approx(best.max())


def block_chords(symbols: list[str], ticks: int, meters: MeterMap | None = None) -> Score:
    rows = [
        (place * ticks, (place + 1) * ticks, 60 + pitch)
        for place, symbol in enumerate(symbols)
        for pitch in parse(symbol).pitches
    ]
    start, end, pitch = np.array(rows).T
    return Score(Notes.of(start, end, pitch), meters=meters or MeterMap.of())


def test_chords_that_are_played() -> None:
    symbols = ["C", "Am", "Dm7", "G7", "C", "C", "Fmaj7", "Bm7b5", "Em", "Am"]
    found = infer_chords(block_chords(symbols, 960))
    assert [(mark.time, mark.text) for mark in found.chords] == [
        (place * 960, symbol) for place, symbol in enumerate(symbols) if place != 5
    ]
    assert found.replace(chords=()) == block_chords(symbols, 960)


def test_chords_there_already_are_replaced() -> None:
    score = block_chords(["F", "Bb"], 1920).replace(chords=(Mark(0, "Gm"),))
    assert [mark.text for mark in infer_chords(score).chords] == ["F", "Bb"]


@given(st.integers(-5, 5))
def test_chords_move_with_the_music(semitones: int) -> None:
    score = block_chords(["C", "Am", "F", "G7", "C"], 960)
    moved = score.replace(notes=score.notes.replace(pitch=score.notes.pitch + np.int16(semitones)))
    still, there = harmony(score), harmony(moved)
    assert np.array_equal(there.key, (still.key + semitones) % 12)
    roots = [parse(CHORDS[index]).root for index in there.chord]
    assert roots == [((parse(CHORDS[index]).root or 0) + semitones) % 12 for index in still.chord]


@pytest.mark.parametrize(
    ("meter", "beats"),
    [
        ((4, 4), (2, 2)),
        ((6, 8), (3, 3)),
        ((2, 2), (2,)),
        ((2, 4), (2,)),
        ((3, 4), (3,)),
        ((3, 8), (3,)),
        ((12, 8), (3, 3, 3, 3)),
        ((5, 4), (2, 3)),
        ((7, 8), (2, 2, 3)),
        ((6, 4), (2, 2, 2)),
        ((3, 2), (1, 1, 1)),
        ((1, 4), (1,)),
    ],
)
def test_stretches_of_a_bar(meter: tuple[int, int], beats: tuple[int, ...]) -> None:
    assert groups(Meter(*meter)) == beats


@given(st.integers(1, 32), st.sampled_from((1, 2, 4, 8, 16)))
def test_stretches_fill_the_bar(numerator: int, denominator: int) -> None:
    beats = groups(Meter(numerator, denominator))
    assert sum(beats) == numerator
    assert min(beats) >= 1


def test_stretches_follow_the_meters() -> None:
    score = block_chords(["C"] * 12, 480, MeterMap.of([(0, 4, 4), (1440, 5, 4), (3840, 3, 4)]))
    assert harmony(score).time.tolist() == [0, 960, 1440, 2400, 3840, 5280]
    assert harmony(score, chords_per_bar=1).time.tolist() == [0, 1440, 3840, 5280]


def test_no_limit_of_a_thousand() -> None:
    found = infer_chords(block_chords(["C", "F", "G7", "C"] * 400, 960))
    assert len(found.chords) == 1201


def test_nothing_to_tell_chords_from() -> None:
    drums = Score(Notes.of([0], [480], [36], is_drum=True))
    for score in (Score(Notes.none()), drums):
        with pytest.raises(EmptyError, match="no drums"):
            infer_chords(score)


@pytest.mark.parametrize(
    ("model", "per_bar", "message"),
    [
        (HarmonyModel(key_change=0.0), None, "key_change"),
        (HarmonyModel(chord_change=1.5), None, "chord_change"),
        (HarmonyModel(out_of_key=float("nan")), None, "out_of_key"),
        (HarmonyModel(concentration=-1.0), None, "concentration"),
        (HarmonyModel(), 0, "chords per bar"),
    ],
)
def test_values_that_make_no_sense(model: HarmonyModel, per_bar: int | None, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        infer_chords(block_chords(["C"], 960), per_bar, model)


def test_too_many_chords() -> None:
    endless = Score(Notes.of([0], [480 * 400_000], [60]))
    with pytest.raises(OptionError, match="at most 50000"):
        infer_chords(endless)
