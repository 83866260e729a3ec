"""Polyphonic sequences of real MIDI files against the original's, and small ones with its own encoding."""

import json

import numpy as np
import pytest

from antiphon.codecs import polyphony as codec
from antiphon.extract.polyphony import (
    CONTINUED_NOTE,
    END,
    NEW_NOTE,
    START,
    STEP_END,
    PolyphonyOptions,
    extract,
)
from antiphon.score.notes import Notes
from antiphon.score.quantized import PerQuarter, QuantizedScore

STEPS = 4
KINDS = (START, END, STEP_END, NEW_NOTE, CONTINUED_NOTE)  # in the order of the original's numbers
REASONS = {
    "shorter than 80 steps": "polyphonic_tracks_discarded_too_short",
    "longer than 512 steps": "polyphonic_tracks_discarded_too_long",
    "more than one program": "polyphonic_tracks_discarded_more_than_1_program",
}
WHOLE = PolyphonyOptions(min_steps=0, max_steps=None, drums=True)


def _ids(events):
    """The original's (kind, pitch) pairs as ours; 0 stands for no pitch."""
    return [KINDS[kind] + (pitch if kind > 2 else 0) for kind, pitch in events]


@pytest.fixture(scope="module")
def cases(shared, pieces):
    found = []
    for entry in json.loads(shared("golden/d_extraction/polyphony_performance_20.json").read_text()):
        _, parts = pieces(entry["file"])
        found += zip(parts, entry["polyphony"], strict=True)
    return found


def test_equals_the_original(cases):
    wrong, sequences = set(), 0
    for piece, expected in cases:
        found = extract(piece.rounded_seconds(STEPS), WHOLE)
        theirs = [(s["start_step"], s["num_steps"], _ids(s["events"])) for s in expected["sequences"]]
        sequences += len(theirs)
        ours = [(s.start_step, s.n_steps, s.events.tolist()) for s in found.sequences]
        counts = {reason: expected["stats"][name] for reason, name in REASONS.items()}
        if ours != theirs or counts != {reason: found.losses[reason] for reason in REASONS}:
            wrong.add(piece.file)
    assert (len(cases), sequences) == (108, 107)
    assert wrong == set()


def test_encoding_of_small_ones(encodings):
    for example in encodings("polyphony_polyphony")["examples"]:
        pitch, _, start, end = zip(*example["source_notes"], strict=True)
        steps = (np.array([start, end]) * 8 + 0.5).astype(np.int64)
        notes = Notes.of(steps[0], np.maximum(steps[1], steps[0] + 1), pitch)
        score = QuantizedScore(notes, PerQuarter(STEPS), int(notes.end.max()))
        (sequence,) = extract(score, WHOLE).sequences
        assert sequence.events.tolist() == _ids(example["events"])
        assert sequence.n_steps == example["num_steps"]
        assert codec.labels(sequence.events)[1:].tolist() == example["labels"]
        assert codec.of_labels(codec.labels(sequence.events)).tolist() == sequence.events.tolist()
