"""Marks of loudness, as they stand in a part: levels, hairpins, stressed places."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from antiphon.io.musicxml import directions
from antiphon.io.musicxml.dynamics import STRESS
from antiphon.io.musicxml.structure import Place
from antiphon.io.musicxml.written import Note, Slope

_SIGNS = {"crescendo": 1, "diminuendo": -1}


class Loudness:
    """The marks of a part, added to its `levels` and `slopes` as they are read."""

    def __init__(self, levels: list[tuple[Place, int]], slopes: list[Slope]) -> None:
        self.levels, self.slopes = levels, slopes
        self._open: dict[str, tuple[Place, int]] = {}
        self._stressed: set[Place] = set()

    def sound(self, sound: Element, place: Place) -> None:
        """What a `sound` says."""
        level = directions.loudness(sound)
        if level is not None:
            self.levels.append((place, level))

    def dynamics(self, mark: Element, place: Place) -> None:
        """A `dynamics` mark."""
        level, stresses = directions.dynamics(mark)
        if level is not None:
            self.levels.append((place, level))
        if stresses:
            self._stressed.add(place)

    def wedge(self, wedge: Element, place: Place) -> None:
        """The beginning or the end of a hairpin."""
        number, kind = wedge.get("number", "1"), wedge.get("type", "")
        if kind in _SIGNS:
            self._open[number] = (place, _SIGNS[kind])
        elif kind == "stop" and number in self._open:
            start, sign = self._open.pop(number)
            if start < place:
                self.slopes.append(Slope(start, place, sign))

    def stress(self, notes: list[Note], first: int) -> None:
        """Make the notes from number `first` on that stand at sforzati louder."""
        if not self._stressed:
            return
        for i in range(first, len(notes)):
            if (notes[i].measure, notes[i].time) in self._stressed:
                notes[i] = notes[i]._replace(louder=max(notes[i].louder, STRESS))
