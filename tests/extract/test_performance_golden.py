"""Performances of real MIDI files, and of small sequences, against the original's."""

import json

import numpy as np
import pytest

from antiphon import io
from antiphon.extract import extractor
from antiphon.extract import note_performance as by_note
from antiphon.extract import performance as streams
from antiphon.score.notes import Notes
from antiphon.score.pedal import sustained
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerSecond, QuantizedScore

FREE = {"window_steps": None, "min_events": 0, "max_events": None, "drums": True}
OPTIONS = {
    "performance_v0": FREE | {"n_velocity_bins": 0},
    "performance_v32": FREE,
    "performance_v32_512": FREE | {"min_events": 32, "max_events": 512},
    "performance_v32_split_instruments": FREE | {"split_parts": True},
    "note_performance_v32": FREE,
}
LOSSES = {
    "more than one program": "performances_discarded_more_than_1_program",
    "fewer than 32 events": "performances_discarded_too_short",
    "cut at 512 events": "performances_truncated",
    "more than 1000 steps between onsets": "performance_discarded_too_many_time_shift_steps",
    "a note of more than 1000 steps": "performance_discarded_too_many_duration_steps",
}
SECONDS = (5, 10, 20, 30, 40, 60, 120)


@pytest.fixture(scope="module")
def files(shared, golden_sources):
    entries = json.loads(shared("golden/d_extraction/polyphony_performance_20.json").read_text())
    return [(entry, sustained(io.load(golden_sources / entry["file"]))) for entry in entries]


def _extract(name, score):
    kind = extractor("note-performance" if name.startswith("note") else "performance")
    return kind.extract(quantize(score, PerSecond(100)), kind.options(**OPTIONS[name]))


def _rows(events):
    """Events of the original as rows of ours."""
    if events and isinstance(events[0][0], list):
        return [[value for _, value in (shift, pitch, loud, length)] for shift, pitch, loud, length in events]
    return events


def _described(performance):
    return (
        performance.start_step,
        performance.steps,
        performance.program,
        performance.events.tolist(),
    )


@pytest.mark.parametrize("name", OPTIONS)
def test_equals_the_original(name, files):
    assert len(files) == 20
    for entry, score in files:
        found, expected = _extract(name, score), entry[name]
        theirs = [
            (p["start_step"], p["num_steps"], p["program"], _rows(p["events"]))
            for p in expected["performances"]
        ]
        assert [_described(p) for p in found.sequences] == theirs, entry["file"]
        counts = {loss: n for loss, key in LOSSES.items() if (n := expected["stats"][key])}
        assert found.losses == counts, entry["file"]


@pytest.mark.parametrize("name", OPTIONS)
def test_lengths_equal_the_original(name, files):
    lengths, expected = np.zeros(8, dtype=int), np.zeros(8, dtype=int)
    for entry, score in files:
        seconds = [p.steps // 100 for p in _extract(name, score).sequences]
        lengths += np.bincount(np.searchsorted(SECONDS, seconds, side="right"), minlength=8)
        expected += list(entry[name]["stats"]["performance_lengths_in_seconds"].values())
    assert lengths.tolist() == expected.tolist()
    assert lengths.sum() >= 19


def _sequence(notes):
    """Notes (pitch, velocity, start and end in seconds) on a grid, rounded as the original rounds."""
    pitch, velocity, start, end = zip(*notes, strict=True)
    onsets = np.array(start) * 100
    steps = [(np.array(times) * 100 + 0.5).astype(int) for times in (start, end)]
    columns = Notes.of(steps[0], np.maximum(steps[1], steps[0] + 1), pitch, velocity)
    return QuantizedScore(columns, PerSecond(100), int(steps[1].max()), onsets=onsets)


CONFIGURATIONS = {
    "performance_performance": 0,
    "performance_performance_with_dynamics": 32,
    "performance_performance_with_dynamics_compact": 32,
    "performance_density_conditioned_performance_with_dynamics": 32,
}


@pytest.mark.parametrize(("configuration", "bins"), CONFIGURATIONS.items())
def test_small_sequences(configuration, bins, encodings):
    options = streams.PerformanceOptions(**FREE | {"n_velocity_bins": bins})
    for example in encodings(configuration)["examples"]:
        score = _sequence(example["source_notes"])
        (found,) = streams.extract(score, options).sequences
        assert found.events.tolist() == example["events"]


def test_small_sequences_by_note(encodings):
    for example in encodings("performance_performance_with_dynamics_and_note_encoding")["examples"]:
        score = _sequence(example["source_notes"])
        (found,) = by_note.extract(score, by_note.NotePerformanceOptions(**FREE)).sequences
        assert found.events.tolist() == _rows(example["events"])
