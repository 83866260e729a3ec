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

ARTIFACTS = "magenta-artifacts/magenta-artifacts"
MELODIES = ("basic_rnn", "mono_rnn", "lookback_rnn", "attention_rnn")
IMPROV = ("basic_improv", "attention_improv", "chord_pitches_improv")
DRUMS = ("drum_kit", "one_drum")
PERFORMANCES = tuple(name for name in examples.LAYOUTS if "performance" in name)


@pytest.fixture(scope="module")
def eval_melodies(dataset: Callable[[str], Path]) -> Path:
    return dataset(ARTIFACTS) / "funkyb" / "eval_melodies.tfrecord"


def test_real_examples_are_the_melodies_they_were_made_of(
    eval_melodies: Path, golden: Callable[[str], Path]
) -> None:
    expected = json.loads(golden("b_eval_melodies/eval_melodies_all_events.json").read_text())
    found = examples.read(eval_melodies, "melody")
    assert len(found) == len(expected) == 22
    for melody, row in zip(found, expected, strict=True):
        assert isinstance(melody, Melody)
        assert melody.events.tolist() == row["events"]


def test_a_place_is_one_record(eval_melodies: Path) -> None:
    places = io.places(eval_melodies)
    assert [place.name for place in places] == [str(number) for number in range(1, 23)]
    assert examples.holds_examples(places[3])
    assert examples.read(places[3]) == examples.read(eval_melodies)[3:4]


def test_records_of_music_are_no_examples(dataset: Callable[[str], Path], eval_melodies: Path) -> None:
    music = dataset(ARTIFACTS) / "groove-tfrecord" / "val.tfrecord"
    assert not examples.holds_examples(music)
    with pytest.raises(FormatError, match="SequenceExample"):
        examples.read(music)
    with pytest.raises(FormatError, match="convert"):
        io.load(f"{eval_melodies}#3")


def rows(golden: Callable[[str], Path], file: str) -> list[tuple[TrainingExample, Any]]:
    """(example, its events as the original had them) of a golden file of encodings."""
    data = json.loads(golden(f"c_encodings/{file}.json").read_text())
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


@pytest.mark.parametrize("name", [*MELODIES, *IMPROV])
def test_melodies(golden: Callable[[str], Path], name: str) -> None:
    for example, events in rows(golden, f"{'improv' if name in IMPROV else 'melody'}_{name}"):
        assert examples.layout_of(example).name == name
        assert examples.sequence(example).events.tolist() == events


@pytest.mark.parametrize("name", DRUMS)
def test_drums(golden: Callable[[str], Path], name: str) -> None:
    for example, events in rows(golden, f"drums_{name}"):
        track = examples.sequence(example)
        assert examples.layout_of(example).name == name
        assert len(track) == len(events)
        if name == "one_drum":
            assert track.events.tolist() == [int(bool(hits)) for hits in events]
        else:
            assert track.events.tolist() == [
                sum({int(NINE.bit_of_pitch[pitch]) for pitch in hits}) for hits in events
            ]


@pytest.mark.parametrize("name", PERFORMANCES)
def test_performances(golden: Callable[[str], Path], name: str) -> None:
    for example, events in rows(golden, f"performance_{name}"):
        assert examples.layout_of(example).name == name
        found = examples.sequence(example).events.tolist()
        assert found == ([[value for _, value in note] for note in events] if "note" in name else events)


def test_polyphony(golden: Callable[[str], Path]) -> None:
    for example, events in rows(golden, "polyphony_polyphony"):
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


def test_another_kind_than_wanted_is_refused(eval_melodies: Path) -> None:
    with pytest.raises(FormatError, match="examples of melody"):
        examples.read(eval_melodies, "drums")
