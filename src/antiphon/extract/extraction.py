"""What every extractor is, and what it hands back: sequences, and the reasons for what did not become one."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Self, TypeVar

import numpy as np

from antiphon.score.notes import Small, frozen
from antiphon.score.quantized import Grid, PerQuarter, QuantizedScore
from antiphon.score.score import Score

S = TypeVar("S")


@dataclass(frozen=True, eq=False)
class Events:
    """An array of events as a value, with what says where it stood.

    `events` is int16, one row per event. Two values are equal when they are of one type and all their
    fields are."""

    events: Small

    def __post_init__(self) -> None:
        object.__setattr__(self, "events", frozen(self.events, np.int16))

    def __len__(self) -> int:
        return len(self.events)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        names = (field.name for field in dataclasses.fields(self))
        return all(_equal(getattr(self, name), getattr(other, name)) for name in names)

    __hash__ = None  # type: ignore[assignment]

    def replace(self, **changes: Any) -> Self:
        """The same value with some fields exchanged."""
        return dataclasses.replace(self, **changes)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return one is not None and other is not None and np.array_equal(one, other)
    return bool(one == other)


@dataclass(frozen=True)
class Extraction(Generic[S]):
    """`sequences` in order of track and time; `losses` counts what was lost, by reason in plain words.

    What is particular to one score stands at a reason's end in parentheses, so that reasons can be summed.
    A reason beside a sequence is no contradiction: one track may give a melody where another was polyphonic.
    """

    sequences: list[S]
    losses: Counter[str] = field(default_factory=Counter)


class Reading(NamedTuple):
    """How a score is made ready for an extractor: the grid, and whether the sustain pedal is played out in
    the notes' ends before (`antiphon.score.pedal.sustained`)."""

    grid: Grid
    pedal: bool = False


def on_beats(options: Any, steps_per_quarter: int) -> Reading:
    """The reading of kinds that follow the beat: `steps_per_quarter`, notes as they are written."""
    return Reading(PerQuarter(steps_per_quarter))


@dataclass(frozen=True)
class Extractor:
    """How one kind of sequence is found in a score."""

    sequence: type[Events]
    """What the sequences are."""
    extract: Callable[[QuantizedScore, Any], Extraction[Any]]
    """(score, options) -> sequences and losses."""
    options: type[Any]
    """Dataclass of the options; `options()` is the default."""
    to_score: Callable[..., Score]
    """A sequence as a score; takes qpm, program, velocity and name."""
    reading: Callable[[Any, int], Reading] = on_beats
    """(options, steps per quarter) -> how the score is made ready."""
