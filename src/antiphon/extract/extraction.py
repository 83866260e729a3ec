"""What every extractor is, and what it hands back: sequences, and the reasons for what did not become one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from antiphon.extract.events import Events
from antiphon.score.quantized import Grid, PerQuarter, QuantizedScore
from antiphon.score.score import Score

S = TypeVar("S")


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
