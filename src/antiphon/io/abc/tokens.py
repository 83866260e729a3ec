"""What stands in a line of ABC music, one expression for each kind of thing.

Source: the ABC music standard 2.1, section 4. Every alternative begins with characters of its own, so a line
is read in linear time; what matches none (spaces, slurs, beams, decorations of one letter) is passed over.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from antiphon.errors import FormatError
from antiphon.score import chords
from antiphon.score.maps import LETTERS

ACCIDENTALS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
"""Semitones of each accidental."""
_LENGTH = r"\d*(?:/\d*)*"
_NOTE = rf"(?:\^\^?|__?|=)?[A-Ga-g][,']*{_LENGTH}"

TOKEN = re.compile(
    rf"""
    (?P<note>{_NOTE})
  | (?P<bar>(?P<sign> \[\|[\]:|]* | \|[\]:|]* | :[:|\]]* )(?:[ \t]*\[?(?P<ending>\d+(?:[,-]\d+)*))?)
  | (?P<broken>>+|<+)
  | (?P<tie>-)
  | \((?P<tuplet>\d+(?::\d*){{0,2}})
  | (?P<rest>[zx]{_LENGTH})
  | (?P<rests>[ZX]\d*)
  | \[(?P<field>[A-Za-z]:[^\]]*)\]
  | \[(?P<only>\d+(?:[,-]\d+)*)
  | (?P<chord>\[[^\]\[|]*\]{_LENGTH})
  | "(?P<text>[^"]*)"?
  | !(?P<mark>[^!\s|"]{{1,40}})!
  | \+(?P<plus>[A-Za-z0-9.()<>]{{1,40}})\+
  | (?P<grace>\{{[^}}]*\}}?)
  | (?P<overlay>&)
  | (?P<open>\[)
    """,
    re.VERBOSE,
)
NOTE = re.compile(rf"(?P<note>{_NOTE})(?P<tie>-?)")
_PARTS = re.compile(rf"([\^_=]*)([A-Ga-g])([,']*)({_LENGTH})")
_MOST_DIGITS = 12
_LONGEST_CHORD = 24


class NoteName(NamedTuple):
    """A written note: semitones of its accidental (None without), its letter, its pitch as a natural note,
    and its length in units, a fraction."""

    shift: int | None
    letter: str
    natural: int
    over: int
    under: int


@lru_cache(4096)
def note_name(text: str) -> NoteName:
    """A note such as `^c'3/2`; C is 60, c is 72. Raises `FormatError` for a length that is none."""
    match = _PARTS.match(text)
    assert match is not None
    sign, letter, marks, length_text = match.groups()
    upper = letter.upper()
    octave = (letter != upper) + marks.count("'") - marks.count(",")
    return NoteName(ACCIDENTALS.get(sign), upper, 60 + LETTERS[upper] + 12 * octave, *length(length_text))


@lru_cache(4096)
def length(text: str) -> tuple[int, int]:
    """A length such as `3`, `3/2`, `/` or `//` as a fraction of the unit. Raises `FormatError`."""
    over, *unders = text.split("/")
    if len(text) > _MOST_DIGITS:
        raise FormatError(f"an unknown length '{text[:_MOST_DIGITS]}...'; expected one such as 3/2.")
    under = 1
    for part in unders:
        under *= int(part or 2)
    found = int(over or 1), under
    if 0 in found:
        raise FormatError(f"an unknown length '{text}'; lengths are above 0.")
    return found


def numbers(text: str) -> tuple[int, ...]:
    """The passes an ending is for: '1,3' or '1-3', at most 99 of them."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        start, stop = int(first[:3]), int((last.rpartition("-")[2] or first)[:3])
        found += range(start, min(stop, 99) + 1)
    return tuple(number for number in found[:99] if number)


@lru_cache(4096)
def is_chord(text: str) -> bool:
    """Whether a text in quotes is a chord symbol."""
    if not text or len(text) > _LONGEST_CHORD or text[0] not in "ABCDEFGN":
        return False
    try:
        chords.parse(text)
    except chords.ChordError:
        return False
    return True
