"""ABC written and read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon import io
from antiphon.errors import OutputError
from antiphon.io import abc
from antiphon.io.abc.pitches import key_text
from antiphon.score import bars
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score

Row = tuple[int, int, int, int]


def rows(score: Score, steps: int = 48) -> list[Row]:
    """(track, onset, end, pitch) of every note, in steps of a quarter."""
    scale = steps / score.ticks_per_quarter
    times = (np.rint(column * scale).astype(int).tolist() for column in (score.notes.start, score.notes.end))
    return sorted(zip(score.notes.track.tolist(), *times, score.notes.pitch.tolist(), strict=True))


def again(score: Score) -> Score:
    return abc.loads(abc.dumps(score))


@st.composite
def lines(draw: st.DrawFn) -> Notes:
    """A line of notes, chords and rests on the grid."""
    time, found = 0, []
    for gap, length, pitches in draw(
        st.lists(
            st.tuples(
                st.sampled_from([0, 0, 0, 3, 8, 16, 24, 48, 100]),
                st.sampled_from([3, 6, 8, 12, 16, 24, 32, 48, 72, 250]),
                st.sets(st.integers(0, 127), min_size=1, max_size=3),
            ),
            max_size=20,
        )
    ):
        time += gap
        found += [(time, time + length, pitch) for pitch in pitches]
        time += length
    columns = np.array(found, dtype=np.int64).reshape(-1, 3)
    return Notes.of(columns[:, 0], columns[:, 1], columns[:, 2])


keys = st.builds(
    Key, st.integers(0, 11), st.sampled_from(["major", "minor", "dorian", "mixolydian", "locrian"])
)
meters = st.sampled_from([(4, 4), (3, 4), (6, 8), (2, 2), (5, 8), (1, 4)])


@given(
    notes=lines(),
    upper=lines(),
    changes=st.lists(st.tuples(st.integers(1, 40), meters), max_size=3),
    first=meters,
    signatures=st.lists(st.tuples(st.integers(0, 400), keys), max_size=3),
    symbols=st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from(["C", "F#m7", "Bb/D", "N.C."])), max_size=3
    ),
)
@settings(max_examples=60)
def test_notes_come_back_on_the_grid(
    notes: Notes,
    upper: Notes,
    changes: list[tuple[int, tuple[int, int]]],
    first: tuple[int, int],
    signatures: list[tuple[int, Key]],
    symbols: list[tuple[int, str]],
) -> None:
    score = Score(
        Notes.join([notes, upper.replace(track=1)]),
        48,
        meters=MeterMap.of([(0, *first), *((24 * time, *meter) for time, meter in changes)]),
        keys=tuple(KeyChange(time, key) for time, key in sorted(dict(signatures).items())),
        chords=tuple(Mark(time, text) for time, text in sorted(dict(symbols).items())),
        track_names=("low", "high"),
    )
    found = again(score)
    assert rows(found) == rows(score)
    scale = found.ticks_per_quarter // 48
    assert [(chord.time // scale, chord.text) for chord in found.chords] == [c[:2] for c in score.chords]
    if len(notes) or len(upper) or symbols:
        assert found.track_names == score.track_names


def test_notes_of_one_letter_are_tied_into_another_key() -> None:
    """C and C sharp go on in C minor, where the latter is D flat."""
    score = Score(Notes.of([140, 140], [190, 190], [60, 61]), 48, keys=(KeyChange(144, Key(0, "minor")),))
    assert rows(again(score)) == rows(score)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 200)), max_size=25))
@settings(max_examples=40)
def test_what_overlaps_comes_back(spans: list[tuple[int, int]]) -> None:
    start, length = (np.array([span[i] for span in spans], dtype=np.int64) for i in (0, 1))
    score = Score(Notes.of(start, start + length, 50 + np.arange(len(spans))), 48)
    assert rows(again(score)) == rows(score)


@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 900), st.integers(0, 127)), max_size=12),
    st.integers(1, 999),
)
@settings(max_examples=25)
def test_any_score_is_written_near_the_grid(notes: list[tuple[int, int, int]], per_quarter: int) -> None:
    columns = np.array(notes, dtype=np.int64).reshape(-1, 3)
    score = Score(Notes.of(columns[:, 0], columns.sum(axis=1) - columns[:, 2], columns[:, 2]), per_quarter)
    found = again(score)
    assert len(found.notes) == len(score.notes)
    assert found.end / found.ticks_per_quarter == pytest.approx(score.end / per_quarter, abs=2 / 48)


def test_everything_that_abc_holds_comes_back() -> None:
    score = Score(
        Notes.of(
            [0, 480, 1440, 1920, 480], [480, 1440, 1920, 3840, 3840], [60, 66, 70, 61, 40],
            velocity=[100, 100, 60, 60, 105], program=[40, 40, 40, 40, 0], track=[0, 0, 0, 0, 1],
        ),
        tempos=TempoMap.of([(0, 90.5), (1920, 61.25)]),
        meters=MeterMap.of([(0, 1, 4), (480, 3, 4), (1920, 2, 2)]),
        keys=(KeyChange(0, Key(2)), KeyChange(1920, Key(10, "minor"))),
        chords=(Mark(480, "Em7"), Mark(1000, "A7/C#")),
        lyrics=(Mark(0, "one-two", 0), Mark(1440, "three four", 0)),
        track_names=("Flute & \"co\"", "Low"),
        title="50% of é",
        about=(("composer", "Some & body"), ("subtitle", "other")),
    )  # fmt: skip
    found = again(score)
    assert bars.pickup(found) == 480
    expected = score.replace(
        notes=score.notes.sorted(),
        track_names=("Flute & 'co'", "Low"),
        about=(score.about[1], score.about[0]),
    )
    assert found.replace(notes=found.notes.sorted()) == expected


def test_triplets_accidentals_and_ties_are_written_as_people_do() -> None:
    times = np.array([0, 16, 32, 48, 96, 144, 168])
    notes = Notes.of(times, np.append(times[1:], 216), [60, 61, 61, 60, 66, 67, 69])
    text = abc.dumps(Score(notes, 48, meters=MeterMap.of([(0, 2, 4)]), keys=(KeyChange(0, Key(7)),))).decode()
    assert text.splitlines()[-1] == "(3C^CC =C2 | F2 G A- | A |]"
    assert "V:" not in text


@pytest.mark.parametrize("tonic", range(12))
def test_keys_are_spelled_with_few_accidentals(tonic: int) -> None:
    for mode in ("major", "minor", "dorian"):
        text = key_text(Key(tonic, mode))
        score = abc.loads(f"X:1\nK:{text}\nC\n".encode())
        assert score.keys == (KeyChange(0, Key(tonic, mode)),)
    assert key_text(Key(1, "minor")) == "C#m"
    assert key_text(None) == "none"


def test_what_abc_cannot_hold() -> None:
    for meter in ((4, 3), (300, 4), (4, 256)):
        with pytest.raises(OutputError, match="cannot hold a meter"):
            abc.dumps(Score(Notes.of([0], [1], [60]), meters=MeterMap.of([(0, *meter)])))
    with pytest.raises(OutputError, match="at most 100000"):
        abc.dumps(Score(Notes.of([0], [10**9], [60])))


def test_real_tunes_come_back(dataset: Callable[[str], Path]) -> None:
    folder = dataset("melody/trad-tunes-abc")
    files = [*sorted(folder.rglob("*.abc"))[::19], *sorted(folder.rglob("*.mid"))[::300]]
    assert len(files) >= 200
    for path in files:
        score = io.load(path)
        assert rows(again(score)) == rows(score), path.name
