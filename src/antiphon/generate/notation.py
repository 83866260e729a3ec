"""What people write for meters, keys and instruments, and the values they mean."""

from __future__ import annotations

import re

from antiphon.errors import NameNotFound, OptionError, one_line
from antiphon.score.general_midi import find_program
from antiphon.score.signatures import LETTERS, Key, Meter

MODES = {
    "major": 0, "minor": 9,
    "ionian": 0, "dorian": 2, "phrygian": 4, "lydian": 5, "mixolydian": 7, "aeolian": 9, "locrian": 11,
}  # fmt: skip
"""Degree of the major scale, in semitones, on which each mode is built."""

_ALTERED = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1, " sharp": 1, " flat": -1}
_SHORT = {"": "major", "m": "minor", "maj": "major", "min": "minor"}
_KEY = re.compile(r"([A-Ga-g])(#|♯|b|♭| sharp| flat)?\s*([A-Za-z]*)")


def meter(text: str) -> Meter:
    """'3/4' as a meter. Raises `OptionError`."""
    match = re.fullmatch(r"\s*(\d{1,2})\s*/\s*(\d{1,2})\s*", text)
    numerator, denominator = map(int, match.groups()) if match else (0, 0)
    if not numerator or denominator not in (1, 2, 4, 8, 16, 32, 64):
        raise OptionError(
            f"Meter '{one_line(text, 40)}' is unknown; expected beats and their unit, such as 4/4, 3/4 or "
            "6/8."
        )
    return Meter(numerator, denominator)


def key(text: str) -> Key:
    """'D minor', 'Bb', 'f# dorian' or 'Em' as a key; a mode left out is major. Raises `OptionError`,
    `NameNotFound`.
    """
    match = _KEY.fullmatch(text.strip())
    if match is None:
        raise OptionError(
            f"Key '{text}' is unknown; expected a note and a mode, such as 'D minor', 'Bb' or 'E dorian'."
        )
    letter, altered, mode = match.groups(default="")
    mode = _SHORT.get(mode, mode.lower())
    if mode not in MODES:
        raise NameNotFound("mode", mode, MODES)
    return Key((LETTERS[letter.upper()] + _ALTERED[altered]) % 12, mode)


def program(text: str | int) -> int:
    """'cello' or 42 as a 0-based General MIDI program. Raises `NameNotFound`, `OptionError`."""
    return find_program(text)
