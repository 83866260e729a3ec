"""Drum tracks and losses of real MIDI files against the original's, whole and split where tempo or meter
change, and its drum classes.

As in the melodies' test, times go through the original's floating-point seconds, so that it is the extraction
that is tested.
"""

import numpy as np
import pytest

from antiphon.extract.drum_classes import NINE, ONE
from antiphon.extract.drums import DrumOptions, DrumTrack, extract

STEPS = 4
ARGUMENTS = {
    "default": DrumOptions(max_steps=None, hits=True),
    "pipeline": DrumOptions(hits=True),
}
REASONS = {
    "shorter than 7 bars": "drum_tracks_discarded_too_short",
    "cut at 512 steps": "drum_tracks_truncated",
}


def _differs(piece, expected, argument):
    found = extract(piece.rounded_seconds(STEPS), ARGUMENTS[argument])
    ours = [(d.start_step, d.steps_per_bar, d.steps_per_quarter, d.pitch_sets()) for d in found.sequences]
    theirs = [
        (t["start_step"], t["steps_per_bar"], t["steps_per_quarter"], [frozenset(e) for e in t["events"]])
        for t in expected[f"drums_{argument}"]
    ]
    counts = expected[f"drums_{argument}_stats"]
    losses = {reason: counts[name] for reason, name in REASONS.items()}
    return ours != theirs or losses != {reason: found.losses[reason] for reason in REASONS}


def test_equals_the_original(melody_and_drum_cases):
    assert len(melody_and_drum_cases) == 943
    expected = [case for _, case in melody_and_drum_cases]
    assert sum(len(case[f"drums_{argument}"]) for case in expected for argument in ARGUMENTS) == 26
    assert sum(
        case[f"drums_{argument}_stats"]["drum_tracks_truncated"]
        for case in expected
        for argument in ARGUMENTS
    )
    wrong = {
        (piece.file, a)
        for piece, case in melody_and_drum_cases
        for a in ARGUMENTS
        if _differs(piece, case, a)
    }
    assert wrong == set()


def test_classes_of_the_original_tracks(melody_and_drum_cases):
    """Without exact sounds the same tracks come out, as sets of classes."""
    compared = 0
    for piece, expected in melody_and_drum_cases:
        tracks = extract(piece.rounded_seconds(STEPS)).sequences if expected["drums_pipeline"] else []
        for track, theirs in zip(tracks, expected["drums_pipeline"], strict=True):
            bits = [sum({int(NINE.bit_of_pitch[pitch]) for pitch in event}) for event in theirs["events"]]
            assert track.events.tolist() == bits
            compared += 1
    assert compared == 13


@pytest.mark.parametrize(("config", "classes"), [("drums_drum_kit", NINE), ("drums_one_drum", ONE)])
def test_classes_are_the_originals(encodings, config, classes):
    vectors = encodings(config)
    assert classes.n_sets == vectors["num_classes"]
    for example in vectors["examples"]:
        sets = [
            int(np.bitwise_or.reduce(classes.bit_of_pitch[event])) if event else 0
            for event in example["events"]
        ]
        drums = DrumTrack(sets, classes=classes.name)
        if config == "drums_drum_kit":  # the one-drum model's labels are those of its lookbacks
            assert sets[1:] == example["labels"]
        assert [sorted(event) for event in drums.pitch_sets()][1:] == example["decoded_events"][1:]
