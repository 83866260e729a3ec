"""Pitches and their spelling: what written notes sound under a key signature, accidentals, ties and
transposition, and how pitches and keys are written.

Source: the ABC music standard 2.1, sections 4.2, 4.6 and 11.3. An accidental holds to the bar line, for its
letter in all octaves; `%%propagate-accidentals` can say 'octave', for its own one only, or 'not', for its
note alone. A tie carries it over the bar line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from antiphon.errors import FormatError
from antiphon.io.abc import fields
from antiphon.io.abc.fields import PitchShift
from antiphon.io.abc.tokens import ACCIDENTALS, NoteName
from antiphon.score.maps import LETTERS, Key

_SIGNS = {shift: sign for sign, shift in ACCIDENTALS.items()}
_MODES = {
    "major": "", "ionian": "", "minor": "m", "aeolian": "m", "mixolydian": "mix", "dorian": "dor",
    "phrygian": "phr", "lydian": "lyd", "locrian": "loc",
}  # fmt: skip
_TONICS = [
    (letter, sign, (LETTERS[letter] + shift) % 12)
    for sign, shift in (("", 0), ("#", 1), ("b", -1))
    for letter in LETTERS
]


class Accidentals:
    """The pitches of a voice's notes as it is read; `shifts` is its key signature, semitones by letter."""

    def __init__(self, shifts: Mapping[str, int]) -> None:
        self.shifts = shifts
        self.reach = "pitch"
        self.octave = self.transpose = 0
        self._written: dict[str | int, int] = {}
        self._tied: dict[int, int] = {}  # what the last notes hand on, by natural pitch

    def pitch(self, name: NoteName) -> int:
        """The MIDI pitch of a note. Raises `FormatError` outside 0 to 127."""
        shift, letter, natural = name[:3]
        place = letter if self.reach == "pitch" else natural
        if shift is not None:
            if self.reach != "not":
                self._written[place] = shift
        elif natural in self._tied:
            shift = self._tied[natural]
        else:
            shift = self._written.get(place)
            if shift is None:
                shift = self.shifts.get(letter, 0)
        pitch = natural + shift + self.octave + self.transpose
        if not 0 <= pitch <= 127:
            raise FormatError(
                f"a note of pitch {pitch}; expected 0 to 127 (C is 60). Check its octave marks."
            )
        return pitch

    def hand_on(self, natural: int, pitch: int) -> None:
        """Tie a note: the next one of its name has its pitch."""
        self._tied[natural] = pitch - natural - self.octave - self.transpose

    def end_ties(self) -> None:
        """End the ties: the notes after them have been read."""
        if self._tied:
            self._tied = {}

    def begin_bar(self) -> None:
        """End the accidentals, at a bar line."""
        self._written.clear()

    def set_key(self, shifts: Mapping[str, int]) -> None:
        """Set the key signature, from a K: field."""
        self.shifts = shifts
        self._written.clear()

    def set_shift(self, shift: PitchShift) -> None:
        """Set what octave=, transpose= and clefs of a K: or V: field say."""
        if shift.octave is not None:
            self.octave = shift.octave
        if shift.transpose is not None:
            self.transpose = shift.transpose


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
    """Spells pitches bar by bar. An accidental is written where either custom needs it: that it holds for its
    letter in all octaves, or in its own only."""

    def __init__(self, key: Key | None) -> None:
        self.set_key(key)

    def set_key(self, key: Key | None) -> None:
        """Set another signature; accidentals no longer hold."""
        field = fields.key(key_text(key))
        self.shifts = field.shifts if field else {}
        self.are_flats = sum(self.shifts.values()) < 0
        self.begin_bar()

    def begin_bar(self) -> None:
        """End the accidentals, at a bar line."""
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
        """Letter and shift: as in the key, else a natural note, else a sharp or flat as the key has them."""
        turn = -1 if self.are_flats else 1
        found = {(letter, (pitch - LETTERS[letter] + 6) % 12 - 6) for letter in LETTERS}
        in_key = [(letter, shift) for letter, shift in found if self.shifts.get(letter, 0) == shift]
        return next(
            iter(in_key or [pair for wanted in (0, turn, -turn) for pair in found if pair[1] == wanted])
        )
