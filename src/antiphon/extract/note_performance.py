"""`NotePerformance`: what was played, note by note: the wait before each, its pitch, loudness and length.

The rules and the default options are those of Magenta's `NotePerformance` and its pipeline; a rest or a note
of more than ten seconds has no place in one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from antiphon.extract import playing
from antiphon.extract.extraction import Extraction, Extractor
from antiphon.extract.performance import MAX_SHIFT
from antiphon.extract.playing import Passages, PlayedSequence, PlayingOptions, reading, to_score
from antiphon.score.notes import Int, Notes, Small
from antiphon.score.quantized import QuantizedScore


class NotePerformance(PlayedSequence):
    """A row per note; `events` int16 [T, 4] are steps since the onset before (the first: since step 0),
    pitch, velocity bin (from 1; 0 without bins), and duration in steps, at least 1."""

    @property
    def steps(self) -> int:
        """Length up to the end of the last note in order, as in Magenta's; earlier ones may end later."""
        return int(self.events[:, 0].sum(dtype=np.int64)) + int(self.events[-1:, 3].sum())

    def onsets(self) -> tuple[Int, Int]:
        """Step and pitch of every onset, int64 [N], in order."""
        return np.cumsum(self.events[:, 0], dtype=np.int64), self.events[:, 1].astype(np.int64)

    def notes(self) -> Notes:
        """The notes in steps from the first; velocities are the lowest of their bins."""
        start, pitch = self.onsets()
        bins, duration = self.events[:, 2], self.events[:, 3]
        return Notes.of(start, start + duration, pitch, playing.bin_velocities(bins, self.n_velocity_bins))


@dataclass(frozen=True)
class NotePerformanceOptions(PlayingOptions):
    """What counts as a performance of notes. The defaults are those of Magenta's pipeline, drums apart; an
    event is a note."""

    max_shift_steps: int = 1000
    """Performances with more steps than this between two onsets are left out."""
    max_duration_steps: int = 1000
    """Performances with a longer note are left out."""

    def __post_init__(self) -> None:
        super().__post_init__()
        playing.check_steps("max_shift_steps", self.max_shift_steps, MAX_SHIFT)
        playing.check_steps("max_duration_steps", self.max_duration_steps, MAX_SHIFT)


def extract(
    score: QuantizedScore, options: NotePerformanceOptions = NotePerformanceOptions()
) -> Extraction[NotePerformance]:
    """Every performance in `score`, by part and time, with the reasons for what was left out."""
    losses: Counter[str] = Counter()
    found = playing.passages(score, options, losses)
    clock = playing.clock(score.grid)
    sequences = []
    for rows, place in zip(_tables(found), found.places(), strict=True):
        events = _fitting(rows, options, losses)
        if events is not None:
            sequences.append(NotePerformance(events, *clock, options.n_velocity_bins, *place))
    return Extraction(sequences, losses)


def _tables(found: Passages) -> list[Int]:
    """The events of each passage, int64 [T, 4]."""
    shift = np.diff(found.start, prepend=0)
    shift[found.first[:-1]] = found.start[found.first[:-1]]
    table = np.stack([shift, found.pitch, found.velocity, found.end - found.start], axis=1)
    return np.split(table, found.first[1:-1]) if len(table) else []


def _fitting(events: Int, options: NotePerformanceOptions, losses: Counter[str]) -> Small | None:
    """`events` as far as the options allow; None where they do not fit."""
    if (events[:, 0] > options.max_shift_steps).any():
        losses[f"more than {options.max_shift_steps} steps between onsets"] += 1
        return None
    if (events[:, 3] > options.max_duration_steps).any():
        losses[f"a note of more than {options.max_duration_steps} steps"] += 1
        return None
    events = _cut(events, options, losses)
    if len(events) < options.min_events:
        losses[f"fewer than {options.min_events} events"] += 1
        return None
    return events.astype(np.int16)


def _cut(events: Int, options: NotePerformanceOptions, losses: Counter[str]) -> Int:
    """Notes that begin before the last step allowed, ended there; of those, as many as allowed."""
    if options.max_steps is not None:
        start = np.cumsum(events[:, 0])
        left = options.max_steps - start
        if (left < events[:, 3]).any():
            losses[f"cut at {options.max_steps} steps"] += 1
            events = np.column_stack([events[:, :3], np.minimum(events[:, 3], left)])[left > 0]
    if options.max_events is not None and len(events) > options.max_events:
        losses[f"cut at {options.max_events} events"] += 1
        events = events[: options.max_events]
    return events


EXTRACTOR = Extractor(NotePerformance, extract, NotePerformanceOptions, to_score, reading)
