"""A score written as MIDI and read again is the same score."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon import io
from antiphon.errors import OutputError
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Bends, Controls, Score

TICKS = st.integers(0, 50_000)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)


@st.composite
def parts(draw: st.DrawFn, track: int) -> tuple[Notes, list[tuple[int, int, int]], list[tuple[int, int]]]:
    """One part: notes by onset that never overlap at one pitch, controls and bends by time."""
    sounding: dict[int, int] = {}
    rows = []
    for start, length, pitch, velocity in sorted(
        draw(
            st.lists(
                st.tuples(TICKS, st.integers(0, 2000), st.integers(0, 127), st.integers(1, 127)), min_size=1
            )
        ),
        key=lambda row: row[0],
    ):
        if start >= sounding.get(pitch, -1):
            rows.append((start, start + length, pitch, velocity))
            sounding[pitch] = start + max(length, 1)
    program, is_drum = draw(st.integers(0, 127)), draw(st.booleans())
    controls = draw(st.lists(st.tuples(TICKS, st.integers(0, 127), st.integers(0, 127)), max_size=5))
    bends = draw(st.lists(st.tuples(TICKS, st.integers(-8192, 8191)), max_size=5))
    notes = Notes.of(*np.array(rows).T, program, is_drum, track)
    return notes, sorted(controls, key=lambda c: c[0]), sorted(bends, key=lambda b: b[0])


@st.composite
def scores(draw: st.DrawFn) -> Score:
    n_tracks = draw(st.integers(1, 15))
    drawn = [draw(parts(track)) for track in range(n_tracks)]
    controls = [(*row, track) for track, (_, rows, _) in enumerate(drawn) for row in rows]
    bends = [(*row, track) for track, (_, _, rows) in enumerate(drawn) for row in rows]
    tempos = draw(st.lists(st.tuples(TICKS, st.integers(1000, (1 << 24) - 1)), max_size=4))
    meters = st.tuples(TICKS, st.integers(1, 64), st.sampled_from((1, 2, 4, 8, 16, 32, 64)))
    keys = draw(st.dictionaries(TICKS, st.integers(0, 11), max_size=3))
    return Score(
        notes=Notes.join([notes for notes, _, _ in drawn]),
        ticks_per_quarter=draw(st.integers(1, 0x7FFF)),
        tempos=TempoMap.of((time, 6e7 / tempo) for time, tempo in tempos),
        meters=MeterMap.of(draw(st.lists(meters, max_size=4))),
        keys=_keys(keys, draw(st.sampled_from(("major", "minor")))),
        chords=_marks(draw(st.lists(st.tuples(TICKS, TEXT), max_size=3)), -1),
        lyrics=_marks(
            draw(st.lists(st.tuples(TICKS, TEXT), max_size=3)), draw(st.integers(-1, n_tracks - 1))
        ),
        markers=_marks(draw(st.lists(st.tuples(TICKS, TEXT), max_size=3)), -1),
        controls=Controls(*_columns(controls, 4)),
        bends=Bends(*_columns(bends, 3)),
        track_names=tuple(draw(st.lists(st.just("") | TEXT, min_size=n_tracks, max_size=n_tracks))),
        title=draw(st.just("") | TEXT),
    )


def _columns(rows: list[tuple[int, ...]], n: int) -> list[np.ndarray]:
    return list(np.array(rows, dtype=np.int64).reshape(-1, n).T)


def _marks(entries: list[tuple[int, str]], track: int) -> tuple[Mark, ...]:
    return tuple(Mark(time, text, track) for time, text in sorted(entries, key=lambda e: e[0]))


def _keys(changes: dict[int, int], mode: str) -> tuple[KeyChange, ...]:
    kept: list[KeyChange] = []
    for time, tonic in sorted(changes.items()):
        if not kept or kept[-1].key.tonic != tonic:
            kept.append(KeyChange(time, Key(tonic, mode)))
    return tuple(kept)


WIDE = io.Limits(quarters=1 << 40, seconds=1e12)


@settings(max_examples=60, deadline=None)
@given(scores())
def test_what_is_written_is_read_again(score: Score) -> None:
    assert io.loads_midi(io.dumps_midi(score), limits=WIDE) == score


@settings(max_examples=20, deadline=None)
@given(scores())
def test_another_reader_finds_the_same_notes(score: Score) -> None:
    import io as stdlib_io

    mido = pytest.importorskip("mido")
    file = mido.MidiFile(file=stdlib_io.BytesIO(io.dumps_midi(score)))
    onsets = []
    for track in file.tracks:
        time = 0
        for message in track:
            time += message.time
            if message.type == "note_on" and message.velocity:
                onsets.append((time, message.note, message.velocity))
    assert file.ticks_per_beat == score.ticks_per_quarter
    notes = score.notes
    assert sorted(onsets) == sorted(
        zip(notes.start.tolist(), notes.pitch.tolist(), notes.velocity.tolist(), strict=True)
    )


def test_a_track_of_several_sounds_becomes_several_parts_of_one_name() -> None:
    score = Score(
        Notes.of([0, 10, 20], [5, 15, 25], [60, 61, 62], 90, [0, 7, 7], [False, False, True]),
        track_names=("x",),
    )
    again = io.loads_midi(io.dumps_midi(score))
    assert again.track_names == ("x", "x", "x")
    assert again.notes.program.tolist() == [0, 7, 7]
    assert again.notes.is_drum.tolist() == [False, False, True]


def test_forty_parts_share_channels_by_program() -> None:
    n = 40
    score = Score(
        Notes.of(range(n), range(1, n + 1), [60] * n, 90, [p % 12 for p in range(n)], False, range(n))
    )
    data = io.dumps_midi(score)
    assert io.loads_midi(data).notes.program.tolist() == score.notes.program.tolist()
    statuses = {
        tuple(data[at : at + 2]) for at in range(len(data)) if data[at] & 0xF0 == 0xC0 and data[at - 1] == 0
    }
    assert len({channel for channel, _ in statuses}) == len(statuses) == 12


def test_what_midi_cannot_hold_is_refused() -> None:
    note = Notes.of([0], [1], [60])
    with pytest.raises(OutputError, match="32767 ticks"):
        io.dumps_midi(Score(note, ticks_per_quarter=40_000))
    with pytest.raises(OutputError, match="meter of 4/3"):
        io.dumps_midi(Score(note, meters=MeterMap.of([(0, 4, 3)])))
    with pytest.raises(OutputError, match="time step"):
        io.dumps_midi(Score(Notes.of([0], [1 << 28], [60])))
