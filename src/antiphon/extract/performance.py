"""`Performance`: what was played, as a stream of key presses, key releases, waits and changes of loudness.

The rules and the default options are those of Magenta's `Performance` and its pipeline: of what happens at
one step, notes come in the order in which they began, each note's onset before its end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from antiphon.extract import playing
from antiphon.extract.extraction import Extraction, Extractor
from antiphon.extract.phrases import count
from antiphon.extract.playing import (
    DEFAULT_VELOCITY,
    Passages,
    PlayedSequence,
    PlayingOptions,
    reading,
    to_score,
)
from antiphon.score.notes import Bool, Int, Notes, Small
from antiphon.score.quantized import Grid, PerQuarter, QuantizedScore

NOTE_ON = 1
NOTE_OFF = 2
TIME_SHIFT = 3
VELOCITY = 4
MAX_SHIFT = 32_000
"""Longest shift of time in one event, in steps."""
MOST_EVENTS = 1 << 23
"""Events of all passages of a score before any is cut. Waits alone can be many more: silence may be long, the
longest shift short, and every part a passage of its own."""


class Performance(PlayedSequence):
    """A stream of events; `events` int16 [T, 2] are type and value.

    NOTE_ON and NOTE_OFF have a pitch 0-127, TIME_SHIFT a number of steps to wait, VELOCITY the bin (from 1)
    of the notes that follow.
    """

    @property
    def steps(self) -> int:
        """Length: everything waited."""
        return int(self.events[self.events[:, 0] == TIME_SHIFT, 1].sum(dtype=np.int64))

    def times(self) -> Int:
        """The step at which each event happens, int64 [T]; a wait is over by then."""
        return np.cumsum(np.where(self.events[:, 0] == TIME_SHIFT, self.events[:, 1], 0), dtype=np.int64)

    def onsets(self) -> tuple[Int, Int]:
        """Step and pitch of every onset, int64 [N], in order."""
        on = self.events[:, 0] == NOTE_ON
        return self.times()[on], self.events[on, 1].astype(np.int64)

    def notes(self) -> Notes:
        """The notes in steps from the first: a release ends the oldest note of its pitch that still sounds.

        Releases of what does not sound are ignored, notes never released end with the performance, notes
        without length are left out. Velocities are the lowest of their bins, 100 where none is said.
        """
        time, value = self.times(), self.events[:, 1]
        on = np.flatnonzero(self.events[:, 0] == NOTE_ON)
        end = np.append(time, self.steps)[self._releases()]
        notes = Notes.of(time[on], end, value[on], self._velocities()[on])
        return notes[notes.end > notes.start]

    def _velocities(self) -> Small:
        """The velocity that holds at every event."""
        said = self.events[:, 0] == VELOCITY
        velocity = playing.bin_velocities(self.events[said, 1], self.n_velocity_bins)
        held: Small = np.append(np.int16(DEFAULT_VELOCITY), velocity)[np.cumsum(said)]
        return held

    def _releases(self) -> Int:
        """The row of the release of every NOTE_ON in order; the number of rows where there is none."""
        kind, pitch = self.events[:, 0], self.events[:, 1].astype(np.int64)
        rows = np.flatnonzero((kind == NOTE_ON) | (kind == NOTE_OFF))
        rows = rows[np.argsort(pitch[rows], kind="stable")]
        rows = rows[~_idle(kind[rows] == NOTE_ON, pitch[rows])]
        on, off = rows[kind[rows] == NOTE_ON], rows[kind[rows] == NOTE_OFF]
        opened, closed = (_numbered(pitch[some], len(rows)) for some in (on, off))
        match = np.searchsorted(closed, opened)
        missing = np.append(closed, -1)[match] != opened
        release = np.where(missing, len(self), np.append(off, 0)[match])
        return release[np.argsort(on)]


def _numbered(pitch: Int, n: int) -> Int:
    """A number for every row, rising with its pitch (the rows are ordered by it) and its place therein."""
    rows = np.arange(len(pitch))
    return pitch * np.int64(n) + rows - np.searchsorted(pitch, pitch)


def _idle(on: Bool, pitch: Int) -> Bool:
    """Which releases end nothing, as none of their pitch sounds; rows are ordered by pitch, then time.

    What sounds is a walk that rises with every onset and falls with every release; where it falls lower than
    ever before, and below nothing, the release was idle.
    """
    walk = np.cumsum(np.where(on, 1, -1))
    begin = np.searchsorted(pitch, pitch)
    walk -= np.append(0, walk)[begin]
    apart = pitch * np.int64(2 * len(on) + 2)  # so that no pitch sees how low the one before has fallen
    lowest = np.minimum.accumulate(np.minimum(walk, 0) - apart) + apart
    before = np.append(0, lowest)[:-1]
    before[begin == np.arange(len(on))] = 0
    return ~on & (walk < before)


@dataclass(frozen=True)
class PerformanceOptions(PlayingOptions):
    """What counts as a performance. The defaults are those of Magenta's performance pipeline, drums apart."""

    max_shift_steps: int | None = None
    """Longest wait in one event; None is one second, or four quarters (Magenta's defaults)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        playing.check_steps("max_shift_steps", self.max_shift_steps, MAX_SHIFT)


def extract(
    score: QuantizedScore, options: PerformanceOptions = PerformanceOptions()
) -> Extraction[Performance]:
    """Every performance in `score`, by part and time, with the reasons for what was left out."""
    losses: Counter[str] = Counter()
    found = playing.passages(score, options, losses)
    events, ends = _events(found, options.max_shift_steps or _longest_shift(score.grid))
    events.flags.writeable = False
    count(losses, f"more than {MOST_EVENTS} events", len(found.begin) - len(ends))
    sequences = []
    for (begin, end), place in zip(pairwise([0, *ends]), found.places(), strict=False):
        part = _cut(events[begin:end], options, losses)
        if len(part) < options.min_events:
            losses[f"fewer than {options.min_events} events"] += 1
        else:
            clock = playing.clock(score.grid)
            sequences.append(Performance(part, *clock, options.n_velocity_bins, *place))
    return Extraction(sequences, losses)


def _longest_shift(grid: Grid) -> int:
    return min(MAX_SHIFT, 4 * grid.steps if isinstance(grid, PerQuarter) else grid.steps)


class _Moments(NamedTuple):
    """Every onset and end in the order of events: the steps since the one before (of its passage), the number
    of its note, whether it is an end, and whether the loudness changes before it."""

    wait: Int
    note: Int
    is_end: Bool
    louder: Bool

    def at(self, rows: slice) -> _Moments:
        """Some of them."""
        return _Moments(self.wait[rows], self.note[rows], self.is_end[rows], self.louder[rows])


def _moments(found: Passages) -> _Moments:
    span = int(found.end.max(initial=0)) + 1
    base = found.passage * np.int64(span)
    times = np.stack([base + found.start, base + found.end], axis=1).ravel()
    order = np.argsort(times, kind="stable")
    note, is_end = order >> 1, (order & 1).astype(np.bool_)
    times = times[order]
    first = 2 * found.first[:-1]
    wait = np.diff(times, prepend=0)
    wait[first] = times[first] - base[found.first[:-1]]
    return _Moments(wait, note, is_end, _louder(found, note, is_end, first))


def _louder(found: Passages, note: Int, is_end: Bool, first: Int) -> Bool:
    """Where the bin of velocity differs from that of the last onset, or is the first of its passage."""
    result = np.zeros(len(note), dtype=np.bool_)
    onsets = np.flatnonzero(~is_end)
    bins = found.velocity[note[onsets]]
    result[onsets] = np.diff(bins, prepend=0) != 0
    result[first] = found.velocity[note[first]] > 0
    return result


def _events(found: Passages, longest: int) -> tuple[Small, list[int]]:
    """Events of passages, int16 [T, 2], and where each ends: of as many passages as `MOST_EVENTS` allow."""
    moments = _moments(found)
    whole = np.maximum(moments.wait - 1, 0) // longest
    waits = moments.wait > 0
    last = np.cumsum(whole + waits + moments.louder + 1) - 1
    ends = last[2 * found.first[1:] - 1] + 1
    ends = ends[ends <= MOST_EVENTS]
    rows = slice(2 * found.first[len(ends)])
    moments = moments.at(rows)
    whole, waits, last = whole[rows], waits[rows], last[rows]
    events = np.empty((int(ends[-1]) if len(ends) else 0, 2), dtype=np.int16)
    events[:] = TIME_SHIFT, longest
    events[(last - moments.louder - 1)[waits], 1] = (moments.wait - whole * longest)[waits]
    changed = np.flatnonzero(moments.louder)
    events[last[changed] - 1, 0] = VELOCITY
    events[last[changed] - 1, 1] = found.velocity[moments.note[changed]]
    events[last, 0] = NOTE_ON + moments.is_end
    events[last, 1] = found.pitch[moments.note]
    return events, ends.tolist()


def _cut(events: Small, options: PerformanceOptions, losses: Counter[str]) -> Small:
    """`events` as far as the options allow, first in steps, then in number."""
    if options.max_steps is not None:
        events = _cut_at(options.max_steps, events, losses)
    if options.max_events is not None and len(events) > options.max_events:
        losses[f"cut at {options.max_events} events"] += 1
        return events[: options.max_events]
    return events


def _cut_at(most: int, events: Small, losses: Counter[str]) -> Small:
    """`events` up to the step `most`, the last wait shortened."""
    times = np.cumsum(np.where(events[:, 0] == TIME_SHIFT, events[:, 1], 0), dtype=np.int64)
    if not len(events) or times[-1] <= most:
        return events
    losses[f"cut at {most} steps"] += 1
    stop = int(np.searchsorted(times, most, side="right"))
    rest = most - (int(times[stop - 1]) if stop else 0)
    return np.append(events[:stop], np.array([[TIME_SHIFT, rest]] * (rest > 0), np.int16).reshape(-1, 2), 0)


EXTRACTOR = Extractor(Performance, extract, PerformanceOptions, to_score, reading)
