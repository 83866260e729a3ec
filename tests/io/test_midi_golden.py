"""MIDI files say what the original read in them, with every difference listed and counted.

The figures were read by pretty_midi. Where it and a player disagree, we follow the player; the differences
are these:

- "meters in later tracks": pretty_midi takes meters from the first track only, a player from all.
- "meter said twice": the same meter twice at one time is one entry here.
- "program at note-off": pretty_midi gives a note the program at its end, here the one at its onset.
- "controls without notes": controls of a channel and program without notes belong to no part here.
- "last name": a track with several names carries its last one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon import io
from antiphon.errors import FormatError
from antiphon.score.score import Score

# file name -> {what differs: (cause, rows here that are not there, rows there that are not here)}
EXCEPTIONS = {
    "english3.mid": {"meters": ("meters in later tracks", 9, 0), "names": ("last name", 1, 1)},
    "304.mid": {"meters": ("meter said twice", 0, 1)},
    "All The Small Things.mid": {
        "notes": ("program at note-off", 12, 12),
        "controls": ("controls without notes", 0, 2),
    },
    "In Too Deep.mid": {"controls": ("controls without notes", 0, 5)},
}
REFUSED = {"ValueError_Control168.mid", "Issue104_Bizarre_Love_Triangle2.mid"}  # a data byte above 127

Row = tuple[Any, ...]


def test_midi_files_read_as_the_original_did(shared: Callable[[str], Path], golden_sources: Path) -> None:
    sequences = json.loads(shared("golden/e_midi/notesequences_30.json").read_text())
    assert len(sequences) >= 48
    found: dict[str, dict[str, tuple[int, int]]] = {}
    n_refused = 0
    for wanted in sequences:
        path = golden_sources / wanted["file"]
        if "error" in wanted:
            with pytest.raises(FormatError):
                io.load(path)
            assert path.name in REFUSED
            n_refused += 1
            continue
        score = io.load(path)
        assert score.ticks_per_quarter == wanted["ticks_per_quarter"]
        assert score.duration_s == pytest.approx(wanted["total_time"], abs=1e-6)
        differences = {what: extra for what, extra in compared(score, wanted).items() if extra != (0, 0)}
        if differences:
            found[path.name] = differences
    assert n_refused == 3
    assert found == {
        name: {what: (more, fewer) for what, (_, more, fewer) in listed.items()}
        for name, listed in EXCEPTIONS.items()
    }


def compared(score: Score, wanted: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """For each kind of row, how many stand only here and how many only there."""
    here = read(score)
    there = {
        "notes": [
            (start, end, p, v, program, drum) for p, v, start, end, _, program, drum in wanted["notes"]
        ],
        "tempos": [(time, qpm) for time, qpm in wanted["tempos"]],
        "meters": wanted["time_signatures"],
        "keys": wanted["key_signatures"],
        "controls": [
            (time, number, value, *rest) for time, number, value, _, *rest in wanted["control_changes"]
        ],
        "bends": [(time, value, *rest) for time, value, _, *rest in wanted["pitch_bends"]],
        "names": [(name,) for _, name in wanted["instrument_infos"]],
    }
    floats = {"notes": 2, "tempos": 2, "names": 0}
    return {what: unmatched(here[what], there[what], floats.get(what, 1)) for what in there}


def read(score: Score) -> dict[str, list[Row]]:
    """Rows of the score as the original lists them, times in seconds first."""
    notes, controls, bends = score.notes, score.controls, score.bends
    sound = dict(
        zip(
            notes.track.tolist(),
            zip(notes.program.tolist(), notes.is_drum.tolist(), strict=True),
            strict=True,
        )
    )

    def at(times: Any) -> list[float]:
        return score.tempos.seconds(np.asarray(times, dtype=np.int64), score.ticks_per_quarter).tolist()

    def columns(*values: Any) -> list[Row]:
        return list(zip(*(np.asarray(v).tolist() for v in values), strict=True))

    return {
        "notes": columns(
            score.start_s, score.end_s, notes.pitch, notes.velocity, notes.program, notes.is_drum
        ),
        "tempos": columns(at(score.tempos.time), score.tempos.qpm),
        "meters": columns(at(score.meters.time), score.meters.numerator, score.meters.denominator),
        "keys": [
            (time, change.key.tonic, int(change.key.mode == "minor"))
            for time, change in zip(at([change.time for change in score.keys]), score.keys, strict=True)
        ],
        "controls": [
            (time, number, value, *sound[track])
            for time, number, value, track in columns(
                at(controls.time), controls.number, controls.value, controls.track
            )
        ],
        "bends": [
            (time, value, *sound[track])
            for time, value, track in columns(at(bends.time), bends.value, bends.track)
        ],
        "names": [(name,) for name in score.track_names if name],
    }


def unmatched(
    here: Iterable[Sequence[Any]], there: Iterable[Sequence[Any]], n_floats: int
) -> tuple[int, int]:
    """Rows of each side without a partner: equal but for the first `n_floats` columns, those within 1e-6."""
    grouped_here, grouped_there = grouped(here, n_floats), grouped(there, n_floats)
    more = fewer = 0
    for key in grouped_here.keys() | grouped_there.keys():
        ours, theirs = sorted(grouped_here.get(key, [])), sorted(grouped_there.get(key, []))
        if len(ours) == len(theirs) and np.allclose(ours, theirs, rtol=0, atol=1e-6):
            continue
        ours_left, theirs_left = Counter(rounded(ours)), Counter(rounded(theirs))
        more += (ours_left - theirs_left).total()
        fewer += (theirs_left - ours_left).total()
    return more, fewer


def grouped(rows: Iterable[Sequence[Any]], n_floats: int) -> dict[Row, list[Row]]:
    groups: dict[Row, list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[n_floats:]), []).append(tuple(row[:n_floats]))
    return groups


def rounded(rows: list[Row]) -> list[Row]:
    return [tuple(round(value, 5) for value in row) for row in rows]
