"""Which pitches a note sounds."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from xml.etree.ElementTree import Element

from antiphon.errors import one_line
from antiphon.io.musicxml.attributes import Transposition
from antiphon.io.musicxml.numbers import exact, integer
from antiphon.io.musicxml.parts import Instrument
from antiphon.io.musicxml.programs import PERCUSSION, SNARE
from antiphon.score.maps import LETTERS

_SHOWN = 30


class Damaged(Exception):
    """A measure makes no sense; says what was found."""


def written(pitch: Element) -> int:
    """The written MIDI pitch; quarter tones are rounded up."""
    step, alter, octave = pitch.findtext("step"), pitch.findtext("alter"), pitch.findtext("octave")
    found = _written_pitch(step, alter, octave)
    if found is None:
        shown = one_line(" ".join(filter(None, (step, alter, octave))), _SHOWN)
        raise Damaged(f"a pitch of '{shown}'")
    return found


@lru_cache(maxsize=1024)
def _written_pitch(step: str | None, alter: str | None, octave: str | None) -> int | None:
    height, moved = integer(octave), exact(alter or "0")
    letter = LETTERS.get((step or "").strip())
    if letter is None or height is None or moved is None:
        return None
    return 12 * (height + 1) + letter + math.floor(moved + Fraction(1, 2))


def sounding(note: int, moved: Transposition) -> list[int]:
    """The pitches that a written one sounds, two in a doubled part. Raises `Damaged` outside 0-127."""
    pitches = [note + moved.semitones]
    if moved.doubled:
        pitches.append(pitches[0] + moved.doubled)
    for pitch in pitches:
        if not 0 <= pitch <= 127:
            raise Damaged(f"a note of MIDI pitch {pitch}, which is not 0 to 127")
    return pitches


def percussion(unpitched: Element, instrument: Instrument) -> int:
    """What an unpitched note plays: its instrument's key, else what its place on the staff usually means."""
    if instrument.key is not None:
        return instrument.key
    step = (unpitched.findtext("display-step") or "").strip()
    return PERCUSSION.get((step, integer(unpitched.findtext("display-octave")) or 0), SNARE)
