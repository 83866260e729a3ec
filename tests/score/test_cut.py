"""Stretches of music, and music in pieces."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.score import cut
from antiphon.score.bars import pickup
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.move import shift
from antiphon.score.notes import Notes
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter
from antiphon.score.score import Bends, Controls, Score


def columns(*values: list[int]) -> list[np.ndarray]:
    return [np.array(value) for value in values]


def test_an_extract_carries_what_holds(rich: Score) -> None:
    part = cut.extract(rich, 480, 1440)
    assert (part.notes.start.tolist(), part.notes.end.tolist()) == ([0, 480], [960, 960])
    assert part.tempos == TempoMap.of([(0, 100), (20, 50)])
    assert part.meters == MeterMap.of([(0, 3, 4)])
    assert part.keys == (KeyChange(0, Key(7)),)
    assert part.chords == (Mark(0, "C"), Mark(480, "F#m7b5/A"))
    assert part.lyrics == (Mark(0, "la", 0),)
    assert part.markers == (Mark(480, "B"),)
    assert part.controls == Controls(*columns([0, 0, 520], [64, 7, 64], [0, 90, 1], [0, 1, 0]))
    assert part.bends == Bends(*columns([0], [100], [0]))
    assert cut.extract(rich).notes == rich.notes


def test_trimming_moves_nothing(rich: Score) -> None:
    part = cut.trim(rich, 480, 1440)
    assert (part.notes.start.tolist(), part.notes.end.tolist()) == ([480, 960], [1440, 1440])
    assert part.replace(notes=rich.notes) == rich


@pytest.mark.parametrize("operation", [cut.extract, cut.trim])
@pytest.mark.parametrize(("start", "end"), [(-1, 5), (10, 5)])
def test_what_makes_no_sense_is_refused(rich: Score, operation, start: int, end: int) -> None:
    with pytest.raises(OptionError, match="0 <= start"):
        operation(rich, start, end)


@given(data=st.data(), ticks=st.integers(0, 5000))
def test_a_shift_is_undone_by_an_extract(any_score, data: st.DataObject, ticks: int) -> None:
    score = data.draw(any_score)
    assert cut.extract(shift(score, ticks), ticks, ticks + score.end + 10_000) == score


@given(data=st.data(), times=st.lists(st.integers(-10, 12_000), max_size=6))
def test_a_split_loses_no_onset(any_score, data: st.DataObject, times: list[int]) -> None:
    score = data.draw(any_score)
    pieces = cut.split(score, times)
    assert sum(len(piece.notes) for piece in pieces) == len(score.notes)
    whole = cut.split(score, times, inside_notes=False)
    lengths = np.concatenate([piece.notes.end - piece.notes.start for piece in whole])
    assert sorted(lengths.tolist()) == sorted((score.notes.end - score.notes.start).tolist())


@given(data=st.data())
def test_pieces_between_changes_have_none(any_score, data: st.DataObject) -> None:
    score = data.draw(any_score)
    pieces = cut.split_at_changes(score)
    assert sum(len(piece.notes) for piece in pieces) == len(score.notes)
    for piece in pieces[1:]:
        assert len(piece.meters) == (2 if pickup(piece) else 1)
        assert len(piece.tempos) == 1
    steps = cut.split_at_meter_changes(quantize(score, PerQuarter(4)))
    assert sum(len(piece.notes) for piece in steps) == len(score.notes)
    assert all(piece.notes.end.max() <= piece.total_steps for piece in steps)


def test_a_pickup_stays_with_what_follows() -> None:
    notes = Notes.of([0, 480, 1920, 3840], [480, 960, 2400, 4000], [60, 62, 64, 65])
    score = Score(notes, meters=MeterMap.of([(0, 1, 4), (480, 3, 4), (3360, 4, 4)]))
    first, second = cut.split_at_meter_changes(score)
    assert first.meters == MeterMap.of([(0, 1, 4), (480, 3, 4)])
    assert second.meters == MeterMap.of([(0, 4, 4)])
    assert second.notes.start.tolist() == [480]


def test_silence_is_measured_from_the_last_end() -> None:
    # 120 quarters per minute: 960 ticks are a second; the long first note bridges the gap after the second
    score = Score(Notes.of([0, 480, 4800, 7680], [4000, 960, 5000, 8000], [60, 62, 64, 65]))
    assert [piece.notes.pitch.tolist() for piece in cut.split_at_silence(score, 2.0)] == [[60, 62, 64], [65]]
    assert [piece.notes.pitch.tolist() for piece in cut.split_at_silence(score, 0.5)] == [
        [60, 62],
        [64],
        [65],
    ]
    with pytest.raises(OptionError, match="0 or more"):
        cut.split_at_silence(score, -1)


def test_windows_of_bars_overlap() -> None:
    beats = np.arange(20) * 480
    score = Score(Notes.of(beats, beats + 480, np.arange(20) + 40))
    windows = cut.split_every(score, 2, 1)
    assert [piece.notes.pitch.tolist()[0] for piece in windows] == [40, 44, 48, 52, 56]
    assert [len(piece.notes) for piece in windows] == [8, 8, 8, 8, 4]
    assert len(cut.split_every(score, 2, 1, whole=True)) == 4
    assert [len(piece.notes) for piece in cut.split_every(score, 4)] == [16, 4]
    with pytest.raises(OptionError, match="1 or more"):
        cut.split_every(score, 0)


def test_a_meter_said_after_the_end_makes_no_window() -> None:
    meters = MeterMap.of([(0, 4, 4), (9600, 3, 4)])
    score = Score(Notes.of([0, 1920], [480, 2400], [60, 62]), meters=meters)
    assert [piece.notes.pitch.tolist() for piece in cut.split_every(score, 1)] == [[60], [62]]


def test_windows_follow_the_meter() -> None:
    score = Score(
        Notes.of([0, 1440, 2880, 4800], [10, 1450, 2890, 4810], [60, 61, 62, 63]),
        meters=MeterMap.of([(0, 3, 4), (2880, 4, 4)]),
    )
    assert [piece.notes.pitch.tolist() for piece in cut.split_every(score, 1)] == [[60], [61], [62], [63]]


@given(st.data())
def test_every_piece_is_what_is_extracted_between_two_cuts(
    any_score: st.SearchStrategy[Score], data: st.DataObject
) -> None:
    score = data.draw(any_score)
    times = sorted(data.draw(st.sets(st.integers(1, score.end), max_size=6)) - {score.end})
    expected = [cut.extract(score, *bounds) for bounds in pairwise([0, *times, score.end])]
    assert cut.split(score, times) == [piece for piece in expected if len(piece.notes)]


def test_pieces_of_steps_keep_their_unrounded_onsets() -> None:
    score = Score(Notes.of([30, 1900, 10, 2000], [60, 2500, 500, 2100], [60, 62, 64, 65]))
    pieces = cut.split(quantize(score, PerQuarter(4)), [16])
    assert [piece.notes.pitch.tolist() for piece in pieces] == [[60, 64], [62, 65]]
    assert [(piece.onsets * 120).round().tolist() for piece in pieces if piece.onsets is not None] == [
        [30, 10],
        [-20, 80],
    ]
