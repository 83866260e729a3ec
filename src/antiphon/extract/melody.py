"""`Melody`: one voice on a grid, an event a step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from antiphon.score.maps import Meter
from antiphon.score.notes import Small, frozen

NO_EVENT = -2
NOTE_OFF = -1


@dataclass(frozen=True, eq=False)
class Melody:
    """One voice. `events` int16 [T]: 0-127 starts a note, -1 ends it, -2 goes on with whatever was.

    `start_step` is where event 0 stood in the score; `start_in_bar` is the step of the bar event 0 falls on (0 at a bar
    line, more where the melody begins with a pick-up).
    """

    events: Small
    steps_per_quarter: int = 4
    meter: Meter = Meter()
    start_step: int = 0
    start_in_bar: int = 0
    track: int = 0
    program: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "events", frozen(self.events, np.int16))

    def __len__(self) -> int:
        return len(self.events)

    @property
    def steps_per_bar(self) -> int:
        """Steps in a bar of this melody's meter."""
        return round(self.steps_per_quarter * self.meter.quarters)
