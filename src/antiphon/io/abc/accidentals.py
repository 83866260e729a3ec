"""The pitches of written notes: key signature, accidentals, ties and transposition.

Source: the ABC music standard 2.1, sections 4.2, 4.6 and 11.3. An accidental holds to the bar line, for its
letter in all octaves; `%%propagate-accidentals` can say 'octave', for its own one only, or 'not', for its
note alone. A tie carries it over the bar line.
"""

from __future__ import annotations

from collections.abc import Mapping

from antiphon.errors import FormatError
from antiphon.io.abc.fields import Sounding
from antiphon.io.abc.tokens import NoteName


class Accidentals:
    """What holds for the notes of a voice; `shifts` are the semitones of its key signature, by letter."""

    def __init__(self, shifts: Mapping[str, int]) -> None:
        self.shifts = shifts
        self.reach = "pitch"
        self.octave = self.transpose = 0
        self._written: dict[str | int, int] = {}
        self._tied: dict[int, int] = {}  # what the last sounds hand on, by natural pitch

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
        """A sound is tied: the next note of its name has its pitch."""
        self._tied[natural] = pitch - natural - self.octave - self.transpose

    def end_ties(self) -> None:
        """The notes that could be tied to are there."""
        if self._tied:
            self._tied = {}

    def begin_bar(self) -> None:
        """A bar line: accidentals are over."""
        self._written.clear()

    def set_key(self, shifts: Mapping[str, int]) -> None:
        """A K: field."""
        self.shifts = shifts
        self._written.clear()

    def set_sounding(self, sounding: Sounding) -> None:
        """octave=, transpose= and clefs of a K: or V: field."""
        if sounding.octave is not None:
            self.octave = sounding.octave
        if sounding.transpose is not None:
            self.transpose = sounding.transpose
