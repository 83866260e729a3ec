"""What stands in a score, before repeats are played: each thing with its measure and the ticks after the
measure's beginning.
"""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass, field
from typing import NamedTuple

from antiphon.errors import FormatError
from antiphon.io.limits import Limits
from antiphon.io.musicxml.attributes import Meters
from antiphon.io.musicxml.directions import Tempo
from antiphon.io.musicxml.structure import Place, Signs
from antiphon.score.maps import Key


class Note(NamedTuple):
    """A sounding note. `own` is a velocity of its own or 0, `louder` what an accent adds; `tie` is 1 where a
    tie starts, plus 2 where one stops.
    """

    measure: int
    time: int
    length: int
    pitch: int
    own: int
    louder: int
    program: int
    is_drum: bool
    track: int
    tie: int
    voice: int


class Sung(NamedTuple):
    """A syllable of a verse (from 1); one within a word ends with a hyphen."""

    place: Place
    text: str
    verse: int
    track: int


class Slope(NamedTuple):
    """A hairpin: louder (`sign` 1) or softer (-1)."""

    start: Place
    stop: Place
    sign: int


@dataclass
class Written:
    """The whole score. `lengths` has the ticks that each measure is filled with (0 where it is empty);
    `levels` (velocity from a place on) and `slopes` are by track.
    """

    ticks_per_quarter: int
    lengths: list[int] = field(default_factory=list)
    meters: dict[Place, Meters] = field(default_factory=dict)
    signs: Signs = field(default_factory=Signs)
    notes: list[Note] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    lyrics: list[Sung] = field(default_factory=list)
    chords: list[tuple[Place, str]] = field(default_factory=list)
    markers: list[tuple[Place, str]] = field(default_factory=list)
    tempos: list[tuple[Place, Tempo]] = field(default_factory=list)
    keys: list[tuple[Place, Key, int]] = field(default_factory=list)
    levels: dict[int, list[tuple[Place, int]]] = field(default_factory=dict)
    slopes: dict[int, list[Slope]] = field(default_factory=dict)

    def reach(self, measure: int, ticks: int) -> None:
        """A part fills so much of a measure."""
        self.lengths.extend([0] * (measure + 1 - len(self.lengths)))
        self.lengths[measure] = max(self.lengths[measure], ticks)

    def check(self, limits: Limits) -> None:
        """Raises `FormatError` for more of anything than `limits` allow."""
        changes: tuple[Sized, ...] = (
            self.lyrics,
            self.chords,
            self.markers,
            self.tempos,
            self.keys,
            self.signs.signs,
        )
        counts = {
            "notes": len(self.notes),
            "parts": len(self.names),
            "changes": max([len(self.meters), *(len(entries) for entries in changes), self._loud()]),
        }
        for what, count in counts.items():
            if count > getattr(limits, what):
                raise FormatError(f"MusicXML with {count} {what}; at most {getattr(limits, what)} are read.")

    def _loud(self) -> int:
        """How many marks of loudness there are in the part read last."""
        last = len(self.names) - 1
        return len(self.levels.get(last, ())) + len(self.slopes.get(last, ()))
