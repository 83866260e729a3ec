"""The bundled melody models write the music that they wrote when they were last trained, to the byte.

`same_music.json` holds, for each bundle and each way of asking, the first digits of the SHA-256 of the MIDI
file of every seed. Run as a program, this file writes it anew; that is only right where music is meant to
change.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import antiphon
from antiphon.io import midi
from antiphon.score.maps import Key, KeyChange, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score

RECORD = Path(__file__).with_name("same_music.json")
BUNDLES = ("melody/attention", "melody/basic", "melody/lookback", "melody/mono", "melody/phrase")
SEEDS = range(20)


def _jig() -> Score:
    """Two and a half bars of 6/8 in D with a pick-up of a quaver, at 100 quarters per minute."""
    lengths = np.array([1, 2, 1, 2, 1, 3, 1, 1, 1, 2, 1], dtype=np.int64) * 240
    start = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    pitch = [69, 74, 73, 74, 76, 78, 79, 78, 76, 74, 73]
    return Score(
        Notes.of(start, start + lengths, pitch, program=73),
        480,
        TempoMap.of([(0, 100)]),
        MeterMap.of([(0, 1, 8), (240, 6, 8)]),
        keys=(KeyChange(0, Key(2)),),
        track_names=("Flute",),
        source="jig.mid",
    )


TUNE = [62, -2, 64, -2, 66, -2, 67, -2, 69, -2, -2, -2, 71, -2, -1, -2]
CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "nothing": (None, {"bars": 8}),
    "waltz": (None, {"bars": 6, "meter": "3/4", "qpm": 96, "program": "cello"}),
    "key": (None, {"bars": 6, "key": "F# minor"}),
    "in key": (None, {"bars": 6, "key": "Bb", "in_key": True, "meter": "6/8"}),
    "events": (TUNE, {"bars": 5}),
    "file": (_jig, {"bars": 8, "program": "flute"}),
    "file moved": (_jig, {"bars": 6, "key": "E minor", "transpose": 2, "primer_bars": 1}),
    "file left out": (_jig, {"steps": 70, "with_primer": False}),
    "narrow": (TUNE, {"steps": 77, "temperature": 0.7, "top_k": 12, "top_p": 0.9}),
    "wild": (None, {"bars": 4, "temperature": 1.4}),
    "greedy": (TUNE, {"bars": 4, "temperature": 0}),
    "beam": (None, {"bars": 3, "beam_size": 4, "branch_factor": 3, "steps_per_iteration": 2}),
    "beam on": (_jig, {"bars": 4, "beam_size": 3, "branch_factor": 2, "temperature": 0.8}),
}


def digests(bundle: str, case: str) -> list[str]:
    """The first ten digits of each seed's file."""
    model, (primer, options) = antiphon.load(bundle), CASES[case]
    given = primer() if callable(primer) else primer
    found = []
    for seed in SEEDS:
        (piece,) = model.generate(given, seed=seed, outputs=[seed % 3], **options)
        found.append(hashlib.sha256(midi.dumps(piece.score)).hexdigest()[:10])
    return found


def test_there_is_something_to_compare() -> None:
    recorded = json.loads(RECORD.read_text())
    assert {(bundle, case) for bundle in recorded for case in recorded[bundle]} == {
        (bundle, case) for bundle in BUNDLES for case in CASES
    }
    assert all(len(found) == len(SEEDS) for cases in recorded.values() for found in cases.values())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_same_music_as_ever(bundle: str, case: str) -> None:
    assert digests(bundle, case) == json.loads(RECORD.read_text())[bundle][case]


if __name__ == "__main__":
    everything = {bundle: {case: digests(bundle, case) for case in CASES} for bundle in BUNDLES}
    RECORD.write_text(json.dumps(everything, indent=1) + "\n")
