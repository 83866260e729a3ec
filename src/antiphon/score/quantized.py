"""`QuantizedScore`: a score on a grid of integer steps.

`PerQuarter(n)` divides every quarter note into n steps along the tempo map: tempo changes bend seconds, not
steps. `PerSecond(n)` divides every second into n steps and is for music that was played free of any beat.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from antiphon.arrays import Float64
from antiphon.score.maps import KeyChange, Mark, Meter, MeterMap, TempoMap
from antiphon.score.notes import Notes, frozen


class PerQuarter(NamedTuple):
    """A grid of `steps` per quarter note."""

    steps: int


class PerSecond(NamedTuple):
    """A grid of `steps` per second."""

    steps: int


Grid = PerQuarter | PerSecond


@dataclass(frozen=True, eq=False)
class QuantizedScore:
    """Notes, tempo, meter, keys and chords in steps of `grid`. A note is at least one step long.

    With a `PerSecond` grid, meters and tempos are those of the source, placed at their nearest step.
    """

    notes: Notes
    grid: Grid
    total_steps: int
    tempos: TempoMap = field(default_factory=TempoMap.of)
    meters: MeterMap = field(default_factory=MeterMap.of)
    keys: tuple[KeyChange, ...] = ()
    chords: tuple[Mark, ...] = ()
    track_names: tuple[str, ...] = ()
    title: str = ""
    source: str = ""
    onsets: Float64 | None = None
    """Where each note begins before rounding, float64 [N] in steps: what was played together and what was
    not. None where that is not known; the whole steps then stand for it."""

    def __post_init__(self) -> None:
        if self.onsets is None:
            return
        if len(self.onsets) != len(self.notes):
            raise ValueError(f"{len(self.onsets)} unrounded onsets for {len(self.notes)} notes")
        object.__setattr__(self, "onsets", frozen(self.onsets, np.float64))

    def replace(self, **changes: Any) -> QuantizedScore:
        """The same score with some fields exchanged."""
        return dataclasses.replace(self, **changes)

    def steps_per_bar(self, meter: Meter) -> float:
        """Steps in a bar of `meter`; fractional where the grid does not divide the bar (`PerQuarter`
        grids only).
        """
        if not isinstance(self.grid, PerQuarter):
            raise TypeError("a grid of steps per second has no bars")
        return self.grid.steps * meter.quarters
