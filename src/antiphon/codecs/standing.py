"""What a corpus knows of every sequence, whatever its kind: where it stood, and what sounds in it when."""

from __future__ import annotations

from typing import Any, NamedTuple

from antiphon.score.maps import Meter
from antiphon.score.notes import Int


class Standing(NamedTuple):
    """Where a sequence stood in its piece, and on which grid; an attribute that a kind of sequence lacks has
    its default."""

    meter: Meter = Meter()
    steps_per_quarter: int = 0
    """0 on a grid of steps per second."""
    steps_per_second: int = 0
    """0 on a grid of steps per quarter."""
    start_step: int = 0
    start_in_bar: int = 0
    track: int = -1
    """-1 where a sequence is of several parts."""
    program: int = 0

    @classmethod
    def of(cls, sequence: Any) -> Standing:
        """The standing of an extracted sequence, from its attributes of the same names."""
        found = {name: getattr(sequence, name) for name in cls._fields if hasattr(sequence, name)}
        return cls(**found)

    def on_beats(self) -> dict[str, Any]:
        """The values that an `antiphon.extract.stepped.Stepped` sequence is made with."""
        return {name: value for name, value in self._asdict().items() if name != "steps_per_second"}


class Profile(NamedTuple):
    """What sounds in a sequence, for comparing it with others: one row a note, ordered by time, then from
    the highest pitch to the lowest."""

    time: Int
    """Onset in steps from the sequence's start, int64 [N]."""
    pitch: Int
    """MIDI pitch, or number of the drum class, int64 [N]."""
