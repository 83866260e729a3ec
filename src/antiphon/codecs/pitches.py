"""Pitches as a model of limited range sees them: key, transposition with octave folding, what lies outside.

After Magenta's melodies (`Melody.squash`, `Melody.transpose`): music is moved to one key and as near as whole
octaves bring it to the middle of the range; what still sticks out is folded into the outermost octave. All of
it works on the ids of any alphabet that has pitches.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.codecs.alphabet import Alphabet, Field, Ids, folded
from antiphon.codecs.families import View
from antiphon.errors import OptionError
from antiphon.schema import setting
from antiphon.score.notes import Int

Pitches = npt.NDArray[np.integer[Any]]

MIDI_RANGE = (0, 128)
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
"""Semitones of its degrees above the tonic."""
_IN_KEY = np.array(
    [[(pitch - key) % 12 in MAJOR_SCALE for key in range(12)] for pitch in range(12)], dtype=np.int64
)
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


@dataclass(frozen=True)
class PitchView(View):
    """The range into which a model's music is folded, and the key to which it is moved."""

    min_pitch: int = setting(48, "Lowest MIDI pitch that the model knows.", low=0, high=127)
    max_pitch: int = setting(84, "One above the highest MIDI pitch that it knows.", low=1, high=128)
    key: int | None = setting(
        0, "Pitch class to which the major key of all music is moved; none leaves it.", low=0, high=11
    )
    steps_per_quarter: int = setting(4, "Steps of the grid in a quarter.", low=1, high=96)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_pitch >= self.max_pitch:
            raise OptionError(
                f"view.min_pitch is {self.min_pitch}; expected less than view.max_pitch, which is "
                f"{self.max_pitch}."
            )


class Viewed(NamedTuple):
    """Ids as a model sees them, and the semitones they were moved by."""

    ids: Int
    shift: int


def pitch_name(pitch: int) -> str:
    """Scientific name with sharps: 60 is C4."""
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"


def major_key(pitches: Pitches) -> int:
    """Tonic (pitch class) of the major scale with most of the notes in it, the lowest of equals."""
    return int(np.argmax(np.bincount(pitches % 12, minlength=12) @ _IN_KEY))


def sounding(alphabet: Alphabet, ids: Ids) -> Int:
    """Pitches of the notes that begin in `ids` [T, F], int64 [N], in their order."""
    found = alphabet.pitches(ids)
    return found[found >= 0]


def moved(alphabet: Alphabet, ids: Ids, semitones: int, low: int = 0, high: int = 128) -> Int:
    """`ids` [..., F] moved by `semitones` and folded into [`low`, `high`), MIDI's range without them."""
    if not semitones and (low, high) == MIDI_RANGE:
        return np.asarray(ids, np.int64)
    columns = []
    for f, field in enumerate(alphabet.fields):
        wide = np.asarray(ids[..., f], np.int64)
        columns.append(wide + _distances(field, semitones, low, high)[wide])
    return columns[0][..., None] if len(columns) == 1 else np.stack(columns, axis=-1)


@lru_cache(maxsize=1024)
def _distances(field: Field, semitones: int, low: int, high: int) -> Int:
    """By how much each id of a field moves, [V]: as far as its pitch, since ids rise with pitches, but never
    out of its span."""
    first = field.pitch - field.place
    last = first + np.array([span.n for span in field.spans])[field.span] - 1
    pitch = folded(field.pitch + semitones, np.maximum(low, first), np.minimum(high, last + 1))
    found = np.where(field.pitch >= 0, np.clip(pitch, first, last) - field.pitch, 0)
    found.flags.writeable = False
    return found


def view_shift(pitches: Pitches, view: PitchView) -> int:
    """Semitones that move notes of these `pitches` into the view's key and nearest the middle of its
    range."""
    if view.key is None or not len(pitches):
        return 0
    to_key = view.key - major_key(pitches)
    center = (int(pitches.min()) + int(pitches.max())) / 2
    target = (view.min_pitch + view.max_pitch - 1) / 2
    return to_key + 12 * round((target - (center + to_key)) / 12)


def to_view(alphabet: Alphabet, ids: Ids, view: PitchView) -> Viewed:
    """`ids` [T, F] as a model of `view` sees them, and the semitones they were moved by.

    Notes that stick out are folded by octaves into the range, which moving them back does not undo.
    """
    shift = view_shift(sounding(alphabet, ids), view)
    return Viewed(moved(alphabet, ids, shift, view.min_pitch, view.max_pitch), shift)


@dataclass(frozen=True)
class PitchRange:
    """Notes that do not fit a view of pitches [`low`, `high`).

    `outside` are their pitches as given; `transpositions` the semitones, nearest first, by which moving all
    notes makes them fit (none where they span too much).
    """

    outside: tuple[int, ...]
    transpositions: tuple[int, ...]
    low: int
    high: int

    def __str__(self) -> str:
        notes = ", ".join(f"{pitch_name(p)} ({p})" for p in self.outside)
        known = f"{pitch_name(self.low)} to {pitch_name(self.high - 1)} ({self.low}-{self.high - 1})"
        return f"Outside the model's range {known}: {notes}. {self._advice()}"

    def _advice(self) -> str:
        if not self.transpositions:
            return "No transposition fits them all; leave some out, or choose a model of wider range."
        return f"Transposing by {self.transpositions[0]:+d} semitones would fit."


def out_of_range(pitches: Pitches, view: PitchView) -> PitchRange | None:
    """The notes that would have to be folded into `view`, or None where all fit."""
    outside = _outside(pitches, view)
    if not len(outside):
        return None
    by_distance = sorted(range(-127, 128), key=lambda n: (abs(n), n))
    fitting = (n for n in by_distance if _is_midi(pitches + n) and not len(_outside(pitches + n, view)))
    return PitchRange(tuple(np.unique(outside).tolist()), tuple(fitting), view.min_pitch, view.max_pitch)


def _outside(pitches: Pitches, view: PitchView) -> Pitches:
    shifted = pitches + view_shift(pitches, view)
    return pitches[(shifted < view.min_pitch) | (shifted >= view.max_pitch)]


def _is_midi(pitches: Pitches) -> bool:
    return int(pitches.min()) >= MIDI_RANGE[0] and int(pitches.max()) < MIDI_RANGE[1]
