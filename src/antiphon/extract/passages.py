"""Passages: all that sounds in one stretch of one meter, for kinds of sequences of many voices.

The rules are those of Magenta's polyphony and pianoroll pipelines: a passage lasts from the beginning of its
stretch to the end of its last note, has notes of one program, and is neither too short nor too long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from antiphon.arrays import Int16, Int64
from antiphon.errors import OptionError
from antiphon.extract.lines import chosen
from antiphon.extract.meters import Stretch, in_whole_bars, stretches
from antiphon.extract.stepped import one_track
from antiphon.score.maps import Meter
from antiphon.score.notes import Notes
from antiphon.score.quantized import QuantizedScore

LONGEST = 1 << 18
"""Steps that no passage exceeds, whatever the options say: nine hours of sixteenth notes."""


@dataclass(frozen=True)
class PassageOptions:
    """What counts as a passage."""

    min_steps: int = 80
    """Shorter ones are left out."""
    max_steps: int | None = None
    """Longer ones are left out, or cut; None keeps them whole."""
    cut: bool = False
    """Whether longer ones are cut."""
    track: int | str | None = None
    """Only this part, by number or by name; None is all parts, which then have to be of one program."""
    drums: bool = False
    """Whether percussion parts count."""
    pickup: bool = True
    """Whether a short first meter is a pick-up bar of what follows, not a stretch of its own."""

    def __post_init__(self) -> None:
        if self.min_steps < 0:
            raise OptionError(f"min_steps is {self.min_steps}; expected 0 or more.")
        if self.max_steps is not None and self.max_steps < 1:
            raise OptionError(f"max_steps is {self.max_steps}; expected at least 1, or none for no limit.")


class Passage(NamedTuple):
    """Notes, their `start` and `end` in steps from the passage's first, `n_steps` in all; and the values that
    an `antiphon.extract.stepped.Stepped` sequence of it is made with."""

    start: Int64
    end: Int64
    pitch: Int16
    n_steps: int
    standing: dict[str, Any]


def passages(score: QuantizedScore, options: PassageOptions, losses: Counter[str]) -> Iterator[Passage]:
    """The passages of `score` in order of time; `losses` counts what was left out, by reason.

    Needs a `PerQuarter` grid (`TypeError` otherwise).
    """
    areas = stretches(score, pickup=options.pickup)
    steps_per_quarter = round(score.steps_per_bar(Meter(1, 4)))
    notes = chosen(score, options.track, options.drums, losses)
    notes, stretch = in_whole_bars(notes, areas, losses)
    order = np.argsort(stretch, kind="stable")
    notes, stretch = notes[order], stretch[order]
    bounds = np.append(np.flatnonzero(np.diff(stretch, prepend=-1)), len(stretch))
    for first, stop in pairwise(bounds.tolist()):
        yield from _passage(notes[first:stop], areas[stretch[first]], steps_per_quarter, options, losses)


def _passage(
    notes: Notes, area: Stretch, steps_per_quarter: int, options: PassageOptions, losses: Counter[str]
) -> list[Passage]:
    """The passage of these notes of one stretch, or none."""
    n_steps = min(int(notes.end.max()), area.end) - area.start
    most = LONGEST if options.max_steps is None else min(options.max_steps, LONGEST)
    if reason := _refusal(notes, n_steps, most, options):
        losses[reason] += 1
        return []
    if n_steps > most:
        losses[f"cut at {most} steps"] += 1
        n_steps = most
        notes = notes[notes.start < area.start + most]
    standing = {
        "steps_per_quarter": steps_per_quarter,
        "meter": area.meter,
        "start_step": area.start,
        "start_in_bar": (area.start - area.bar_line) % int(area.steps_per_bar),
        "track": one_track(notes.track),
        "program": int(notes.program[0]) if len(notes) else 0,
    }
    end = np.minimum(notes.end - area.start, n_steps)
    return [Passage(notes.start - area.start, end, notes.pitch, n_steps, standing)] if len(notes) else []


def _refusal(notes: Notes, n_steps: int, most: int, options: PassageOptions) -> str:
    """Why these notes are no passage, or nothing."""
    if (notes.program != notes.program[0]).any():
        return "more than one program"
    if n_steps < options.min_steps:
        return f"shorter than {options.min_steps} steps"
    return f"longer than {most} steps" if n_steps > most and not options.cut else ""
