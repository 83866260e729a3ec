"""Facts measured on a piece when it is read, so that pieces can be selected without reading them again.

| name | type | what |
|---|---|---|
| `seconds` | number | until the last note ends |
| `notes`, `drums` | whole number | all notes; those on percussion |
| `tracks` | whole number | parts that have notes |
| `tempo` | number | quarters per minute at which most of the piece is played, by time |
| `tempos`, `meters` | whole number | entries of the tempo map and the meter map before the last note ends |
| `meter` | text | the meter of most of the piece: '6/8' |
| `key` | text | the first key that the file gives: 'G major'; else the best fit to its notes |
| `key_from` | text | its origin: 'file' or 'notes'; '' where `key` is '' |
| `programs` | whole numbers | General MIDI programs from 0 of all notes but percussion, ascending |
| `polyphony` | whole number | most simultaneous notes but percussion |
| `lowest`, `highest` | whole number | MIDI pitches but percussion; absent where there are none |
| `velocities` | whole number | different velocities: 1 means that it was not played |
| `chords`, `lyrics` | whole number | chord symbols and syllables |
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.score.infer.key import is_pitched, key_of
from antiphon.score.notes import Int, Notes
from antiphon.score.score import Score

NUMBERS = (
    "seconds", "notes", "drums", "tracks", "tempo", "tempos", "meters", "polyphony", "lowest", "highest",
    "velocities", "chords", "lyrics",
)  # fmt: skip
"""Facts that can be compared with < and >."""
WORDS = ("meter", "key", "key_from", "programs")
"""All other facts."""


def of(score: Score) -> dict[str, Any]:
    """The facts of `score`, in JSON types; see above."""
    notes = score.notes
    pitched = notes[~notes.is_drum] if notes.is_drum.any() else notes
    key, key_from = _key(score)
    figures = {
        "seconds": round(score.duration_s, 3),
        "notes": len(notes),
        "drums": len(notes) - len(pitched),
        "tracks": _n_distinct(notes.track),
        "tempo": _tempo(score),
        "tempos": _n_in_force(score.tempos.time, score.end),
        "meter": _meter(score),
        "meters": _n_in_force(score.meters.time, score.end),
        "key": key,
        "key_from": key_from,
        "programs": np.flatnonzero(np.bincount(pitched.program)).tolist(),
        "polyphony": _polyphony(pitched),
        "velocities": _n_distinct(notes.velocity),
        "chords": len(score.chords),
        "lyrics": len(score.lyrics),
    }
    if len(pitched):
        figures |= {"lowest": int(pitched.pitch.min()), "highest": int(pitched.pitch.max())}
    return figures


def _tempo(score: Score) -> float:
    """Quarters per minute in force for most seconds."""
    times, qpm = score.tempos.time, score.tempos.qpm
    place = 0 if len(qpm) == 1 else int(np.argmax(_durations(times, score.end) / qpm))
    return round(float(qpm[place]), 2)


def _meter(score: Score) -> str:
    """The meter in force for most of the piece."""
    meters = score.meters
    place = 0 if len(meters) == 1 else int(np.argmax(_durations(meters.time, score.end)))
    return f"{meters.numerator[place]}/{meters.denominator[place]}"


def _key(score: Score) -> tuple[str, str]:
    """The key as text, and its origin."""
    if score.keys:
        return str(score.keys[0].key), "file"
    notes = score.notes[is_pitched(score.notes)]
    durations = np.bincount(notes.pitch % 12, weights=notes.end - notes.start, minlength=12)
    if not durations.any():
        return "", ""
    final = int(notes.pitch[notes.end == notes.end.max()].min())
    return str(key_of(durations, final)), "notes"


def _durations(time: Int, end: int) -> Int:
    """Ticks that each entry of a map is in force before `end`."""
    durations: Int = np.diff(np.minimum(np.append(time, end), end))
    return durations


def _n_in_force(time: Int, end: int) -> int:
    """Entries of a map that are in force somewhere before `end`."""
    return max(1, int((time < end).sum()))


def _n_distinct(column: npt.NDArray[np.int16]) -> int:
    return int(np.count_nonzero(np.bincount(column)))


def _polyphony(notes: Notes) -> int:
    """The most simultaneous notes; one that ends where another begins does not overlap it."""
    if not len(notes):
        return 0
    begun = np.arange(1, len(notes) + 1)
    ended = np.searchsorted(np.sort(notes.end), np.sort(notes.start), side="right")
    return int((begun - ended).max())
