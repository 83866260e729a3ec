"""What is written as MusicXML is read again, by our reader and by another."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon import io
from antiphon.errors import OutputError
from antiphon.io import musicxml
from antiphon.io.musicxml import sheet
from antiphon.score.bars import bar_lines, pickup
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score

Row = tuple[int, Fraction, Fraction, int, int, int, bool]


def rows(score: Score) -> list[Row]:
    """Every note with its times in quarters, sorted; notes without a length have one tick."""
    notes, per = score.notes, score.ticks_per_quarter
    end = np.maximum(notes.end, notes.start + 1)
    columns = (notes.track, notes.start, end, notes.pitch, notes.velocity, notes.program, notes.is_drum)
    return sorted(
        (track, Fraction(start, per), Fraction(stop, per), *sound)
        for track, start, stop, *sound in zip(*(column.tolist() for column in columns), strict=True)
    )


def lines(score: Score) -> list[Fraction]:
    return [Fraction(line, score.ticks_per_quarter) for line in bar_lines(score).tolist()]


def again(score: Score) -> Score:
    return musicxml.loads(musicxml.dumps(score))


@st.composite
def scores(draw: st.DrawFn) -> Score:
    per = draw(st.sampled_from((1, 4, 24, 96, 220, 480, 10_080)))
    ticks = st.integers(0, 20 * per)
    note = st.tuples(
        ticks, st.integers(0, 6 * per), st.integers(0, 127), st.integers(1, 127), st.integers(0, 2)
    )
    drawn = draw(st.lists(note, min_size=1, max_size=40))
    start, length, pitch, velocity, track = np.array(drawn).T
    notes = Notes.of(start, start + length, pitch, velocity, track * 7, track == 2, track)
    meters = st.tuples(st.integers(0, 12 * per), st.integers(1, 9), st.sampled_from((2, 4, 8)))
    tempos = st.tuples(ticks, st.floats(10, 500, allow_nan=False))
    return Score(
        notes,
        per,
        tempos=TempoMap.of(draw(st.lists(tempos, max_size=3))),
        meters=MeterMap.of(draw(st.lists(meters, max_size=3))),
    )


@settings(max_examples=60, deadline=None)
@given(scores())
def test_notes_tempos_and_bar_lines_come_back(score: Score) -> None:
    read = again(score)
    assert rows(read) == rows(score)
    times = [Fraction(time, read.ticks_per_quarter) for time in read.tempos.time.tolist()]
    assert times == [Fraction(time, score.ticks_per_quarter) for time in score.tempos.time.tolist()]
    assert read.tempos.qpm.tolist() == score.tempos.qpm.tolist()


def test_bar_lines_come_back() -> None:
    meters = MeterMap.of([(0, 1, 4), (480, 3, 4), (480 + 6 * 480, 6, 8)])
    score = Score(Notes.of([0, 480, 5000], [480, 960, 8000], [60, 61, 62]), meters=meters)
    read = again(score)
    assert lines(read) == lines(score)
    assert pickup(read) == 480
    assert read.meters == score.meters
    assert b'<measure number="0" implicit="yes">' in musicxml.dumps(score)


def test_everything_else_that_scores_carry_comes_back() -> None:
    score = Score(
        Notes.of(
            [0, 480, 960],
            [480, 960, 1920],
            [60, 61, 62],
            [90, 64, 1],
            [5, 5, 0],
            [False, False, True],
            [0, 0, 1],
        ),
        tempos=TempoMap.of([(0, 90.5), (700, 61.25)]),
        keys=(KeyChange(0, Key(9, "dorian")), KeyChange(700, Key(3, "minor"))),
        chords=tuple(
            Mark(i * 240, text) for i, text in enumerate(("Am7/G", "N.C.", "C7(b9)", "F#m7b5", "Bbmaj7"))
        ),
        lyrics=(Mark(0, "A-", 0), Mark(480, "ve", 0)),
        markers=(Mark(960, "B"),),
        track_names=("Flute & <Co>", "Kit"),
        title='"Title" <&>',
        about=(("composer", "J. <S>"), ("copyright", "& me")),
    )
    assert again(score) == score


def test_note_values_add_up_to_every_length() -> None:
    for length in range(1, 481):
        for divisions in (24, 96, 480):
            pieces = sheet.note_values(length, divisions)
            assert sum(part for part, _ in pieces) == length
            for part, value in pieces:
                if value is not None:
                    whole = next(time for time, f in sheet.SIMPLE.items() if f[:2] == value[:2])
                    assert Fraction(part, divisions) == whole * value.normal / value.actual


def test_written_values_are_those_of_the_page() -> None:
    score = Score(Notes.of([0, 720, 960, 1120, 1280], [720, 960, 1120, 1280, 1440], [60] * 5))
    text = musicxml.dumps(score).decode()
    assert re.findall(r"<type>(\w+)</type>(<dot/>)?", text)[:2] == [("quarter", "<dot/>"), ("eighth", "")]
    assert text.count("<actual-notes>3</actual-notes><normal-notes>2</normal-notes>") == 3


ORDERS = {
    "note": ("chord", "pitch", "unpitched", "rest", "duration", "tie", "instrument", "voice", "type", "dot",
             "time-modification", "notations", "lyric"),
    "attributes": ("divisions", "key", "time", "clef"),
    "harmony": ("root", "kind", "bass", "offset"),
    "direction": ("direction-type", "offset", "sound"),
    "score-part": ("part-name", "score-instrument", "midi-instrument"),
    "score-partwise": ("work", "movement-title", "identification", "part-list", "part"),
    "identification": ("creator", "rights", "encoding", "source"),
    "midi-instrument": ("midi-channel", "midi-program", "midi-unpitched"),
}  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(scores())
def test_elements_stand_in_the_order_of_the_standard(score: Score) -> None:
    score = score.replace(chords=(Mark(0, "Am/C"),), markers=(Mark(0, "A"),), keys=(KeyChange(1, Key(2)),))
    root = ElementTree.fromstring(musicxml.dumps(score))
    for element in root.iter():
        if element.tag in ORDERS:
            places = [ORDERS[element.tag].index(child.tag) for child in element]
            assert places == sorted(places)


def test_spelling_follows_the_key() -> None:
    def steps(key: Key) -> str:
        score = Score(Notes.of([0, 480], [480, 960], [61, 66]), keys=(KeyChange(0, key),))
        return "".join(re.findall(r"<step>(\w)</step>", musicxml.dumps(score).decode()))

    assert (steps(Key(9)), steps(Key(8))) == ("CF", "DG")


def test_a_text_far_away_makes_no_measures() -> None:
    score = Score(Notes.of([0], [480], [60]), markers=(Mark(1 << 50, "x"),))
    with pytest.raises(OutputError, match="586406201481 measures would be too large"):
        musicxml.dumps(score)
    beats = MeterMap.of((480 * n, 1, denominator) for n, denominator in enumerate((53, 59, 61)))
    with pytest.raises(OutputError, match="so little in common"):
        musicxml.dumps(Score(Notes.of([0], [1440], [60]), meters=beats))


def test_too_much_is_refused() -> None:
    notes = Notes.of([0, 10**9], [1, 10**9 + 1], [60, 60], track=[0, 40])
    with pytest.raises(OutputError, match="too large"):
        musicxml.dumps(Score(notes))


def test_real_midi_files_come_back(dataset: Callable[[str], Path]) -> None:
    files = sorted(dataset("pop909/pop909").rglob("*.mid"))[::150]
    tunes = sorted(dataset("melody/nottingham").rglob("*.mid"))
    files += [*tunes[::120], tunes[7]]
    assert len(files) > 25
    for path in files:
        score = io.load(path)
        read = again(score)
        assert rows(read) == rows(score), path
        assert lines(read) == lines(score), path


def test_midi_to_mxl_to_midi(played: list[Score], tmp_path: Path) -> None:
    for score in played:
        io.save(score, tmp_path / "played.mid")
        before = io.load(tmp_path / "played.mid")
        io.save(before, tmp_path / "a.mxl")
        io.save(io.load(tmp_path / "a.mxl"), tmp_path / "b.mid")
        assert rows(io.load(tmp_path / "b.mid")) == rows(before)


def test_another_reader_finds_the_same_notes(tmp_path: Path) -> None:
    music21 = pytest.importorskip("music21")
    score = Score(
        Notes.of([0, 0, 480, 720, 1440, 2000], [480, 960, 720, 1440, 2400, 2160], [60, 64, 66, 67, 70, 48]),
        meters=MeterMap.of([(0, 3, 4)]),
        keys=(KeyChange(0, Key(2)),),
    )
    path = tmp_path / "ours.musicxml"
    io.save(score, path)
    found = music21.converter.parse(path, forceSource=True).parts[0].stripTies().flatten().notes
    heard = sorted(
        (
            Fraction(note.offset).limit_denominator(480),
            Fraction(note.quarterLength).limit_denominator(480),
            pitch.midi,
        )
        for note in found
        for pitch in note.pitches
    )
    assert heard == sorted((start, end - start, pitch) for _, start, end, pitch, *_ in rows(score))
