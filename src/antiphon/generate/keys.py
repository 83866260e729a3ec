"""Keys: their scales and chords, and how a model that thinks in one key plays in another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from antiphon.codecs.melody import FIRST_PITCH_ID, N_EVENTS
from antiphon.codecs.pitches import MAJOR_SCALE
from antiphon.score.maps import Key

MODES = {
    "major": 0, "minor": 9,
    "ionian": 0, "dorian": 2, "phrygian": 4, "lydian": 5, "mixolydian": 7, "aeolian": 9, "locrian": 11,
}  # fmt: skip
"""Degree of the major scale, in semitones, on which each mode is built."""


def relative_major(key: Key) -> int:
    """Pitch class of the major key with the same notes (D minor: 5, which is F)."""
    return (key.tonic - MODES[key.mode]) % 12


def scale(key: Key) -> frozenset[int]:
    """The key's seven pitch classes."""
    return frozenset((relative_major(key) + step) % 12 for step in MAJOR_SCALE)


def tonic_chord(key: Key) -> frozenset[int]:
    """Pitch classes of the first, third and fifth degree."""
    rising = sorted(scale(key), key=lambda pitch_class: (pitch_class - key.tonic) % 12)
    return frozenset(rising[0:5:2])


def onsets(pitch_classes: frozenset[int], transposed: int = 0) -> npt.NDArray[np.bool_]:
    """Melody events that begin a note which, moved by `transposed` semitones, is of `pitch_classes`; bool
    [130].
    """
    pitch = np.arange(N_EVENTS) - FIRST_PITCH_ID
    return (pitch >= 0) & np.isin((pitch + transposed) % 12, list(pitch_classes))


def way_to(key: Key, home: int, near: int = 0) -> int:
    """Semitones from music in the major key `home` (or its modes) to `key`: of all octaves the nearest to
    `near`.
    """
    return near + (relative_major(key) - home - near + 6) % 12 - 6
