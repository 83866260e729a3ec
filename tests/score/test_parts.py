"""Parts taken out, chosen, brought together; and what says nothing new taken away."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import NameNotFound
from antiphon.score import parts
from antiphon.score.join import merge
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Controls, Score
from antiphon.score.tidy import without_overlaps, without_redundant


def test_a_part_alone(rich: Score) -> None:
    kit = parts.part(rich, 1)
    assert kit.notes == rich.notes[2:].replace(track=0)
    assert (kit.track_names, kit.lyrics, len(kit.bends)) == (("kit",), (), 0)
    assert (kit.controls.number.tolist(), kit.controls.track.tolist()) == ([7], [0])
    assert (kit.chords, kit.markers, kit.tempos) == (rich.chords, rich.markers, rich.tempos)


def test_parts_change_places(rich: Score) -> None:
    turned = parts.chosen(rich, [1, 0])
    assert (turned.track_names, turned.notes.track.tolist()) == (("kit", "lead"), [1, 1, 0])
    assert parts.chosen(turned, [1, 0]) == rich
    with pytest.raises(NameNotFound, match="track '7'"):
        parts.chosen(rich, [7])


@given(data=st.data())
def test_separate_parts_make_the_whole(any_score, data: st.DataObject) -> None:
    score = data.draw(any_score)
    again = merge(parts.separate(score))
    _, compact = np.unique(score.notes.track, return_inverse=True)
    assert again.notes.sorted() == score.notes.replace(track=compact.astype(np.int16)).sorted()


def test_notes_of_an_instrument_come_together() -> None:
    notes = Notes.of(
        [0, 0, 10, 10, 20], [5, 5, 15, 15, 25], 60, 90, [0, 8, 0, 0, 3], [0, 0, 0, 1, 0], [0, 1, 2, 3, 2]
    )
    controls = Controls(*map(np.array, ([0, 1, 2], [7, 7, 7], [1, 2, 3], [2, 3, 4])))
    score = Score(notes, controls=controls, track_names=("piano", "bells", "more piano", "kit", "silent"))
    one = parts.by_instrument(score)
    assert one.notes.track.tolist() == [0, 1, 0, 3, 2]
    assert one.track_names == ("piano", "bells", "more piano", "kit", "silent")
    assert one.controls.track.tolist() == [0, 3, 4]
    assert one.notes.replace(track=0) == notes.replace(track=0)


@given(data=st.data())
def test_each_part_has_one_instrument(any_score, data: st.DataObject) -> None:
    score = parts.by_instrument(data.draw(any_score))
    instrument = np.where(score.notes.is_drum, 128, score.notes.program)
    pairs = set(zip(score.notes.track.tolist(), instrument.tolist(), strict=True))
    assert len(pairs) == len({track for track, _ in pairs}) == len({kind for _, kind in pairs})
    assert parts.by_instrument(score) == score


def test_what_repeats_is_removed() -> None:
    notes = Notes.of([480, 0, 0], [960, 480, 480], [62, 60, 60])
    score = Score(
        notes,
        keys=(KeyChange(0, Key(0)), KeyChange(100, Key(0)), KeyChange(200, Key(7))),
        chords=(Mark(0, "C"), Mark(10, "C"), Mark(20, "G"), Mark(30, "C")),
        controls=Controls(*map(np.array, ([0, 5, 9, 9], [64, 64, 64, 1], [127, 127, 0, 0], [0, 0, 0, 0]))),
        about=(("genre", "reel"), ("genre", "reel"), ("composer", "reel")),
    )
    tidy = without_redundant(score)
    assert tidy.notes == Notes.of([0, 480], [480, 960], [60, 62])
    assert [change.time for change in tidy.keys] == [0, 200]
    assert [mark.time for mark in tidy.chords] == [0, 20, 30]
    assert tidy.controls.time.tolist() == [0, 9, 9]
    assert tidy.about == (("genre", "reel"), ("composer", "reel"))


@given(data=st.data())
def test_tidying_twice_is_tidying_once(any_score, data: st.DataObject) -> None:
    once = without_redundant(data.draw(any_score))
    assert without_redundant(once) == once
    clear = without_overlaps(once)
    assert without_overlaps(clear) == clear
    assert len(clear.notes) <= len(once.notes)


def test_maps_made_by_hand_are_tidied() -> None:
    tempos = TempoMap(np.array([0, 10, 20]), np.array([100.0, 100.0, 90.0]))
    meters = MeterMap(*map(np.array, ([0, 10], [3, 3], [4, 4])))
    tidy = without_redundant(Score(Notes.none(), tempos=tempos, meters=meters))
    assert (tidy.tempos.time.tolist(), len(tidy.meters)) == ([0, 20], 1)


def test_a_key_is_struck_again_after_it_is_released() -> None:
    notes = Notes.of(
        [0, 100, 100, 50, 100], [300, 200, 400, 500, 300], [60, 60, 60, 61, 60], 90, 0, False, [0, 0, 0, 0, 1]
    )
    clear = without_overlaps(Score(notes)).notes
    assert clear.start.tolist() == [0, 100, 50, 100]
    assert clear.end.tolist() == [100, 400, 500, 300]
