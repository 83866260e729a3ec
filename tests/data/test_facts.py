from __future__ import annotations

import json

import numpy as np

from antiphon.data import facts
from antiphon.score.infer.key import infer_key
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score


def piece() -> Score:
    """A bar of 3/4 and three of 6/8; slow for two quarters, then fast; two tracks and a drum."""
    return Score(
        Notes.of(
            [0, 0, 480, 1440, 1440],
            [480, 960, 960, 5760, 1500],
            [60, 64, 67, 48, 36],
            [80, 80, 90, 100, 100],
            program=[0, 0, 0, 33, 0],
            is_drum=[False, False, False, False, True],
            track=[0, 0, 0, 1, 2],
        ),
        tempos=TempoMap.of([(0, 30.0), (960, 90.0), (9999, 200.0)]),
        meters=MeterMap.of([(0, 3, 4), (1440, 6, 8)]),
        keys=(KeyChange(0, Key(7)), KeyChange(1440, Key(4, "minor"))),
        chords=(Mark(0, "G"),),
        lyrics=(Mark(0, "la", 0), Mark(480, "la", 0)),
    )


def test_facts_of_a_piece() -> None:
    assert facts.of(piece()) == {
        "seconds": round(4 + 10 * 2 / 3, 3),
        "notes": 5,
        "drums": 1,
        "tracks": 3,
        "tempo": 90.0,
        "tempos": 2,
        "meter": "6/8",
        "meters": 2,
        "key": "G major",
        "key_from": "file",
        "programs": [0, 33],
        "polyphony": 2,
        "lowest": 48,
        "highest": 67,
        "velocities": 3,
        "chords": 1,
        "lyrics": 2,
    }


def test_every_fact_has_a_name_that_is_told_and_goes_through_json() -> None:
    found = facts.of(piece())
    assert set(found) == {*facts.NUMBERS, *facts.WORDS}
    assert json.loads(json.dumps(found)) == found
    assert facts.__doc__ is not None
    assert all(f"`{name}`" in facts.__doc__ for name in found)


def test_a_piece_without_notes_has_facts() -> None:
    found = facts.of(Score(Notes.none()))
    assert (found["notes"], found["seconds"], found["polyphony"], found["programs"]) == (0, 0.0, 0, [])
    assert (found["meter"], found["tempo"], found["meters"]) == ("4/4", 120.0, 1)
    assert (found["key"], found["key_from"]) == ("", "")
    assert "lowest" not in found


def test_drums_alone_have_no_pitches_or_programs() -> None:
    found = facts.of(Score(Notes.of([0, 0], [10, 10], [36, 42], is_drum=True)))
    assert (found["drums"], found["programs"], found["polyphony"]) == (2, [], 0)
    assert (found["key"], found["key_from"]) == ("", "")
    assert "highest" not in found


def test_a_key_that_no_file_gives_is_told_from_the_notes() -> None:
    scale = [62, 64, 66, 67, 69, 71, 73, 74, 69, 66, 62]
    starts = np.arange(len(scale)) * 480
    found = facts.of(Score(Notes.of(starts, starts + 480, scale)))
    assert (found["key"], found["key_from"]) == ("D major", "notes")


def test_the_key_from_notes_is_the_one_that_is_inferred() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        start = rng.integers(0, 5000, 40)
        program, is_drum = rng.choice([0, 33, 120], 40), rng.random(40) < 0.2
        score = Score(Notes.of(start, start + 1 + rng.integers(0, 900, 40), rng.integers(30, 90, 40),
                               program=program, is_drum=is_drum, track=rng.integers(0, 3, 40)))  # fmt: skip
        assert facts.of(score)["key"] == str(infer_key(score))
