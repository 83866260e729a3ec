"""What is written in a voice of a tune: bars of sounds, with the marks that say how they are played."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from antiphon.io.repeats import PLAIN, Marks
from antiphon.score.maps import Key, Meter

LOUDNESS = {"pppp": 16, "ppp": 30, "pp": 45, "p": 60, "mp": 75, "mf": 90, "f": 105, "ff": 120, "fff": 127,
             "ffff": 127}  # fmt: skip
"""Velocities of the marks of loudness."""
DEFAULT_LOUDNESS = 100
"""The velocity of notes without a mark."""
QUARTER = 1024 * 9 * 5 * 7 * 11 * 13
"""Ticks a quarter while reading: tuplets of up to 15 but for some, and notes of 1/4096, are whole."""


@dataclass(slots=True)
class Sound:
    """A note: `onset` from its bar line, all in ticks; `words` are its syllables, by verse."""

    onset: int
    duration: int
    pitch: int
    velocity: int
    is_tied: bool = False
    words: dict[int, str] | None = None


class Change(NamedTuple):
    """A key, a tempo (quarters a minute) or a chord symbol at `onset` from the bar line."""

    onset: int
    value: Key | float | str


@dataclass(slots=True)
class Bar:
    """A written bar. `meter` is None where music is free."""

    start: int
    meter: Meter | None
    length: int = 0
    sounds: list[Sound] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    part: str = ""
    marks: Marks = PLAIN

    @property
    def is_empty(self) -> bool:
        """Whether no time has passed in it."""
        return not self.length


@dataclass(slots=True)
class Written:
    """A voice that has been read."""

    name: str
    bars: list[Bar]
    program: int = 0
    is_drum: bool = False
