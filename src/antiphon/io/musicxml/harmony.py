"""Chord symbols: `harmony` elements to text and back, and when each of several before one note begins.

MusicXML places a `harmony` at the note that follows, or `offset` from it. Programs for lead sheets write all
chords over a long note before it, without an offset; players share the note out among them, and so does this.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple
from xml.etree.ElementTree import Element

from antiphon.io.musicxml.numbers import Place, integer
from antiphon.score import chords
from antiphon.score.chords import ChordError
from antiphon.score.maps import LETTERS, Meter

KINDS = {
    "major": "", "minor": "m", "augmented": "+", "diminished": "dim", "dominant": "7",
    "major-seventh": "maj7", "minor-seventh": "m7", "diminished-seventh": "dim7", "augmented-seventh": "+7",
    "half-diminished": "m7b5", "major-minor": "mM7", "major-sixth": "6", "minor-sixth": "m6",
    "dominant-ninth": "9", "major-ninth": "maj9", "minor-ninth": "m9", "dominant-11th": "11",
    "major-11th": "maj11", "minor-11th": "m11", "dominant-13th": "13", "major-13th": "maj13",
    "minor-13th": "m13", "suspended-second": "sus2", "suspended-fourth": "sus4", "pedal": "ped", "power": "5",
}  # fmt: skip
"""Suffix of a chord symbol for each `kind` of the standard."""
_OLD_KINDS = {
    "": "", "min": "m", "aug": "+", "dim": "dim", "7": "7", "maj7": "maj7", "min7": "m7", "dim7": "dim7",
    "m7b5": "m7b5", "9": "9", "maj9": "maj9", "min9": "m9", "dom": "7", "dominant-seventh": "7",
    "minor-major": "mM7", "6": "6", "min6": "m6", "half-diminished-seventh": "m7b5",
}  # fmt: skip
_SIXTHS = {"Neapolitan": ("", 1), "Italian": ("7(no5)", -4), "French": ("7b5", -4), "German": ("7", -4)}
_WITHOUT = "none"
_SYMBOL = re.compile(
    r"([A-G])(#{0,3}|b{0,3})(?![#b])([^/]*(?:/[0-9+#b-][^/]*)?)(?:/([A-G])(#{0,3}|b{0,3}))?$"
)
_MOST_SIGNS = 3


class Symbol(NamedTuple):
    """A chord symbol taken apart for a `harmony` element; steps are letters, alters are semitones. `kind` is
    'other' where the standard has no name for what `text` says.
    """

    step: str
    alter: int
    kind: str
    text: str
    bass_step: str = ""
    bass_alter: int = 0


def read(harmony: Element) -> list[str]:
    """The chord symbols of a `harmony` element as text ('F#m7/A'), 'N.C.' for no chord; those without a root
    or of no known kind are left out.
    """
    found: list[list[Element]] = []
    for child in harmony:
        if child.tag in ("root", "numeral", "function"):
            found.append([])
        if found:
            found[-1].append(child)
        elif child.tag == "kind" and child.text == _WITHOUT:
            return [chords.NO_CHORD]
    return [text for elements in found if (text := _text({e.tag: e for e in elements}, elements))]


def _text(named: dict[str, Element], elements: list[Element]) -> str:
    root, kind, bass = named.get("root"), named.get("kind"), named.get("bass")
    if root is None or kind is None:
        return ""
    value = (kind.text or "").strip()
    if value == _WITHOUT:
        return chords.NO_CHORD
    over = "" if bass is None else f"/{_note(bass, 'bass')}"
    degrees = "".join(_degree(e) for e in elements if e.tag == "degree" and e.get("print-object") != "no")
    return _symbol(_note(root, "root"), value, degrees, kind.get("text") or "", over)


@lru_cache(maxsize=4096)
def _symbol(root: str, kind: str, degrees: str, written: str, over: str) -> str:
    """The text as written where it means what the kind says, else the kind's own; '' where neither is a
    chord.
    """
    as_written = f"{root}{written}{over}"
    if kind in _SIXTHS:
        suffix, up = _SIXTHS[kind]
        return chords.transpose(f"{root}{suffix}", up)
    named = KINDS.get(kind, _OLD_KINDS.get(kind))
    texts = [as_written] if named is None else [f"{root}{named}{degrees}{over}", as_written]
    meant = [text for text in texts if _meaning(text)]
    if len(meant) == 2 and not degrees and _meaning(meant[0]) == _meaning(meant[1]):
        return meant[1]
    return meant[0] if meant else ""


def _meaning(text: str) -> chords.Chord | None:
    try:
        return chords.parse(text)
    except ChordError:
        return None


def _note(element: Element, what: str) -> str:
    step = (element.findtext(f"{what}-step") or "").strip().upper()
    alter = integer(element.findtext(f"{what}-alter")) or 0
    return step + accidentals(alter) if step in LETTERS else ""


def accidentals(alter: int) -> str:
    """Sharps above 0, flats below, at most three."""
    count = min(abs(alter), _MOST_SIGNS)
    return ("#" if alter > 0 else "b") * count


def _degree(element: Element) -> str:
    """A modification such as '(add9)', '(#11)', '(no5)'."""
    number = integer(element.findtext("degree-value")) or 0
    sign = accidentals(integer(element.findtext("degree-alter")) or 0)
    kind = (element.findtext("degree-type") or "").strip()
    if not 0 < number <= 13:
        return ""
    if kind == "subtract":
        return f"(no{number})"
    return f"({sign}{number})" if kind == "alter" and sign else f"(add{sign}{number})"


@lru_cache(maxsize=4096)
def taken_apart(text: str) -> Symbol | None:
    """What a `harmony` element says for a chord symbol; None where `text` is no chord symbol."""
    meaning = _meaning(text)
    if meaning is None:
        return None
    if meaning.root is None:
        return Symbol("", 0, _WITHOUT, chords.NO_CHORD)
    found = _SYMBOL.match(text)
    if not found:
        canonical = chords.symbol_of(meaning.root, meaning.mask, meaning.bass)
        return taken_apart(canonical) if canonical != text else None
    step, signs, suffix, bass_step, bass_signs = found.groups()
    plain = chords.parse(f"{step}{signs}{suffix}")
    kind = next((k for k, s in KINDS.items() if chords.parse(f"{step}{signs}{s}") == plain), "other")
    return Symbol(step, _alter(signs), kind, suffix, bass_step or "", _alter(bass_signs or ""))


def _alter(signs: str) -> int:
    return signs.count("#") - signs.count("b")


Length = int | Fraction


class SymbolPlacer:
    """Adds the chord symbols of a part to `found` as they are read, and shares notes out among them."""

    def __init__(self, found: list[tuple[Place, str]]) -> None:
        self.found = found
        self._together: list[range] = []

    def add(self, texts: Sequence[str], place: Place, *, has_offset: bool) -> None:
        """The symbols of one `harmony`; one that cannot be read has its share all the same."""
        first = len(self.found)
        self.found += [(place, text) for text in texts]
        if not has_offset:
            self._together.append(range(first, len(self.found)))

    def over(self, length: Length, meter: Meter, ticks_per_quarter: int) -> None:
        """What comes next, a note or a gap, lasts `length` ticks: the symbols just added stand over it."""
        if not self._together or not length:
            return
        shifts = shares(len(self._together), length, meter, ticks_per_quarter)
        for rows, shift in zip(self._together, shifts, strict=True):
            for row in rows:
                (measure, time), text = self.found[row]
                self.found[row] = ((measure, time + round(shift)), text)
        self.close()

    def close(self) -> None:
        """What comes next stands elsewhere."""
        self._together = []


def shares(n: int, length: Length, meter: Meter, ticks_per_quarter: int) -> list[Fraction]:
    """When each of `n` chords over a note of `length` ticks begins, in ticks from the note's beginning.

    Each has the same share, rounded up to whole beats: three beats are two and one. Notes with too few beats
    are shared out in halves, quarters ... of them.
    """
    step = Fraction(4 * ticks_per_quarter, meter.denominator)
    if meter.numerator % 3 == 0 and meter.numerator > 3 and n * 3 * step <= length:
        step *= 3  # dotted beats
    while n * step > length:
        step /= 2
    return [math.ceil(Fraction(k * length) / n / step) * step for k in range(n)]
