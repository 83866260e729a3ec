"""How pitches and keys are written in ABC."""

from __future__ import annotations

from collections.abc import Sequence

from antiphon.io.abc import fields
from antiphon.score.maps import LETTERS, Key

_SIGNS = {2: "^^", 1: "^", 0: "=", -1: "_", -2: "__"}
_MODES = {
    "major": "", "ionian": "", "minor": "m", "aeolian": "m", "mixolydian": "mix", "dorian": "dor",
    "phrygian": "phr", "lydian": "lyd", "locrian": "loc",
}  # fmt: skip
_TONICS = [
    (letter, sign, (LETTERS[letter] + shift) % 12)
    for sign, shift in (("", 0), ("#", 1), ("b", -1))
    for letter in LETTERS
]


def key_text(key: Key | None) -> str:
    """What stands in the K: field: the spelling of fewest accidentals; 'none' without a key."""
    if key is None:
        return "none"
    mode = _MODES.get(key.mode, "m" if "minor" in key.mode else "")
    names = [letter + sign + mode for letter, sign, pitch_class in _TONICS if pitch_class == key.tonic % 12]
    return min(names, key=_n_accidentals)


def _n_accidentals(name: str) -> int:
    field = fields.key(name)
    return sum(map(abs, field.shifts.values())) if field else 0


class Speller:
    """Writes pitches bar by bar; an accidental is written where either custom needs it: that it holds for
    its letter in all octaves, or in its own only."""

    def __init__(self, key: Key | None) -> None:
        self.set_key(key)

    def set_key(self, key: Key | None) -> None:
        """Another signature; accidentals no longer hold."""
        field = fields.key(key_text(key))
        self.shifts = field.shifts if field else {}
        self.are_flats = sum(self.shifts.values()) < 0
        self.begin_bar()

    def begin_bar(self) -> None:
        """A bar line: accidentals no longer hold."""
        self.held: dict[str | int, int] = {}

    def note(self, pitch: int, *, always: bool = False) -> str:
        """`pitch` as a note, with its accidental where it is needed, or `always`."""
        letter, shift = self._spelled(pitch)
        natural = pitch - shift
        implied = {self.held.get(place, self.shifts.get(letter, 0)) for place in (letter, natural)}
        sign = ""
        if always or implied != {shift}:
            sign = _SIGNS[shift]
            self.held[letter] = self.held[natural] = shift
        octave = (natural - 60 - LETTERS[letter]) // 12
        return sign + (letter.lower() + "'" * (octave - 1) if octave > 0 else letter + "," * -octave)

    def chord(self, pitches: Sequence[int], *, always: bool = False) -> str:
        """The notes of a chord; where two have one letter, both have their accidental."""
        naturals = {pitch - self._spelled(pitch)[1] for pitch in pitches}
        crowded = len(naturals) < len(pitches)
        return "".join(self.note(pitch, always=always or crowded) for pitch in pitches)

    def _spelled(self, pitch: int) -> tuple[str, int]:
        """The letter and its shift: as the key has it, else a natural note, else as the key inclines."""
        turn = -1 if self.are_flats else 1
        found = {(letter, (pitch - LETTERS[letter] + 6) % 12 - 6) for letter in LETTERS}
        in_key = [(letter, shift) for letter, shift in found if self.shifts.get(letter, 0) == shift]
        return next(
            iter(in_key or [pair for wanted in (0, turn, -turn) for pair in found if pair[1] == wanted])
        )
