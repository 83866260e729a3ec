"""Cutting, moving, joining, transposing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import EmptyError, OptionError
from antiphon.score.edit import (
    concatenate,
    merge,
    resample,
    shift,
    split_at_meter_changes,
    stretch,
    transpose,
    trim,
)
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter
from antiphon.score.score import Bends, Controls, Score

ROWS = st.lists(
    st.tuples(st.integers(0, 9000), st.integers(1, 900), st.integers(20, 100)), min_size=1, max_size=30
)


def columns(*values: list[int]) -> list[np.ndarray]:
    return [np.array(value) for value in values]


@st.composite
def scores(draw: st.DrawFn) -> Score:
    rows = draw(ROWS)
    start, length, pitch = np.array(rows).T
    return Score(
        Notes.of(
            start,
            start + length,
            pitch,
            90,
            0,
            draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))),
        ),
        tempos=TempoMap.of(draw(st.lists(st.tuples(st.integers(0, 9000), st.integers(30, 200)), max_size=3))),
        meters=MeterMap.of(
            draw(
                st.lists(
                    st.tuples(st.integers(0, 9000), st.integers(1, 9), st.sampled_from((2, 4, 8))), max_size=3
                )
            )
        ),
    )


SCORE = Score(
    Notes.of([0, 480, 960], [480, 2000, 1440], [60, 64, 67], 90, 0, [False, False, True], [0, 0, 1]),
    tempos=TempoMap.of([(0, 100), (500, 50)]),
    meters=MeterMap.of([(0, 3, 4), (1440, 4, 4)]),
    keys=(KeyChange(0, Key(0)), KeyChange(480, Key(7))),
    chords=(Mark(0, "C"), Mark(960, "F#m7b5/A")),
    lyrics=(Mark(480, "la", 0),),
    markers=(Mark(0, "A"), Mark(960, "B")),
    controls=Controls(*columns([0, 100, 480, 1000], [64, 64, 7, 64], [127, 0, 90, 1], [0, 0, 1, 0])),
    bends=Bends(*columns([10, 2000], [100, 0], [0, 0])),
    track_names=("lead", "kit"),
)


def test_trim_carries_what_holds() -> None:
    cut = trim(SCORE, 480, 1440)
    assert (cut.notes.start.tolist(), cut.notes.end.tolist()) == ([0, 480], [960, 960])
    assert cut.tempos == TempoMap.of([(0, 100), (20, 50)])
    assert cut.meters == MeterMap.of([(0, 3, 4)])
    assert cut.keys == (KeyChange(0, Key(7)),)
    assert cut.chords == (Mark(0, "C"), Mark(480, "F#m7b5/A"))
    assert cut.lyrics == (Mark(0, "la", 0),)
    assert cut.markers == (Mark(480, "B"),)
    assert cut.controls == Controls(*columns([0, 0, 520], [64, 7, 64], [0, 90, 1], [0, 1, 0]))
    assert cut.bends == Bends(*columns([0], [100], [0]))
    assert trim(SCORE).notes == SCORE.notes


def test_trim_refuses_what_makes_no_sense() -> None:
    for start, end in ((-1, 5), (10, 5)):
        with pytest.raises(OptionError, match="0 <= start"):
            trim(SCORE, start, end)


@given(scores(), st.integers(0, 5000))
def test_a_shift_is_undone_by_a_trim(score: Score, ticks: int) -> None:
    back = trim(shift(score, ticks), ticks, ticks + score.end + 10_000)
    assert back == score


@given(scores(), st.integers(-50, 50))
def test_transposing_back_gives_the_same(score: Score, semitones: int) -> None:
    moved, dropped = transpose(score, semitones)
    back, dropped_back = transpose(moved, -semitones)
    assert dropped_back == 0
    assert len(moved.notes) + dropped == len(score.notes)
    if not dropped:
        assert back == score


def test_transposing_moves_keys_and_chords_and_leaves_drums() -> None:
    up, dropped = transpose(SCORE, 3, hi=66)
    assert (up.notes.pitch.tolist(), dropped) == ([63, 67], 1) or (up.notes.pitch.tolist(), dropped) == (
        [63, 67],
        1,
    )
    assert up.keys[0].key == Key(3)
    assert [mark.text for mark in up.chords] == ["Eb", "Am7b5/C"]


@pytest.mark.parametrize(
    ("symbol", "up_2"), [("N.C.", "N.C."), ("Bb7", "C7"), ("C#dim", "Ebdim"), ("Gsus4/D", "Asus4/E")]
)
def test_chord_symbols(symbol: str, up_2: str) -> None:
    score = Score(Notes.none(), chords=(Mark(0, symbol),))
    assert transpose(score, 2)[0].chords[0].text == up_2


@given(scores(), st.floats(0.1, 10))
def test_stretching_multiplies_seconds(score: Score, factor: float) -> None:
    slow = stretch(score, factor)
    np.testing.assert_allclose(slow.end_s, score.end_s * factor, rtol=1e-9)
    assert slow.notes == score.notes


@given(scores(), st.integers(1, 8))
def test_a_finer_resolution_is_undone_exactly(score: Score, times: int) -> None:
    fine = resample(score, 480 * times)
    np.testing.assert_allclose(fine.end_s, score.end_s, rtol=1e-9)
    assert resample(fine, 480) == score


@given(st.lists(scores(), min_size=1, max_size=4))
def test_joined_scores_can_be_cut_apart(pieces: list[Score]) -> None:
    whole = concatenate(pieces, at_bar=False)
    at = 0
    for piece in pieces:
        part = trim(whole, at, at + piece.end)
        assert part.notes == trim(piece).notes
        np.testing.assert_allclose(part.duration_s, trim(piece).duration_s, rtol=1e-9)
        at += piece.end
    assert whole.end <= at


def test_joining_begins_at_a_bar_line() -> None:
    tune = Score(Notes.of([0], [500], [60]), meters=MeterMap.of([(0, 3, 4)]), track_names=("a",))
    both = concatenate([tune, resample(tune, 240), tune])
    assert both.notes.start.tolist() == [0, 1440, 2880]
    assert both.track_names == ("a",)
    assert both.meters == MeterMap.of([(0, 3, 4)])


def test_layering_keeps_parts_apart() -> None:
    both = merge([SCORE, SCORE])
    assert both.track_names == ("lead", "kit", "lead", "kit")
    assert both.notes.track.tolist() == [0, 0, 1, 2, 2, 3]
    assert both.controls.track.tolist() == [0, 0, 1, 0, 2, 2, 3, 2]
    assert [lyric.track for lyric in both.lyrics] == [0, 2]
    assert both.tempos == SCORE.tempos


def test_joining_nothing_is_refused() -> None:
    for join in (concatenate, merge):
        with pytest.raises(EmptyError):
            join([])


def test_splitting_keeps_a_pickup_with_what_follows() -> None:
    notes = Notes.of([0, 480, 1920, 3840], [480, 960, 2400, 4000], [60, 62, 64, 65])
    score = Score(notes, meters=MeterMap.of([(0, 1, 4), (480, 3, 4), (3360, 4, 4)]))
    first, second = split_at_meter_changes(score)
    assert first.meters == MeterMap.of([(0, 1, 4), (480, 3, 4)])
    assert second.meters == MeterMap.of([(0, 4, 4)])
    assert second.notes.start.tolist() == [480]


@given(scores())
def test_splitting_loses_no_note(score: Score) -> None:
    pieces = split_at_meter_changes(score)
    assert sum(len(piece.notes) for piece in pieces) == len(score.notes)
    steps = split_at_meter_changes(quantize(score, PerQuarter(4)))
    assert sum(len(piece.notes) for piece in steps) == len(score.notes)
    assert all(piece.notes.end.max() <= piece.total_steps for piece in steps)
