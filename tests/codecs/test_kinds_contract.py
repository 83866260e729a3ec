"""What every registered kind of sequence promises, whoever wrote it."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.codecs.kinds import KINDS, Standing, plain
from antiphon.errors import NameNotFound
from antiphon.extract import EXTRACTORS, extractor
from antiphon.score.maps import Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.pedal import sustained
from antiphon.score.quantize import quantize
from antiphon.score.score import Controls, Score

NAMES = sorted(KINDS)
TICKS = 480
BEATS = 120


def song() -> Score:
    """A tune over drums, with chord symbols and a pedal, long enough for every kind's default options."""
    beats = np.arange(BEATS) * TICKS
    pitch = 60 + np.array([0, 2, 4, 5, 7, 9, 11, 12])[np.arange(BEATS) % 8]
    tune = Notes.of(beats, beats + TICKS // 2, pitch, 60 + np.arange(BEATS) % 60)
    drums = Notes.of(beats, beats + 60, np.where(np.arange(BEATS) % 2, 38, 36), 100, 0, True, 1)
    down = np.arange(0, BEATS, 4) * TICKS
    return Score(
        Notes.join([tune, drums]),
        TICKS,
        TempoMap.of([(0, 96)]),
        MeterMap.of([(0, 4, 4)]),
        chords=tuple(Mark(time, ("C", "G7", "Am")[bar % 3]) for bar, time in enumerate(down.tolist())),
        controls=Controls(
            *map(
                np.array,
                (
                    np.repeat(down, 2) + np.tile([0, 900], len(down)),
                    [64] * 2 * len(down),
                    [127, 0] * len(down),
                    [0] * 2 * len(down),
                ),
            )
        ),
        track_names=("Tune", "Drums"),
    )


def read(name: str, score: Score) -> list:
    kind = KINDS[name]
    options = kind.extractor.options()
    grid, pedal = kind.extractor.reading(options, 4)
    found = kind.extractor.extract(quantize(sustained(score) if pedal else score, grid), options).sequences
    assert found
    return found


def outcome(name: str, score: Score) -> tuple:
    options = KINDS[name].extractor.options()
    grid = KINDS[name].extractor.reading(options, 4).grid
    return KINDS[name].extractor.extract(quantize(score, grid), options), options


def test_every_extractor_is_a_kind() -> None:
    assert len(NAMES) >= 7
    assert set(KINDS) == set(EXTRACTORS)
    with pytest.raises(NameNotFound, match="Did you mean 'drums'"):
        extractor("drum")


@pytest.mark.parametrize("name", NAMES)
def test_a_song_gives_sequences_that_a_corpus_can_hold(name: str) -> None:
    kind = KINDS[name]
    for sequence in read(name, song()):
        assert isinstance(sequence, kind.extractor.sequence)
        ids = np.asarray(kind.encode(sequence))
        assert ids.shape == ((len(ids),) if len(kind.fields) == 1 else (len(ids), len(kind.fields)))
        assert len(ids) > 0
        assert (ids == ids.astype(np.int16)).all()
        again = kind.decode(ids.astype(np.int16), Standing.of(sequence), kind.extractor.options())
        assert again == sequence


@pytest.mark.parametrize("name", NAMES)
def test_what_sounds_is_told_in_order(name: str) -> None:
    kind = KINDS[name]
    for sequence in read(name, song()):
        time, pitch = kind.profile(sequence)
        assert len(time) == len(pitch) > 0
        assert (np.lexsort((-pitch, time)) == np.arange(len(time))).all()
        assert time.min() >= 0


@pytest.mark.parametrize("name", NAMES)
def test_a_sequence_can_be_heard_and_found_again(name: str) -> None:
    kind = KINDS[name]
    for sequence in read(name, song()):
        score = kind.extractor.to_score(sequence)
        assert len(score.notes) > 0
        again = read(name, score)
        heard = [np.asarray(kind.profile(s).pitch) for s in (sequence, *again)]
        assert any(np.array_equal(heard[0], other) for other in heard[1:])


@pytest.mark.parametrize("name", NAMES)
def test_options_are_plain_values(name: str) -> None:
    options = KINDS[name].extractor.options()
    assert json.loads(json.dumps(dataclasses.asdict(options))) is not None
    assert type(options)(**dataclasses.asdict(options)) == options


@pytest.mark.parametrize("name", NAMES)
def test_silence_has_a_reason(name: str) -> None:
    result, _ = outcome(name, Score(Notes.none()))
    assert not result.sequences
    assert result.losses


_ROWS = st.lists(
    st.tuples(st.integers(0, 40_000), st.integers(1, 4000), st.integers(0, 127), st.integers(1, 127)),
    max_size=30,
)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(rows=_ROWS, drums=st.booleans(), meter=st.sampled_from([(3, 4), (4, 4), (6, 8), (5, 16), (7, 8)]))
def test_any_notes_are_read_or_lost_for_a_reason(
    name: str, rows: list[tuple[int, int, int, int]], drums: bool, meter: tuple[int, int]
) -> None:
    start, length, pitch, velocity = np.array(rows, np.int64).reshape(-1, 4).T
    notes = Notes.of(start, start + length, pitch, velocity, 0, drums)
    result, options = outcome(name, Score(notes, meters=MeterMap.of([(0, *meter)])))
    assert result.sequences or result.losses
    for sequence in result.sequences:
        ids = KINDS[name].encode(sequence)
        assert KINDS[name].decode(ids, Standing.of(sequence), options) == sequence


@pytest.mark.parametrize("name", ["melody", "polyphony", "performance", "note-performance"])
def test_without_a_codec_onsets_are_counted_in_steps_too(name: str) -> None:
    sequence = read(name, song())[0]
    time, pitch = plain(name, EXTRACTORS[name]).profile(sequence)
    expected = KINDS[name].profile(sequence)
    np.testing.assert_array_equal(time, expected.time)
    np.testing.assert_array_equal(pitch, expected.pitch)
