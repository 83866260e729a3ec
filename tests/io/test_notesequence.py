"""A score written as a NoteSequence is read as the same score; what others wrote is read as they meant it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import FormatError
from antiphon.io import Limits, notesequence, records
from antiphon.io.notesequence import texts, tfrecord
from antiphon.io.notesequence.messages import BEAT, CHORD, note_sequence
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Bends, Controls, Score

TICKS = st.integers(0, 50_000)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
SAID = TEXT | st.sampled_from(
    ("Lyric: x", "Marker: Marker 3: y", "Mode: z", "About a: b", "Lyric 4: w", ": ")
)
WIDE = Limits(quarters=1 << 40, seconds=1e12)


@st.composite
def scores(draw: st.DrawFn) -> Score:
    """Scores that hold everything a score can; times of marks and keys are in order."""
    rows = draw(
        st.lists(
            st.tuples(
                *(TICKS, st.integers(0, 2000), st.integers(0, 127), st.integers(1, 127)),
                *(st.integers(0, 127), st.booleans(), st.integers(0, 5)),
            ),
            max_size=20,
        )
    )
    start, length, *others = _columns(rows, 7)
    modes = st.sampled_from(("major", "minor", "dorian", "aeolian", "hijaz"))
    keys = draw(st.dictionaries(TICKS, st.tuples(st.integers(0, 11), modes), max_size=3))
    names = st.sampled_from(("composer", "artist", "genre", "rhythm"))
    meters = st.tuples(TICKS, st.integers(1, 64), st.sampled_from((1, 2, 3, 4, 8, 16, 32, 64)))
    tempos = draw(st.lists(st.tuples(TICKS, st.floats(1, 2000)), max_size=4))
    return Score(
        notes=Notes(start, start + length, *others),
        ticks_per_quarter=draw(st.integers(1, 0x7FFF)),
        tempos=TempoMap.of(tempos),
        meters=MeterMap.of(draw(st.lists(meters, max_size=4))),
        keys=tuple(KeyChange(time, Key(*key)) for time, key in sorted(keys.items())),
        chords=_marks(draw(st.lists(st.tuples(TICKS, SAID, st.just(-1)), max_size=3))),
        lyrics=_marks(draw(st.lists(st.tuples(TICKS, SAID, st.integers(-1, 7)), max_size=4))),
        markers=_marks(draw(st.lists(st.tuples(TICKS, SAID, st.just(-1)), max_size=4))),
        controls=Controls(*_columns(draw(_rows(st.integers(0, 127), st.integers(0, 127))), 4)),
        bends=Bends(*_columns(draw(_rows(st.integers(-8192, 8191))), 3)),
        track_names=tuple(draw(st.lists(st.just("") | TEXT, max_size=4))),
        title=draw(st.just("") | TEXT),
        about=tuple(draw(st.lists(st.tuples(names, st.just("") | SAID), max_size=4))),
    )


def _rows(*values: st.SearchStrategy[int]) -> st.SearchStrategy[list[tuple[int, ...]]]:
    return st.lists(st.tuples(TICKS, *values, st.integers(0, 6)), max_size=5)


def _columns(rows: list[tuple[int, ...]], n: int) -> list[np.ndarray]:
    return list(np.array(rows, dtype=np.int64).reshape(-1, n).T)


def _marks(entries: list[tuple[int, str, int]]) -> tuple[Mark, ...]:
    return tuple(Mark(*entry) for entry in sorted(entries, key=lambda entry: entry[0]))


@settings(max_examples=150)
@given(scores())
def test_a_score_comes_back_equal(score: Score) -> None:
    assert notesequence.loads(notesequence.dumps(score), WIDE) == score


@settings(max_examples=200)
@given(st.sampled_from((texts.LYRIC, texts.MARKER)), st.integers(-1, 99), st.just("") | SAID)
def test_texts_are_understood_as_they_were_meant(kind: str, part: int, text: str) -> None:
    of = texts.of_part(part)
    assert texts.understood(texts.spoken(kind, text, of)) == (kind, of, text)


@pytest.mark.parametrize(
    "fields", [{"sequence_metadata": {"genre": [""]}}, {"section_groups": [{"sections": [{}]}]}]
)
def test_lists_in_lists_do_not_swell(fields: dict[str, Any]) -> None:
    """Two bytes of a file are a hundred of memory in such lists: 2 MiB of them, in pieces that may stand."""
    piece = message(**fields)
    (held,) = fields
    inner = getattr(piece, held)
    inner = inner.genre if held == "sequence_metadata" else inner[0].sections
    inner.extend(list(inner) * 300_000)
    data = piece.SerializeToString()
    assert len(notesequence.loads(data).notes) == 0
    with pytest.raises(FormatError, match="probably damaged"):
        notesequence.loads(data * 4)


def test_plain_texts_of_others_are_markers() -> None:
    for text in ("verse", "", "Lyrics: x", "Lyric x: y", "About: x", "Mode 3: x", "Chord: C"):
        assert texts.understood(text) == ("Marker", "", text)


def message(**fields: Any) -> Any:
    return note_sequence()["NoteSequence"](**fields)


def read(**fields: Any) -> Score:
    return notesequence.loads(message(**fields).SerializeToString())


def note(pitch: int, start: float, end: float, **fields: Any) -> dict[str, Any]:
    return {"pitch": pitch, "start_time": start, "end_time": end, **fields}


def test_bytes_are_those_of_the_format() -> None:
    """Encoded by hand from the tags: field << 3 | type, little-endian doubles."""
    score = Score(
        Notes.of([0], [480], [60], 80, 5, True, 0),
        480,
        keys=(KeyChange(0, Key(9, "minor")),),
        chords=(Mark(0, "Am"),),
        track_names=("x",),
        title="T",
        about=(("composer", "C"),),
    )
    half = b"\x21" + struct.pack("<d", 0.5)
    expected = [
        b"\x20\xe0\x03",  # 4 ticks_per_quarter
        b"\x2a\x04\x10\x04\x18\x04",  # 5 time_signatures: 4/4
        b"\x32\x04\x10\x09\x18\x01",  # 6 key_signatures: A minor
        b"\x3a\x09\x11" + struct.pack("<d", 120.0),  # 7 tempos
        b"\x42\x11\x08\x3c\x10\x50" + half + b"\x40\x05\x48\x01",  # 8 notes
        b"\x49" + struct.pack("<d", 0.5),  # 9 total_time
        b"\x72\x06\x12\x02Am\x18\x01",  # 14 text_annotations: a chord symbol
        b"\x9a\x01\x06\x0a\x01T\x22\x01C",  # 19 sequence_metadata
        b"\xba\x01\x03\x12\x01x",  # 23 instrument_infos
    ]
    assert notesequence.dumps(score) == b"".join(expected)


def test_absent_values_mean_what_the_format_says() -> None:
    score = read(notes=[note(60, 0.5, 1.0)])
    assert (score.ticks_per_quarter, score.tempos, score.meters) == (220, TempoMap.of(), MeterMap.of())
    assert score.notes == Notes.of([220], [440], [60], 100)


def test_tempo_changes_bend_the_clock() -> None:
    tempos = [{"time": 2.0, "qpm": 60.0}, {"qpm": 120.0}]
    score = read(tempos=tempos, ticks_per_quarter=100, notes=[note(60, 1.0, 2.0), note(62, 3.0, 3.5)])
    assert score.tempos == TempoMap.of([(0, 120), (400, 60)])
    assert score.notes.start.tolist() == [200, 500]
    assert score.notes.end.tolist() == [400, 550]


def test_quantised_sequences_are_read_by_their_steps() -> None:
    steps = [note(60, 0.01, 0.49, quantized_start_step=0, quantized_end_step=3)]
    chords = [{"time": 0.3, "quantized_step": 2, "text": "C", "annotation_type": CHORD}]
    by_quarter = read(
        notes=steps, tempos=[{"qpm": 90}], quantization_info={"steps_per_quarter": 3}, text_annotations=chords
    )
    assert by_quarter.ticks_per_quarter == 660
    assert by_quarter.notes.end.tolist() == [660]
    assert by_quarter.chords == (Mark(440, "C"),)
    by_second = read(notes=steps, quantization_info={"steps_per_second": 10})
    assert by_second.notes.end.tolist() == [132]  # 0.3 s of 440 ticks a second


def test_sections_are_played_out() -> None:
    sections = {"section_annotations": [{"section_id": 7}, {"time": 1.0, "section_id": 9}], "total_time": 3.0}
    inner = {"section_group": {"sections": [{"section_id": 7}], "num_times": 2}}
    score = read(
        notes=[note(60, 0.0, 1.5), note(64, 1.0, 2.0)],
        key_signatures=[{"key": 2}],
        section_groups=[{"sections": [inner, {"section_id": 9}], "num_times": 2}],
        **sections,
    )
    assert score.notes.pitch.tolist() == [60, 60, 64, 60, 60, 64]
    assert (score.start_s.tolist(), score.end_s.tolist()) == ([0, 1, 2, 4, 5, 6], [1, 2, 3, 5, 6, 7])
    assert {change.key for change in score.keys} == {Key(2)}


@pytest.mark.parametrize(
    "fields",
    [
        {"section_groups": [{"sections": [{"section_id": 3}], "num_times": 1}]},
        {
            "section_annotations": [{"section_id": 1}],
            "section_groups": [{"sections": [{"section_id": 1}], "num_times": (1 << 31) - 1}],
        },
        {"notes": [note(128, 0, 1)]},
        {"notes": [note(-1, 0, 1)]},
        {"notes": [note(60, float("nan"), 1)]},
        {"notes": [note(60, 0, float("inf"))]},
        {"notes": [note(60, -1, 1)]},
        {"notes": [note(60, 0, 1e9)]},
        {"tempos": [{"time": 1e300, "qpm": 100}]},
        {"tempos": [{"qpm": 1e9}], "notes": [note(60, 100, 101)]},
    ],
)
def test_what_cannot_be_music_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        read(**fields)


def test_odd_values_are_read_as_they_can_be() -> None:
    score = read(
        notes=[note(60, 1.0, 0.5, velocity=300, program=128, instrument=9), note(61, 0, 1, instrument=-5)],
        tempos=[{"qpm": 0}, {"qpm": float("nan")}],
        time_signatures=[{"numerator": 0, "denominator": 4}, {"numerator": 3, "denominator": 1 << 30}],
        key_signatures=[{"key": 25, "mode": 99}],
        text_annotations=[{"text": "1", "annotation_type": BEAT}, {"text": "verse"}],
    )
    assert score.notes == Notes.of([440, 0], [440, 440], [60, 61], [127, 100], [127, 0], False, [1, 0])
    assert (score.tempos, score.meters) == (TempoMap.of(), MeterMap.of())
    assert score.keys == (KeyChange(0, Key(1, "major")),)
    assert score.markers == (Mark(0, "verse"),)


def test_parts_that_a_sequence_names_are_its_parts() -> None:
    """As Magenta reads MusicXML: two parts that share an instrument."""
    parts = [{"part": 1, "name": "Violin"}, {"part": 2, "name": "Cello"}]
    notes = [note(60, 0, 1, part=2, instrument=1), note(72, 0, 1, part=1, instrument=1)]
    score = read(part_infos=parts, notes=notes)
    assert score.notes.track.tolist() == [1, 0]
    assert score.track_names == ("Violin", "Cello")


def test_texts_may_stand_far_off() -> None:
    text = [{"time": 1e6, "text": "the end"}]
    assert read(text_annotations=text).markers == (Mark(440_000_000, "the end"),)
    for time in (-1.0, 1e300, float("nan")):
        with pytest.raises(FormatError, match="a time of"):
            read(text_annotations=[{"time": time, "text": "x"}], tempos=[{"qpm": 1e12}])


def test_limits_are_kept() -> None:
    data = message(notes=[note(60, 0, 1)] * 5, tempos=[{"qpm": 100}] * 5).SerializeToString()
    for limits in (Limits(notes=4), Limits(changes=4), Limits(quarters=1), Limits(seconds=0.5)):
        with pytest.raises(FormatError):
            notesequence.loads(data, limits)


def test_long_messages_are_counted_before_they_are_made() -> None:
    with pytest.raises(FormatError, match="damaged"):
        notesequence.loads(b"\x42\x00" * (1 << 20))
    with pytest.raises(FormatError, match="damaged"):
        notesequence.loads(b"\xaa\x01\x80\x80\x80\x02" + b"\x0a\x00" * (1 << 21))
    with pytest.raises(FormatError, match="cut short"):
        notesequence.loads(b"\x42\x02\x08\x3c" * (1 << 19) + b"\x42\x10")
    many = message(notes=[note(60, i * 0.01, i * 0.01 + 0.2, velocity=9, program=1) for i in range(40_000)])
    assert len(notesequence.loads(many.SerializeToString()).notes) == 40_000


@pytest.mark.parametrize("name", ["val", "test"])
def test_records_of_magenta_are_read(dataset: Callable[[str], Path], name: str) -> None:
    """The Groove recordings as Magenta's convert_dir_to_note_sequences wrote them."""
    path = dataset("magenta-artifacts/magenta-artifacts") / "groove-tfrecord" / f"{name}.tfrecord"
    found = list(tfrecord.read(path))
    assert len(found) == {"val": 114, "test": 40}[name]
    for score, payload in zip(found, records.read(path), strict=True):
        theirs = note_sequence()["NoteSequence"].FromString(payload)
        np.testing.assert_allclose(score.start_s, [n.start_time for n in theirs.notes], atol=1e-6)
        np.testing.assert_allclose(score.end_s, [n.end_time for n in theirs.notes], atol=1e-6)
        assert score.notes.pitch.tolist() == [n.pitch for n in theirs.notes]
        assert score.duration_s == pytest.approx(theirs.total_time)
        assert (score.notes.is_drum.all(), score.ticks_per_quarter) == (True, 480)
        assert notesequence.loads(notesequence.dumps(score)) == score


def test_a_length_is_judged_in_ticks() -> None:
    """One tick is seven seconds here, and the nearest to the end lies beyond what is read."""
    message = note_sequence()["NoteSequence"](ticks_per_quarter=1)
    message.tempos.add(qpm=60 / 7)
    message.notes.add(pitch=60, velocity=80, end_time=48 * 3600 - 0.5)
    with pytest.raises(FormatError, match="longer than 48 hours"):
        notesequence.loads(message.SerializeToString())
    message.notes[0].end_time -= 7
    score = notesequence.loads(message.SerializeToString())
    assert notesequence.loads(notesequence.dumps(score)) == score
