"""The information fields of ABC that hold values: key, meter, unit length, tempo, parts.

Source: the ABC music standard 2.1, section 3 and 4.6.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from antiphon.errors import FormatError, one_line
from antiphon.io.abc.tokens import ACCIDENTALS
from antiphon.score.maps import LETTERS, Key, Meter

_MODES = {
    "": ("major", 0),
    "maj": ("major", 0),
    "ion": ("major", 0),
    "m": ("minor", 3),
    "min": ("minor", 3),
    "aeo": ("minor", 3),
    "mix": ("mixolydian", 1),
    "dor": ("dorian", 2),
    "phr": ("phrygian", 4),
    "lyd": ("lydian", -1),
    "loc": ("locrian", 5),
}
_SHARPS_OF_MAJOR = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_ORDER_OF_SHARPS = "FCGDAEB"
_KEY = re.compile(
    r"""\s*(?: (?P<pipes>H[Pp]) | (?P<none>none) | (?P<tonic>[A-G])(?P<sign>[#b]?)
    (?:[ \t]*(?P<mode>(?i:maj|min|mix|dor|phr|lyd|loc|ion|aeo|m(?![a-z])))[A-Za-z]*)? )""",
    re.VERBOSE,
)
_EXPLICIT = re.compile(r"(\^\^|\^|__|_|=)([A-Ga-g])")
_SETTING = re.compile(r"([A-Za-z]+)[ \t]*=[ \t]*(\"[^\"]*\"|[^\s\"]+)")
_CLEF = re.compile(r"\b(?:treble|bass|alto|tenor|perc|none)[1-5]?([+-]8)")
_FRACTION = re.compile(r"(\d{1,4})(?:\s*/\s*(\d{1,4}))?")
_METER = re.compile(r"\(?\s*(\d{1,3}(?:\s*\+\s*\d{1,3})*)\s*\)?\s*/\s*(\d{1,3})")
_TEMPO = re.compile(r"((?:\d{1,4}/\d{1,4}\s*)+|C\d{0,2}|)\s*=?\s*(\d{1,4}(?:\.\d{1,6})?)\s*$")
_SLOWEST, _FASTEST = 1.0, 10_000.0
_MOST_PARTS = 10_000


class KeyField(NamedTuple):
    """What a K: field says: the key (None where it says none), semitones a letter is shifted by."""

    key: Key | None
    shifts: dict[str, int]


class PitchShift(NamedTuple):
    """Semitones from written to sounding pitch that a field sets; None where it does not say."""

    octave: int | None = None
    transpose: int | None = None


@lru_cache(512)
def key(text: str) -> KeyField | None:
    """The key in a K: field; None where it names none ('clef=bass'). Raises `FormatError`."""
    match = _KEY.match(text)
    rest = text[match.end() :] if match else text
    explicit = {letter.upper(): ACCIDENTALS[sign] for sign, letter in _EXPLICIT.findall(rest)}
    if match is None:
        return _without_tonic(text, explicit)
    if match["none"]:
        return KeyField(None, explicit)
    if match["pipes"]:
        return KeyField(Key(9, "mixolydian"), {"F": 1, "C": 1})
    mode, flats = _MODES[(match["mode"] or "").lower()]
    alteration = {"#": 1, "b": -1, "": 0}[match["sign"]]
    tonic = Key((LETTERS[match["tonic"]] + alteration) % 12, mode)
    signature = _signature(_SHARPS_OF_MAJOR[match["tonic"]] + 7 * alteration - flats)
    return KeyField(tonic, explicit if re.match(r"\s*exp\b", rest) else signature | explicit)


def _without_tonic(text: str, explicit: dict[str, int]) -> KeyField | None:
    """A key of accidentals alone or of none; None for a clef or a setting."""
    if explicit or not text.strip():
        return KeyField(None, explicit)
    if text.strip()[0].islower() or "=" in text:
        return None
    raise FormatError(f"an unknown key 'K:{one_line(text, 20)}'; expected one such as 'K:D' or 'K:Am'.")


def _signature(sharps: int) -> dict[str, int]:
    """Letters shifted in a signature of that many sharps (flats below 0), double ones beyond seven."""
    found: dict[str, int] = {}
    letters = _ORDER_OF_SHARPS if sharps > 0 else _ORDER_OF_SHARPS[::-1]
    for i in range(abs(sharps)):
        found[letters[i % 7]] = found.get(letters[i % 7], 0) + (1 if sharps > 0 else -1)
    return found


def settings(text: str) -> dict[str, str]:
    """The 'name=value' pairs in a K: or V: field, names in lower case, values without quotes."""
    return {name.lower(): value.strip('"') for name, value in _SETTING.findall(text)}


def pitch_shift(text: str) -> PitchShift:
    """The shift that the octave, the transposition and the clef of a K: or V: field make."""
    found = settings(text)
    octave = _whole(found.get("octave"))
    clef = _CLEF.search(text)
    if clef:
        octave = (octave or 0) + (1 if clef[1] == "+8" else -1)
    transpose = _whole(found.get("transpose", found.get("t")))
    return PitchShift(None if octave is None else 12 * octave, transpose)


def _whole(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[+-]?\d{1,3}", text) else None


@lru_cache(512)
def meter(text: str) -> Meter | None:
    """The meter in an M: field; None for 'none'. Raises `FormatError`."""
    word = text.strip()
    if word.lower() in ("none", "", "free"):
        return None
    if word in ("C", "c", "C|", "c|"):
        return Meter(2, 2) if "|" in word else Meter(4, 4)
    match = _METER.match(word)
    numerator = sum(int(part) for part in match[1].split("+")) if match else 0
    denominator = int(match[2]) if match else 0
    if not 0 < numerator <= 256 or denominator not in (1, 2, 4, 8, 16, 32, 64, 128):
        raise FormatError(f"an unknown meter '{one_line(word, 20)}'; expected one such as 6/8, C or none.")
    return Meter(numerator, denominator)


@lru_cache(512)
def unit(text: str) -> Fraction:
    """The unit note length in an L: field, in whole notes. Raises `FormatError`."""
    match = _FRACTION.match(text.strip())
    if not match or not int(match[1]) or (match[2] and not int(match[2])):
        raise FormatError(f"an unknown unit length '{one_line(text, 20)}'; expected one such as 1/8.")
    return Fraction(int(match[1]), int(match[2] or 1))


def default_unit(meter: Meter | None) -> Fraction:
    """The unit length where no field says one: 1/16 below 0.75, otherwise 1/8."""
    return Fraction(1, 16 if meter and 4 * meter.numerator < 3 * meter.denominator else 8)


def tempo(text: str, unit: Fraction) -> float | None:
    """Quarters a minute in a Q: field; None where it holds no number that can be one."""
    match = _TEMPO.search(re.sub(r'"[^"]*"?', " ", text[:200]).strip())
    if not match:
        return None
    beats = match[1].strip()
    if not beats or beats.startswith("C"):
        beat = unit * int(beats[1:] or 1)
    else:
        terms = (term.split("/") for term in beats.split())
        beat = sum((Fraction(int(n), int(d)) for n, d in terms if int(d)), Fraction(0))
    qpm = float(beat * 4) * float(match[2])
    return qpm if _SLOWEST <= qpm <= _FASTEST else None


def parts(text: str) -> str:
    """The order of parts in a P: field of a header, written out: 'A(BC)2' is 'ABCBC'.

    Raises `FormatError` for more than 10,000 parts.
    """
    stack = [""]
    for group, count in re.findall(r"([A-Za-z]|\(|\))(\d{0,4})", text):
        if group == "(":
            stack.append("")
            continue
        if group == ")":
            group = stack.pop() if len(stack) > 1 else ""
        stack[-1] += group * int(count or 1)
        if len(stack[-1]) > _MOST_PARTS:
            raise FormatError(f"an order of more than {_MOST_PARTS} parts; write fewer.")
    return "".join(stack)
