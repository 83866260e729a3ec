"""One after the other, over and over, at the same time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import EmptyError, OptionError
from antiphon.score import join
from antiphon.score.cut import extract
from antiphon.score.maps import Mark, MeterMap, TempoMap
from antiphon.score.move import resample
from antiphon.score.notes import Notes
from antiphon.score.score import Score

TUNE = Score(Notes.of([0], [500], [60]), meters=MeterMap.of([(0, 3, 4)]), track_names=("a",))
BEATS = np.arange(8) * 480
SCALE = Score(Notes.of(BEATS, BEATS + 480, np.arange(8) + 60), chords=(Mark(0, "C"), Mark(1920, "G")))


@given(data=st.data())
def test_joined_scores_can_be_cut_apart(any_score, data: st.DataObject) -> None:
    pieces = data.draw(st.lists(any_score, min_size=1, max_size=4))
    whole = join.concatenate(pieces, at_bar=False)
    at = 0
    for piece in pieces:
        part = extract(whole, at, at + piece.end)
        assert part.notes == extract(piece).notes
        np.testing.assert_allclose(part.duration_s, extract(piece).duration_s, rtol=1e-9)
        at += piece.end
    assert whole.end <= at


def test_joining_begins_at_a_bar_line() -> None:
    both = join.concatenate([TUNE, resample(TUNE, 240), TUNE])
    assert both.notes.start.tolist() == [0, 1440, 2880]
    assert both.track_names == ("a",)
    assert both.meters == MeterMap.of([(0, 3, 4)])


def test_layering_keeps_parts_apart(rich: Score) -> None:
    both = join.merge([rich, rich])
    assert both.track_names == ("lead", "kit", "lead", "kit")
    assert both.notes.track.tolist() == [0, 0, 1, 2, 2, 3]
    assert both.controls.track.tolist() == [0, 0, 1, 0, 2, 2, 3, 2]
    assert [lyric.track for lyric in both.lyrics] == [0, 2]
    assert both.tempos == rich.tempos


def test_joining_nothing_is_refused() -> None:
    for operation in (join.concatenate, join.merge):
        with pytest.raises(EmptyError):
            operation([])


def test_a_tune_is_repeated_to_a_length() -> None:
    long = join.repeat(TUNE, 3000)
    assert (long.notes.start.tolist(), long.end) == ([0, 1440, 2880], 3000)
    assert join.repeat(SCALE, 960).notes.pitch.tolist() == [60, 61]
    assert join.repeat(TUNE, 2000, period=600).notes.start.tolist() == [0, 600, 1200, 1800]
    assert not len(join.repeat(TUNE, 0).notes)


def test_repeating_what_cannot_be_is_refused() -> None:
    with pytest.raises(EmptyError):
        join.repeat(Score(Notes.none()), 100)
    with pytest.raises(OptionError):
        join.repeat(TUNE, -1)
    with pytest.raises(OptionError):
        join.repeat(TUNE, 10, period=0)


def test_a_section_is_looped_where_it_stands() -> None:
    looped = join.loop(SCALE, 960, 1920, 3)
    assert looped.notes.pitch.tolist() == [60, 61, 62, 63, 62, 63, 62, 63, 64, 65, 66, 67]
    assert looped.notes.start.tolist() == (np.arange(12) * 480).tolist()
    assert (Mark(3840, "G") in looped.chords, looped.chords[0]) == (True, Mark(0, "C"))


def test_a_loop_goes_back_to_its_tempo() -> None:
    score = SCALE.replace(tempos=TempoMap.of([(0, 100), (1440, 50)]))
    looped = join.loop(score, 960, 1920, 2)
    assert looped.tempos == TempoMap.of([(0, 100), (1440, 50), (1920, 100), (2400, 50)])


@given(data=st.data())
def test_looping_once_keeps_every_onset(any_score, data: st.DataObject) -> None:
    score = data.draw(any_score)
    start, length = data.draw(st.tuples(st.integers(0, 5000), st.integers(1, 5000)))
    once = join.loop(score, start, start + length, 1)
    assert sorted(once.notes.start.tolist()) == sorted(score.notes.start.tolist())
    np.testing.assert_allclose(np.sort(once.start_s), np.sort(score.start_s), rtol=1e-9)
    twice = join.loop(score, start, start + length, 2)
    inside = (score.notes.start >= start) & (score.notes.start < start + length)
    assert len(twice.notes) == len(score.notes) + int(inside.sum())


def test_loops_that_make_no_sense_are_refused() -> None:
    for start, end, times in ((5, 5, 1), (-1, 5, 1), (0, 5, 0)):
        with pytest.raises(OptionError, match="0 <= start < end"):
            join.loop(SCALE, start, end, times)


def test_no_more_parts_are_merged_than_can_be_numbered() -> None:
    wide = Score(Notes.of([0, 0], [1, 1], [60, 60], track=[0, 16_383]))
    assert join.merge([wide, wide]).notes.track.tolist() == [0, 16_383, 16_384, 32_767]
    with pytest.raises(OptionError, match="49152 parts"):
        join.merge([wide] * 3)
