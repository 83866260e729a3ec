"""Keys, meters and transpositions as `attributes` elements say them; pitches as written and as they sound."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from xml.etree.ElementTree import Element

from antiphon.errors import one_line
from antiphon.io.musicxml.numbers import exact, integer
from antiphon.score.maps import LETTERS, Key, Meter

_MODES = {
    "major": 0, "minor": 9, "ionian": 0, "dorian": 2, "phrygian": 4, "lydian": 5, "mixolydian": 7,
    "aeolian": 9, "locrian": 11,
}  # fmt: skip
_MOST_FIFTHS = 14
_MOST_BEATS = 255
_FINEST = 64
_MOST_OCTAVES = 10
_NUMBER = re.compile(r"\d{1,3}")
_FRACTION = ("beats", "beat-type")
_SHOWN = 30  # characters of a text in a message

Meters = tuple[Meter, ...]
"""The meters that a measure may have under one time signature, the usual one first; none for free time."""


class Damaged(Exception):
    """What stands in a measure makes no sense; the message says what was found."""


class Transposition(NamedTuple):
    """From written to sounding pitch: `semitones` up, and a second note `doubled` semitones from it (0 for
    none).
    """

    semitones: int = 0
    doubled: int = 0


WRITTEN = Transposition()
"""Of a part that sounds as written."""


def transposition(transpose: Element) -> Transposition:
    """What a `transpose` element says; one out of any instrument's range says nothing."""
    semitones = integer(transpose.findtext("chromatic")) or 0
    octaves = integer(transpose.findtext("octave-change")) or 0
    double = transpose.find("double")
    doubled = 0 if double is None else 12 if double.get("above") == "yes" else -12
    total = semitones + 12 * octaves
    return Transposition(total if abs(total) <= 12 * _MOST_OCTAVES else 0, doubled)


def key(element: Element, semitones: int) -> Key | None:
    """The sounding key of a part that sounds `semitones` above what is written; None for keys made of single
    accidentals. A mode that is not said is major.
    """
    fifths = integer(element.findtext("fifths"))
    if fifths is None or abs(fifths) > _MOST_FIFTHS:
        return None
    mode = (element.findtext("mode") or "").strip().lower()
    mode = mode if mode in _MODES else "major"
    return Key((7 * fifths + _MODES[mode] + semitones) % 12, mode)


def fifths(written: Key) -> int:
    """Sharps of a key, flats below 0, at most six."""
    tonic = written.tonic - _MODES.get(written.mode, 0)
    return (7 * tonic + 5) % 12 - 5


def mode(written: Key) -> str:
    """A key's mode where the standard knows it, else 'major'."""
    return written.mode if written.mode in _MODES else "major"


def meters(time: Element) -> Meters:
    """The meters of a `time` element: 3+2/8 is 5/8; several fractions are their sum, or one of them where
    measures alternate.
    """
    beats = [(child.tag, child.text or "") for child in time if child.tag in ("beats", "beat-type")]
    pairs = [(b[1], t[1]) for b, t in pairwise(beats) if (b[0], t[0]) == _FRACTION]
    found = [meter for numerator, denominator in pairs if (meter := _meter(numerator, denominator))]
    if len(found) < 2:
        return tuple(found)
    total = sum((Fraction(*meter) for meter in found), Fraction(0))
    denominator = math.lcm(*(meter.denominator for meter in found), total.denominator)
    return _possible([Meter(int(total * denominator), denominator), *found])


def _possible(found: list[Meter]) -> Meters:
    return tuple(meter for meter in found if meter.numerator <= _MOST_BEATS and meter.denominator <= _FINEST)


def _meter(beats: str, beat_type: str) -> Meter | None:
    numerator = sum(int(number) for number in _NUMBER.findall(beats))
    denominator = integer(beat_type) or 0
    possible = 0 < numerator <= _MOST_BEATS and 0 < denominator <= _FINEST
    return Meter(numerator, denominator) if possible else None


def fitting(possible: Sequence[Meter], quarters: Fraction) -> Meter | None:
    """The one of the meters whose bar lasts so long, else the first; None where there is none."""
    exact = (m for m in possible if Fraction(4 * m.numerator, m.denominator) == quarters)
    return next(exact, possible[0] if possible else None)


def covering(quarters: Fraction, denominator: int) -> Meter | None:
    """The meter of a bar of odd length, in 1/denominator or finer; it lasts longer where no meter fits. None
    beyond 255 beats.
    """
    while denominator < _FINEST and (quarters * denominator / 4).denominator != 1:
        denominator *= 2
    numerator = max(math.ceil(quarters * denominator / 4), 1)
    while numerator > _MOST_BEATS and not numerator % 2 and denominator > 1:
        numerator, denominator = numerator // 2, denominator // 2
    return Meter(numerator, denominator) if numerator <= _MOST_BEATS else None


def written_pitch(pitch: Element) -> int:
    """The written MIDI pitch; quarter tones are rounded up."""
    step, alter, octave = pitch.findtext("step"), pitch.findtext("alter"), pitch.findtext("octave")
    found = _midi_pitch(step, alter, octave)
    if found is None:
        shown = one_line(" ".join(filter(None, (step, alter, octave))), _SHOWN)
        raise Damaged(f"a pitch of '{shown}'")
    return found


@lru_cache(maxsize=1024)
def _midi_pitch(step: str | None, alter: str | None, octave: str | None) -> int | None:
    height, moved = integer(octave), exact(alter or "0")
    letter = LETTERS.get((step or "").strip())
    if letter is None or height is None or moved is None:
        return None
    return 12 * (height + 1) + letter + math.floor(moved + Fraction(1, 2))


def sounding_pitches(note: int, moved: Transposition) -> list[int]:
    """The pitches at which a written one sounds, two in a doubled part. Raises `Damaged` outside 0-127."""
    pitches = [note + moved.semitones]
    if moved.doubled:
        pitches.append(pitches[0] + moved.doubled)
    for pitch in pitches:
        if not 0 <= pitch <= 127:
            raise Damaged(f"a note of MIDI pitch {pitch}, which is not 0 to 127")
    return pitches
