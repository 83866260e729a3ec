"""Tempo, loudness and rehearsal marks in `direction` and `sound` elements."""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.etree.ElementTree import Element

from antiphon.io import tempo_words
from antiphon.io.musicxml.numbers import number

LEVELS = {
    "n": 1, "pppppp": 1, "ppppp": 5, "pppp": 10, "ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96,
    "ff": 112, "fff": 126, "ffff": 127, "fffff": 127, "ffffff": 127, "fp": 49, "pf": 96, "sfp": 49,
    "sfpp": 33,
}  # fmt: skip
"""Velocity of each dynamics mark (as MuseScore plays them)."""
STRESSES = frozenset({"sf", "sfz", "sffz", "fz", "rf", "rfz", "fp", "sfp", "sfpp", "sfzp"})
"""Marks that stress the notes where they stand."""
FORTE = 90
"""MusicXML gives loudness in hundredths of this velocity."""
_BEATS = {
    "maxima": 32.0, "long": 16.0, "breve": 8.0, "whole": 4.0, "half": 2.0, "quarter": 1.0, "eighth": 1 / 2,
    "16th": 1 / 4, "32nd": 1 / 8, "64th": 1 / 16, "128th": 1 / 32,
}  # fmt: skip
_SLOWEST, _FASTEST = 1.0, 100_000.0
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


class Tempo(NamedTuple):
    """A tempo in quarters a minute; of two at one place the one of more `weight` counts: a word, a printed
    number, what the file says for playing.
    """

    weight: int
    qpm: float


def tempo(direction: Element) -> Tempo | None:
    """The tempo that a `direction` sets, or None."""
    sound = direction.find("sound")
    played = None if sound is None else sound_tempo(sound)
    if played:
        return played
    metronome = direction.find("direction-type/metronome")
    printed = None if metronome is None else _metronome(metronome)
    if printed and _SLOWEST <= printed <= _FASTEST:
        return Tempo(1, printed)
    text = words(direction)
    qpm = tempo_words.qpm(text)
    return Tempo(0, qpm) if qpm else None


def sound_tempo(sound: Element) -> Tempo | None:
    """The tempo that a `sound` element sets, or None."""
    qpm = number(sound.get("tempo"))
    return Tempo(2, qpm) if qpm and _SLOWEST <= qpm <= _FASTEST else None


def words(direction: Element) -> str:
    """The words of a `direction`."""
    return " ".join((e.text or "").strip() for e in direction.iterfind("direction-type/words")).strip()


def _metronome(metronome: Element) -> float | None:
    """Quarters a minute of a metronome mark; None for one that only relates two note values."""
    beat = dot = 0.0
    for child in metronome:
        if child.tag == "beat-unit":
            beat = dot = _BEATS.get((child.text or "").strip(), 0.0)
        elif child.tag == "beat-unit-dot":
            dot /= 2
            beat += dot
        elif child.tag == "per-minute" and (found := _NUMBER.search(child.text or "")):
            return float(found[0][:8].replace(",", ".")) * beat
    return None


def loudness(sound: Element) -> int | None:
    """The velocity that a `sound` element or a note sets, or None."""
    percent = number(sound.get("dynamics"))
    return None if percent is None else min(max(round(percent * FORTE / 100), 1), 127)


def dynamics(mark: Element) -> tuple[int | None, bool]:
    """The velocity that a `dynamics` element sets, if any, and whether it stresses the notes at its place."""
    names = [child.tag if child.tag != "other-dynamics" else (child.text or "").strip() for child in mark]
    level = next((LEVELS[name] for name in names if name in LEVELS), None)
    return level, any(name in STRESSES for name in names)
