"""What performances have in common: which notes belong to one, in which order, how loud; and the way back.

A performance is what one player did: notes as they were played, on a fine grid of time. The rules are those
of Magenta's performance pipeline, whose notes are ordered by where they begin before rounding, then by pitch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from antiphon.errors import OptionError
from antiphon.extract.extraction import Events, Reading
from antiphon.extract.lines import counting
from antiphon.score.maps import TempoMap
from antiphon.score.notes import Int, Notes, Small
from antiphon.score.quantized import Grid, PerQuarter, PerSecond, QuantizedScore
from antiphon.score.score import DEFAULT_TICKS_PER_QUARTER, Score

DRUMS = 128
"""Program of a performance that is all percussion; -1 where programs are mixed."""
SEVERAL = -1
DEFAULT_VELOCITY = 100


@dataclass(frozen=True, eq=False)
class PlayedSequence(Events, ABC):
    """Events that were played. One of `steps_per_second` and `steps_per_quarter` is 0: time is counted in the
    other.

    Step 0 is `start_step` of the score. `track` is -1 where parts were pooled, `program` -1 where several
    were and 128 for percussion. With `n_velocity_bins` 0 nothing is said of loudness.
    """

    steps_per_second: int = 100
    steps_per_quarter: int = 0
    n_velocity_bins: int = 0
    start_step: int = 0
    track: int = SEVERAL
    program: int = 0

    @abstractmethod
    def notes(self) -> Notes:
        """The notes in steps from the first."""


@dataclass(frozen=True)
class PlayingOptions:
    """What counts as a performance. The defaults are those of Magenta's performance pipeline, drums apart."""

    n_velocity_bins: int = 32
    """Degrees of loudness, 1 to 127; 0 leaves it out."""
    steps_per_second: int | None = 100
    """The grid; None is the steps per quarter of everything else (Magenta's metric performance)."""
    window_steps: int | None = 3000
    """Where the music is cut into performances of their own (30 seconds of 100 steps); None leaves it."""
    min_events: int = 32
    """Performances of fewer events are left out."""
    max_events: int | None = 512
    """Performances are cut after this many events; None keeps them whole."""
    max_steps: int | None = None
    """Performances are cut at this step; None keeps them whole."""
    split_parts: bool = False
    """Whether every part is a performance of its own; else all parts make one, of one program only."""
    pedal: bool = True
    """Whether the sustain pedal is played out in the notes' ends."""
    track: int | str | None = None
    """Only this part, by number or by name; None is all parts."""
    drums: bool = False
    """Whether percussion counts, as it does in Magenta's."""

    def __post_init__(self) -> None:
        _check("n_velocity_bins", self.n_velocity_bins, 0, 127)
        _check("steps_per_second", self.steps_per_second, 1, 1000)
        _check("window_steps", self.window_steps, 1)
        _check("max_events", self.max_events, 1)
        _check("max_steps", self.max_steps, 1)


def _check(name: str, value: int | None, low: int, high: int | None = None) -> None:
    if value is not None and (value < low or (high is not None and value > high)):
        bounds = f"{low} to {high}" if high is not None else f"at least {low}"
        raise OptionError(f"{name} is {value}; expected {bounds}.")


def check_steps(name: str, value: int | None, most: int) -> None:
    """Raises `OptionError` unless `value` is None or a number of steps from 1 to `most`."""
    _check(name, value, 1, most)


def reading(options: PlayingOptions, steps_per_quarter: int) -> Reading:
    """The grid of the options, and whether the pedal is played out."""
    if options.steps_per_second is None:
        return Reading(PerQuarter(steps_per_quarter), options.pedal)
    return Reading(PerSecond(options.steps_per_second), options.pedal)


def clock(grid: Grid) -> tuple[int, int]:
    """Steps per second and steps per quarter of a grid, as `PlayedSequence` has them."""
    return (0, grid.steps) if isinstance(grid, PerQuarter) else (grid.steps, 0)


class Passages(NamedTuple):
    """G passages of N notes in all: notes [first[g], first[g + 1]), ordered by where they begin, then pitch.

    `start` and `end` are steps from the passage's own beginning `begin`; `velocity` is a bin (0 without
    bins).
    """

    first: Int
    begin: Int
    track: Int
    program: Int
    start: Int
    end: Int
    pitch: Small
    velocity: Small

    @property
    def passage(self) -> Int:
        """Number of each note's passage, int64 [N]."""
        return np.repeat(np.arange(len(self.begin)), np.diff(self.first))

    def places(self) -> Iterator[tuple[int, int, int]]:
        """Beginning, track and program of every passage, as `PlayedSequence` has them."""
        return zip(self.begin.tolist(), self.track.tolist(), self.program.tolist(), strict=True)


def passages(score: QuantizedScore, options: PlayingOptions, losses: Counter[str]) -> Passages:
    """Every passage of `score`, by part and time; those of more than one program are counted in `losses`.

    A note belongs to the window in which it begins before rounding, and ends with it.
    """
    wanted = counting(score, options.track, options.drums, losses)
    onset = score.onsets if score.onsets is not None else score.notes.start.astype(np.float64)
    part = score.notes.track if options.split_parts else np.zeros_like(score.notes.track)
    order = np.flatnonzero(wanted)
    order = order[np.lexsort((score.notes.pitch[order], onset[order], part[order]))]
    notes, part = score.notes[order], part[order]
    window = np.zeros(len(notes), dtype=np.int64)
    if options.window_steps is not None:
        window = (onset[order] // options.window_steps).astype(np.int64)
    new = np.ones(len(notes), dtype=np.bool_)
    new[1:] = (window[1:] != window[:-1]) | (part[1:] != part[:-1])
    found = _passages(notes, window, np.flatnonzero(new), options)
    return found if options.split_parts else _of_one_program(found, notes, losses)


def _passages(notes: Notes, window: Int, first: Int, options: PlayingOptions) -> Passages:
    """`notes`, ordered, as passages that begin at the rows `first`."""
    size = options.window_steps or 0
    shift = window * size
    start, end = notes.start - shift, notes.end - shift
    if size:
        end = np.maximum(np.minimum(end, size), start + 1)
    return Passages(
        first=np.append(first, len(notes)),
        begin=shift[first],
        track=notes.track[first].astype(np.int64) if options.split_parts else np.full(len(first), SEVERAL),
        program=_common(np.where(notes.is_drum, DRUMS, notes.program), first),
        start=start,
        end=end,
        pitch=notes.pitch,
        velocity=velocity_bins(notes.velocity, options.n_velocity_bins),
    )


def _common(values: Small, first: Int) -> Int:
    """The value that all rows of each passage share, or -1."""
    if not len(first):
        return first
    low, high = np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)
    return np.where(low == high, low, SEVERAL).astype(np.int64)


def _of_one_program(found: Passages, notes: Notes, losses: Counter[str]) -> Passages:
    """The passages of one program; percussion counts by the number it has, like everything else."""
    kept = _common(notes.program, found.first[:-1]) != SEVERAL
    if kept.all():
        return found
    losses["more than one program"] += int((~kept).sum())
    rows = kept[found.passage]
    n = np.diff(found.first)[kept]
    return Passages(
        np.append(0, np.cumsum(n)),
        *(column[kept] for column in (found.begin, found.track, found.program)),
        *(column[rows] for column in (found.start, found.end, found.pitch, found.velocity)),
    )


def velocity_bins(velocity: Small, n: int) -> Small:
    """Velocities 1-127 in bins 1 to `n` of equal size, as Magenta's `velocity_to_bin`; 0 without bins."""
    if not n:
        return np.zeros_like(velocity)
    bins: Small = (velocity - 1) // _bin_size(n) + 1
    return bins


def bin_velocities(bins: Small, n: int) -> Small:
    """The lowest velocity of each of `n` bins, as Magenta's `velocity_bin_to_velocity`; 100 without bins."""
    if not n:
        return np.full_like(bins, DEFAULT_VELOCITY)
    return np.clip(1 + (bins - 1) * _bin_size(n), 1, 127)


def _bin_size(n: int) -> int:
    return -(-127 // n)


def to_score(
    played: PlayedSequence,
    qpm: float = 120.0,
    program: int | None = None,
    velocity: int | None = None,
    name: str = "Performance",
) -> Score:
    """`played` as a score of one part `name`, step 0 at tick 0 (its `start_step` is not looked at).

    Tempo `qpm` decides how the score is written, and on a grid of steps per quarter how fast it is. On one
    of steps per second the tempo is the nearest at which a step is a whole number of ticks. `program` and
    `velocity` None are those played.
    """
    notes = played.notes()
    tick, resolution, qpm = _ticks(played, qpm)
    own = max(played.program, 0) if played.program != DRUMS else 0
    notes = notes.replace(
        start=notes.start * tick,
        end=notes.end * tick,
        program=own if program is None else program,
        velocity=notes.velocity if velocity is None else velocity,
        is_drum=played.program == DRUMS and program is None,
    )
    return Score(notes, resolution, TempoMap.of([(0, qpm)]), track_names=(name,))


def _ticks(played: PlayedSequence, qpm: float) -> tuple[int, int, float]:
    """Ticks per step, ticks per quarter, and the tempo."""
    if played.steps_per_quarter:
        tick = max(1, DEFAULT_TICKS_PER_QUARTER // played.steps_per_quarter)
        return tick, tick * played.steps_per_quarter, qpm
    steps_a_quarter = 60 * played.steps_per_second / qpm
    tick = max(1, round(DEFAULT_TICKS_PER_QUARTER / steps_a_quarter))
    resolution = max(1, round(tick * steps_a_quarter))
    return tick, resolution, 60.0 * played.steps_per_second * tick / resolution
