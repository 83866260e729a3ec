"""Tempo and loudness: what `direction` and `sound` elements say, and the velocities of notes that follow.

Marks of loudness hold until the next; hairpins lead from one to another.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

import numpy as np

from antiphon.arrays import Float64, Int64
from antiphon.io import tempo_words
from antiphon.io.musicxml.numbers import Place, number

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
STRESS = 15
"""How much louder a stressed or accented note is."""
_USUAL = 80.0  # velocity before any mark (mf)
_STEP = 16.0  # from one mark to the next, as from p to mp
_SIGNS = {"crescendo": 1, "diminuendo": -1}
_SLOWEST, _FASTEST = 1.0, 100_000.0
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


class Tempo(NamedTuple):
    """A tempo in quarters per minute; of two at one place the one of more `weight` counts: a word, a printed
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


class PlacedHairpin(NamedTuple):
    """A hairpin as written: louder (`sign` 1) or softer (-1)."""

    start: Place
    stop: Place
    sign: int


class Loudness:
    """Takes in the marks of a part: adds to its `levels` and `hairpins`, and to the `stressed` places."""

    def __init__(self, levels: list[tuple[Place, int]], hairpins: list[PlacedHairpin]) -> None:
        self.levels, self.hairpins = levels, hairpins
        self._open: dict[str, tuple[Place, int]] = {}
        self.stressed: set[Place] = set()

    def sound(self, sound: Element, place: Place) -> None:
        """Take in a `sound`."""
        level = loudness(sound)
        if level is not None:
            self.levels.append((place, level))

    def dynamics(self, mark: Element, place: Place) -> None:
        """Take in a `dynamics` mark."""
        level, stresses = dynamics(mark)
        if level is not None:
            self.levels.append((place, level))
        if stresses:
            self.stressed.add(place)

    def wedge(self, wedge: Element, place: Place) -> None:
        """Take in the beginning or the end of a hairpin."""
        number, kind = wedge.get("number", "1"), wedge.get("type", "")
        if kind in _SIGNS:
            self._open[number] = (place, _SIGNS[kind])
        elif kind == "stop" and number in self._open:
            start, sign = self._open.pop(number)
            if start < place:
                self.hairpins.append(PlacedHairpin(start, place, sign))


class Level(NamedTuple):
    """From `time` (ticks) on, `velocity`."""

    time: int
    velocity: float


class Hairpin(NamedTuple):
    """From `start` to `stop` (ticks) louder (`sign` 1) or softer (-1)."""

    start: int
    stop: int
    sign: int


def velocities(times: Int64, levels: Sequence[Level], hairpins: Sequence[Hairpin], near: int) -> Float64:
    """Velocity of notes at `times` (int64 [N] ticks), float64 [N].

    A hairpin leads to the mark that stands at its end or up to `near` ticks after it, else one mark up or
    down, where the part then stays.
    """
    marks = sorted([Level(-1, _USUAL), *levels], key=lambda level: level.time)
    at = [level.time for level in marks]
    reached: list[Level] = [marks[0]]
    ramps = []
    for hairpin in sorted(hairpins):
        first = bisect_right(at, hairpin.start)
        before = max(marks[first - 1], reached[-1], key=lambda level: level.time).velocity
        if first < len(at) and at[first] <= hairpin.stop + near:
            target = marks[first].velocity
        else:
            target = min(max(before + _STEP * hairpin.sign, 1.0), 127.0)
            reached.append(Level(hairpin.stop, target))
        ramps.append((hairpin, before, target))
    return _sounding(times, sorted([*marks, *reached], key=lambda level: level.time), ramps)


def _sounding(times: Int64, marks: Sequence[Level], ramps: Sequence[tuple[Hairpin, float, float]]) -> Float64:
    at = np.array([level.time for level in marks])
    value = np.array([level.velocity for level in marks])
    found: Float64 = value[np.searchsorted(at, times, side="right") - 1]
    order = np.argsort(times, kind="stable")
    ordered = times[order]
    for (start, stop, _), before, target in ramps:
        low, high = np.searchsorted(ordered, (start, stop))
        rows = order[low:high]
        found[rows] = before + (target - before) * (times[rows] - start) / max(stop - start, 1)
    return found
