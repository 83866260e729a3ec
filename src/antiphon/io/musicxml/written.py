"""What stands on the pages of a score, before repeats are played: everything with its place, a measure and
the ticks after its beginning.
"""

from __future__ import annotations

from collections.abc import Collection, Sized
from dataclasses import dataclass, field
from typing import NamedTuple

from antiphon.errors import FormatError
from antiphon.io.limits import Limits
from antiphon.io.musicxml.attributes import Meters
from antiphon.io.musicxml.bars import RepeatSigns
from antiphon.io.musicxml.directions import STRESS, PlacedHairpin, Tempo
from antiphon.io.musicxml.numbers import Place
from antiphon.score.maps import Key

STARTS, STOPS = 1, 2  # of ties


class Note(NamedTuple):
    """A sounding note. `own` is a velocity of its own or 0, `louder` what an accent adds; `tie` is a sum of
    `STARTS` and `STOPS`.
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


class Syllable(NamedTuple):
    """A syllable of a verse (from 1); one within a word ends with a hyphen."""

    place: Place
    text: str
    verse: int
    track: int


@dataclass
class WrittenScore:
    """A score as written. `lengths` has the ticks that each measure is filled with (0 where it is empty);
    `levels` (velocity from a place on) and `hairpins` are by track.
    """

    ticks_per_quarter: int
    lengths: list[int] = field(default_factory=list)
    meters: dict[Place, Meters] = field(default_factory=dict)
    signs: RepeatSigns = field(default_factory=RepeatSigns)
    notes: list[Note] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    lyrics: list[Syllable] = field(default_factory=list)
    chords: list[tuple[Place, str]] = field(default_factory=list)
    markers: list[tuple[Place, str]] = field(default_factory=list)
    tempos: list[tuple[Place, Tempo]] = field(default_factory=list)
    keys: list[tuple[Place, Key, int]] = field(default_factory=list)
    levels: dict[int, list[tuple[Place, int]]] = field(default_factory=dict)
    hairpins: dict[int, list[PlacedHairpin]] = field(default_factory=dict)

    def reach(self, measure: int, ticks: int) -> None:
        """Note that a part fills `ticks` of a measure."""
        self.lengths.extend([0] * (measure + 1 - len(self.lengths)))
        self.lengths[measure] = max(self.lengths[measure], ticks)

    def stress(self, places: Collection[Place], first: int) -> None:
        """Make the notes from number `first` on that stand at `places` louder."""
        if not places:
            return
        for i in range(first, len(self.notes)):
            note = self.notes[i]
            if (note.measure, note.time) in places:
                self.notes[i] = note._replace(louder=max(note.louder, STRESS))

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
        return len(self.levels.get(last, ())) + len(self.hairpins.get(last, ()))
