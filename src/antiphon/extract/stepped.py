"""`Stepped`: what sequences that follow the beat have in common, and how one becomes a score."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Self

import numpy as np

from antiphon.score.maps import Meter, MeterMap, TempoMap
from antiphon.score.notes import Int, Notes, Small, frozen
from antiphon.score.score import DEFAULT_TICKS_PER_QUARTER, Score


@dataclass(frozen=True, eq=False)
class Stepped:
    """Events of one passage in one meter, on a grid of steps per quarter.

    `start_step` is where the first step stood in the score; `start_in_bar` is the step of the bar it falls on
    (0 at a bar line, more after the beginning of a pick-up). `track` is -1 where several parts were pooled.
    """

    events: Small
    steps_per_quarter: int = 4
    meter: Meter = field(default_factory=Meter)
    start_step: int = 0
    start_in_bar: int = 0
    track: int = 0
    program: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "events", frozen(self.events, np.int16))

    def __len__(self) -> int:
        return len(self.events)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        names = (f.name for f in dataclasses.fields(self))
        return all(_equal(getattr(self, name), getattr(other, name)) for name in names)

    __hash__ = None  # type: ignore[assignment]

    def replace(self, **changes: Any) -> Self:
        """The same sequence with some fields exchanged."""
        return dataclasses.replace(self, **changes)

    @property
    def steps_per_bar(self) -> int:
        """Steps in a bar of this sequence's meter."""
        return round(self.steps_per_quarter * self.meter.quarters)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return one is not None and other is not None and np.array_equal(one, other)
    return bool(one == other)


def as_score(
    sequence: Stepped,
    sounds: tuple[Int, Int, Small],
    *,
    qpm: float,
    program: int | None,
    velocity: int,
    name: str,
    is_drum: bool = False,
) -> Score:
    """`sounds` (onsets and ends in steps from the sequence's first, pitches) as a score of one part `name`.

    The first step stands at tick 0. `program` None is the sequence's own. A pick-up becomes a short first
    meter; where no meter has its length (a third of a beat), the score begins with a whole bar, rests first.
    """
    step = max(1, DEFAULT_TICKS_PER_QUARTER // sequence.steps_per_quarter)
    meters, shift = _meters(sequence)
    start, end, pitch = sounds
    return Score(
        Notes.of(
            (start + shift) * step,
            (end + shift) * step,
            pitch,
            velocity=velocity,
            program=sequence.program if program is None else program,
            is_drum=is_drum,
        ),
        ticks_per_quarter=step * sequence.steps_per_quarter,
        tempos=TempoMap.of([(0, qpm)]),
        meters=MeterMap.of([(time * step, *meter) for time, meter in meters]),
        track_names=(name,),
    )


def _meters(sequence: Stepped) -> tuple[list[tuple[int, Meter]], int]:
    """(step, meter) entries, and by how many steps the notes come later."""
    if not sequence.start_in_bar:
        return [(0, sequence.meter)], 0
    pickup = sequence.steps_per_bar - sequence.start_in_bar
    length = Fraction(pickup, 4 * sequence.steps_per_quarter)
    if length.denominator & (length.denominator - 1):
        return [(0, sequence.meter)], sequence.start_in_bar
    return [(0, Meter(length.numerator, length.denominator)), (pickup, sequence.meter)], 0
