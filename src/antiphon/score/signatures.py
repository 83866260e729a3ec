"""Signatures: a meter, a key, and marks with a text, as plain values."""

from __future__ import annotations

from typing import NamedTuple

PITCH_CLASSES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
"""Names of the pitch classes 0 to 11, with the fewest accidentals as major keys."""
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""Pitch class of each letter."""


class Meter(NamedTuple):
    """A time signature: `numerator` beats of 1/`denominator`."""

    numerator: int = 4
    denominator: int = 4

    @property
    def quarters(self) -> float:
        """Length of a bar in quarter notes (3/4 is 3, 6/8 is 3, 2/2 is 4)."""
        return 4.0 * self.numerator / self.denominator

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


class Key(NamedTuple):
    """A key: tonic pitch class 0-11 (C = 0) and mode ('major', 'minor', 'dorian', ...)."""

    tonic: int
    mode: str = "major"

    def __str__(self) -> str:
        return f"{PITCH_CLASSES[self.tonic % 12]} {self.mode}"


class KeyChange(NamedTuple):
    """`key` holds from `time` on."""

    time: int
    key: Key


class Mark(NamedTuple):
    """A text at a time: a chord symbol, a lyric syllable, a marker. `track` is -1 where it belongs to no
    part.
    """

    time: int
    text: str
    track: int = -1
