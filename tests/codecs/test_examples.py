"""Magenta's training examples become the event sequences they were made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon import io
from antiphon.codecs import examples, polyphony
from antiphon.errors import FormatError, NameNotFound
from antiphon.extract import Melody
from antiphon.extract.drum_classes import NINE
from antiphon.io.examples import TrainingExample
from antiphon.io.notesequence import tfrecord
from antiphon.score.notes import Notes
from antiphon.score.score import Score

Encodings = Callable[[str], dict[str, Any]]

MELODIES = ("melody_basic_rnn", "melody_mono_rnn", "melody_lookback_rnn", "melody_attention_rnn")
IMPROV = ("improv_basic_improv", "improv_attention_improv", "improv_chord_pitches_improv")
DRUMS = ("drums_drum_kit", "drums_one_drum")
PERFORMANCES = (
    "performance_performance",
    "performance_performance_with_dynamics",
    "performance_performance_with_dynamics_compact",
    "performance_performance_with_dynamics_and_note_encoding",
    "performance_density_conditioned_performance_with_dynamics",
    "performance_pitch_conditioned_performance_with_dynamics",
    "performance_multiconditioned_performance_with_dynamics",
    "performance_optional_multiconditioned_performance_with_dynamics",
)


def test_every_layout_has_encodings_of_the_original() -> None:
    files = (*MELODIES, *IMPROV, *DRUMS, *PERFORMANCES, "polyphony_polyphony")
    assert sorted(map(layout_name, files)) == sorted(examples.LAYOUTS)


def layout_name(file: str) -> str:
    return file.partition("_")[2]


def test_real_examples_are_the_melodies_they_were_made_of(
    dataset: Callable[[str], Path], shared: Callable[[str], Path]
) -> None:
    path = dataset("magenta-artifacts/magenta-artifacts") / "funkyb" / "eval_melodies.tfrecord"
    expected = json.loads(shared("golden/b_eval_melodies/eval_melodies_all_events.json").read_text())
    found = examples.read(path, "melody")
    assert len(found) == len(io.places(path)) == len(expected) == 22
    for melody, row in zip(found, expected, strict=True):
        assert isinstance(melody, Melody)
        assert melody.events.tolist() == row["events"]


def test_a_file_of_examples_is_the_melodies_they_were_made_of(
    training_examples: Path, encodings: Encodings
) -> None:
    found = examples.read(training_examples, "melody")
    expected = [row["events"] for row in encodings("melody_attention_rnn")["examples"]]
    assert [melody.events.tolist() for melody in found] == expected


def test_a_place_is_one_record(training_examples: Path) -> None:
    places = io.places(training_examples)
    assert [place.name for place in places] == [str(number) for number in range(1, 11)]
    assert examples.holds_examples(places[3])
    assert examples.read(places[3]) == examples.read(training_examples)[3:4]


def test_records_of_music_are_no_examples(training_examples: Path, tmp_path: Path) -> None:
    music = tmp_path / "music.tfrecord"
    tfrecord.write(music, [Score(Notes.of([0, 480], [480, 960], [60, 62]))] * 3)
    assert not examples.holds_examples(music)
    with pytest.raises(FormatError, match="SequenceExample"):
        examples.read(music)
    with pytest.raises(FormatError, match="convert"):
        io.load(f"{training_examples}#3")


def rows(data: dict[str, Any]) -> list[tuple[TrainingExample, Any]]:
    """(example, its events as the original had them) of a golden file of encodings."""
    found = []
    for row in data["examples"]:
        if not row.get("labels"):
            continue
        inputs = np.zeros((len(row["labels"]), data["input_size"]), dtype=np.float32)
        for step, cells in enumerate(row["inputs_sparse"]):
            for column, value in cells:
                inputs[step, column] = value
        found.append((TrainingExample(inputs, np.array(row["labels"], dtype=np.int64)), row["events"]))
    assert len(found) >= 5
    return found


@pytest.mark.parametrize("file", [*MELODIES, *IMPROV])
def test_melodies(encodings: Encodings, file: str) -> None:
    for example, events in rows(encodings(file)):
        assert examples.layout_of(example).name == layout_name(file)
        assert examples.sequence(example).events.tolist() == events


@pytest.mark.parametrize("file", DRUMS)
def test_drums(encodings: Encodings, file: str) -> None:
    for example, events in rows(encodings(file)):
        track = examples.sequence(example)
        assert examples.layout_of(example).name == layout_name(file)
        assert len(track) == len(events)
        if file == "drums_one_drum":
            assert track.events.tolist() == [int(bool(hits)) for hits in events]
        else:
            assert track.events.tolist() == [
                sum({int(NINE.bit_of_pitch[pitch]) for pitch in hits}) for hits in events
            ]


@pytest.mark.parametrize("file", PERFORMANCES)
def test_performances(encodings: Encodings, file: str) -> None:
    for example, events in rows(encodings(file)):
        assert examples.layout_of(example).name == layout_name(file)
        found = examples.sequence(example).events.tolist()
        assert found == ([[value for _, value in note] for note in events] if "note" in file else events)


def test_polyphony(encodings: Encodings) -> None:
    for example, events in rows(encodings("polyphony_polyphony")):
        found = examples.sequence(example)
        first = {0: 0, 1: 1, 2: 2, 3: 3, 4: 131}
        expected = [first[kind] + (pitch or 0) for kind, pitch in events]
        assert polyphony.labels(found.events).tolist() == expected


def test_every_layout_is_told_by_its_width() -> None:
    widths = [layout.width for layout in examples.LAYOUTS.values()]
    assert len(widths) == len(set(widths)) >= 12


def example(inputs: list[list[float]], labels: list[int]) -> TrainingExample:
    return TrainingExample(np.array(inputs, dtype=np.float32), np.array(labels, dtype=np.int64))


def test_what_is_no_example_of_the_model_is_refused() -> None:
    one = [[1.0] + [0.0] * 37]
    with pytest.raises(FormatError, match="basic_rnn, which has 38"):
        examples.sequence(example(one, [38]))
    with pytest.raises(FormatError, match="no event"):
        examples.sequence(example([[0.0] * 38], [0]))
    with pytest.raises(FormatError, match="of 39 inputs"):
        examples.sequence(example([[0.0] * 39], [0]))
    with pytest.raises(FormatError, match="mono_rnn have 130"):
        examples.layout_of(example(one, [0]), "mono_rnn")
    with pytest.raises(NameNotFound):
        examples.layout_of(example(one, [0]), "mono")


def test_another_kind_than_wanted_is_refused(training_examples: Path) -> None:
    with pytest.raises(FormatError, match="examples of melody"):
        examples.read(training_examples, "drums")
