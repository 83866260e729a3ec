"""Pitches as a model of limited range sees them: key, transposition with octave folding, what lies outside.

After Magenta's melodies (`Melody.squash`, `Melody.transpose`): a melody is moved to one key and as near as
whole octaves bring it to the middle of the range; what still sticks out is folded into the outermost octave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from antiphon.score.notes import Int

Pitches = npt.NDArray[np.integer[Any]]

MIDI_RANGE = (0, 128)
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
"""Semitones of its degrees above the tonic."""
_IN_KEY = np.array(
    [[(pitch - key) % 12 in MAJOR_SCALE for key in range(12)] for pitch in range(12)], dtype=np.int64
)
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


class PitchView(Protocol):
    """The range a model knows, [`min_pitch`, `max_pitch`), and the major key it is moved to (None: none)."""

    @property
    def min_pitch(self) -> int:
        """Lowest MIDI pitch."""
        ...

    @property
    def max_pitch(self) -> int:
        """One above the highest MIDI pitch."""
        ...

    @property
    def key(self) -> int | None:
        """Pitch class of the tonic."""
        ...


def pitch_name(pitch: int) -> str:
    """Scientific name with sharps: 60 is C4."""
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"


def major_key(pitches: Pitches) -> int:
    """Tonic (pitch class) of the major scale with most of the notes in it, the lowest of equals."""
    return int(np.argmax(np.bincount(pitches % 12, minlength=12) @ _IN_KEY))


def fold(pitches: Pitches, low: int, high: int) -> Int:
    """`pitches` with those outside [low, high) moved by octaves into its lowest or highest octave."""
    raised = np.where(pitches < low, low + (pitches - low) % 12, pitches)
    folded: Int = np.where(raised >= high, high - 12 + (raised - high) % 12, raised).astype(
        np.int64, copy=False
    )
    return folded


def view_shift(pitches: Pitches, view: PitchView) -> int:
    """Semitones that move a melody of these notes into `view`'s key and nearest the middle of its range."""
    if view.key is None or not len(pitches):
        return 0
    to_key = view.key - major_key(pitches)
    center = (int(pitches.min()) + int(pitches.max())) / 2
    target = (view.min_pitch + view.max_pitch - 1) / 2
    return to_key + 12 * round((target - (center + to_key)) / 12)


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
    moved = pitches + view_shift(pitches, view)
    return pitches[(moved < view.min_pitch) | (moved >= view.max_pitch)]


def _is_midi(pitches: Pitches) -> bool:
    return int(pitches.min()) >= MIDI_RANGE[0] and int(pitches.max()) < MIDI_RANGE[1]
