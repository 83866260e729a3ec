"""`Melody`: one voice on a grid, an event a step; its extraction from a score, and the way back.

The rules and the default options are those of Magenta's melody pipeline: a line begins at the bar line before its first
note, a rest of a bar ends it, and short, uniform and polyphonic ones are left out. Beyond Magenta, a score may change
its meter (each melody then stands in one) and may begin with a pick-up bar.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from antiphon.errors import OptionError
from antiphon.extract.extraction import Extraction
from antiphon.extract.lines import POLYPHONY, Lines, chosen, lines
from antiphon.extract.meters import Stretch, stretches
from antiphon.score.maps import Meter, MeterMap, TempoMap
from antiphon.score.notes import Int, Notes, Small, frozen
from antiphon.score.quantized import QuantizedScore
from antiphon.score.score import DEFAULT_TICKS_PER_QUARTER, Score

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

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Melody):
            return NotImplemented
        names = (field.name for field in dataclasses.fields(self) if field.name != "events")
        same = all(getattr(self, name) == getattr(other, name) for name in names)
        return same and np.array_equal(self.events, other.events)

    __hash__ = None  # type: ignore[assignment]

    def replace(self, **changes: Any) -> Melody:
        """The same melody with some fields exchanged."""
        return dataclasses.replace(self, **changes)

    @property
    def steps_per_bar(self) -> int:
        """Steps in a bar of this melody's meter."""
        return round(self.steps_per_quarter * self.meter.quarters)

    def notes(self) -> tuple[Int, Int, Small]:
        """Onset and end of every note in steps from event 0 (int64 [N]), and its pitch (int16 [N]).

        A note lasts until the next onset or note-off, the last one to the end of the melody.
        """
        marks = np.flatnonzero(self.events != NO_EVENT)
        ends = np.append(marks[1:], len(self))
        sounds = self.events[marks] >= 0
        return marks[sounds], ends[sounds], self.events[marks[sounds]]


@dataclass(frozen=True)
class MelodyOptions:
    """What counts as a melody. The defaults are those of Magenta's melody pipeline."""

    min_bars: int = 7
    """Shorter melodies are left out."""
    max_steps: int | None = 512
    """Longer melodies are cut here; None keeps them whole."""
    min_pitch_classes: int = 5
    """Melodies with fewer different pitch classes are left out (octaves of a note are one)."""
    gap_bars: float = 1.0
    """A rest of this many bars ends a melody; the next begins with the next note."""
    polyphony: str = "drop"
    """One of `POLYPHONY`: what becomes of notes that sound together."""
    track: int | str | None = None
    """Only this part, by number or by name; None is all parts."""
    drums: bool = False
    """Whether percussion parts count."""
    pickup: bool = True
    """Whether a short first meter is a pick-up bar of what follows, not a stretch of its own."""
    trim_start: bool = False
    """Whether a melody begins at its first note instead of the bar line before it."""
    pad_end: bool = False
    """Whether the last bar is filled up."""

    def __post_init__(self) -> None:
        if self.polyphony not in POLYPHONY:
            raise OptionError(f"polyphony is '{self.polyphony}'; expected one of {', '.join(POLYPHONY)}.")
        if not (self.gap_bars > 0 and math.isfinite(self.gap_bars)):
            raise OptionError(f"gap_bars is {self.gap_bars}; expected a number of bars above 0.")
        if self.max_steps is not None and self.max_steps < 1:
            raise OptionError(f"max_steps is {self.max_steps}; expected at least 1, or none for no limit.")


def extract(score: QuantizedScore, options: MelodyOptions = MelodyOptions()) -> Extraction[Melody]:
    """Every melody in `score`, by track and time, with the reasons for what was left out.

    A chord in a line that may not have one ends the search in that line; melodies before it are kept. Needs a
    `PerQuarter` grid (`TypeError` otherwise).
    """
    losses: Counter[str] = Counter()
    areas = stretches(score, pickup=options.pickup)
    found = lines(chosen(score, options.track, options.drums, losses), areas, options.polyphony, losses)
    search = _Search(found, areas, options, round(score.steps_per_bar(Meter(1, 4))), losses)
    melodies = (search.melody(first, stop) for first, stop in search.phrases())
    return Extraction([melody for melody in melodies if melody is not None], losses)


@dataclass(frozen=True)
class _Search:
    """One extraction under way; reasons are counted in `losses` as they come up."""

    found: Lines
    areas: Sequence[Stretch]
    options: MelodyOptions
    steps_per_quarter: int
    losses: Counter[str]

    def phrases(self) -> Iterator[tuple[int, int]]:
        """Notes [first, stop) of every passage without a gap, up to the chord for which a line is given up."""
        found, given_up = self.found, -1
        for first, stop in itertools.pairwise(self._bounds()):
            line = int(found.line[first])
            if line == given_up:
                continue
            if self.options.polyphony == "drop" and found.chord[first:stop].any():
                given_up = line
                self.losses["polyphonic"] += 1
                continue
            yield first, stop

    def _bounds(self) -> list[int]:
        """Notes at which a line or a gap begins a new passage, and the end."""
        found = self.found
        if not len(found):
            return []
        gap = self.options.gap_bars * np.array([area.steps_per_bar for area in self.areas])
        rest = found.start[1:] - found.end[:-1] >= gap[found.stretch[1:]]
        begins = np.flatnonzero(rest | (found.line[1:] != found.line[:-1])) + 1
        return [0, *begins.tolist(), len(found)]

    def melody(self, first: int, stop: int) -> Melody | None:
        """Notes [first, stop) as a melody, or None with the reason counted."""
        found, area = self.found, self.areas[self.found.stretch[first]]
        begin = self._begin(int(found.start[first]), area)
        in_bar = (begin - area.bar_line) % int(area.steps_per_bar)
        notes = slice(first, stop)
        events = _events(found.start[notes] - begin, found.end[notes] - begin, found.pitch[notes])
        fitted = self._fitted(events, in_bar, int(area.steps_per_bar))
        if fitted is None:
            return None
        track, program = int(found.track[first]), int(found.program[first])
        return Melody(fitted, self.steps_per_quarter, area.meter, begin, in_bar, track, program)

    def _begin(self, onset: int, area: Stretch) -> int:
        """Step at which a melody with this first onset begins."""
        if self.options.trim_start:
            return onset
        return max(onset - (onset - area.bar_line) % int(area.steps_per_bar), area.start)

    def _fitted(self, events: Small, in_bar: int, bar: int) -> Small | None:
        """`events` padded and cut as the options say; None where too little is left."""
        options, length = self.options, len(events)
        if options.pad_end:
            length += -(in_bar + length) % bar
        if length < options.min_bars * bar:
            self.losses[f"shorter than {options.min_bars} bars"] += 1
            return None
        if options.max_steps is not None and length > options.max_steps:
            self.losses[f"cut at {options.max_steps} steps"] += 1
            length = options.max_steps
            length -= (in_bar + length) % bar if options.pad_end else 0
        events = _of_length(events, length)
        if _n_pitch_classes(events) < options.min_pitch_classes:
            self.losses[f"fewer than {options.min_pitch_classes} different pitch classes"] += 1
            return None
        return events


def _events(start: Int, end: Int, pitch: Small) -> Small:
    """Events of notes in order of onset: an onset cuts the note before it, the last note reaches to the end."""
    events = np.full(int(end[-1]), NO_EVENT, dtype=np.int16)
    offs = end[:-1]
    events[offs[offs < start[1:]]] = NOTE_OFF
    events[start] = pitch
    return events


def _of_length(events: Small, length: int) -> Small:
    """`events` cut, or padded with a note-off (they end in a note) and silence."""
    if length <= len(events):
        return events[:length]
    padding = np.full(length - len(events), NO_EVENT, dtype=np.int16)
    padding[0] = NOTE_OFF
    return np.concatenate([events, padding])


def _n_pitch_classes(events: Small) -> int:
    return int(np.bitwise_or.reduce(1 << events[events >= 0] % 12, initial=0)).bit_count()


def to_score(
    melody: Melody, qpm: float = 120.0, program: int | None = None, velocity: int = 100, name: str = "Melody"
) -> Score:
    """`melody` as a score of one part named `name`, event 0 at tick 0 (its `start_step` is not looked at).

    `program` None is the melody's own. A pick-up becomes a short first meter; where no meter has its length (a third of
    a beat), the score begins with a whole bar, rests first. Silence after the last note is lost.
    """
    step = max(1, DEFAULT_TICKS_PER_QUARTER // melody.steps_per_quarter)
    meters, shift = _meters(melody)
    start, end, pitch = melody.notes()
    return Score(
        Notes.of(
            (start + shift) * step,
            (end + shift) * step,
            pitch,
            velocity=velocity,
            program=melody.program if program is None else program,
        ),
        ticks_per_quarter=step * melody.steps_per_quarter,
        tempos=TempoMap.of([(0, qpm)]),
        meters=MeterMap.of([(time * step, *meter) for time, meter in meters]),
        track_names=(name,),
    )


def _meters(melody: Melody) -> tuple[list[tuple[int, Meter]], int]:
    """(step, meter) entries, and by how many steps the notes come later."""
    if not melody.start_in_bar:
        return [(0, melody.meter)], 0
    pickup = melody.steps_per_bar - melody.start_in_bar
    length = Fraction(pickup, 4 * melody.steps_per_quarter)
    if length.denominator & (length.denominator - 1):
        return [(0, melody.meter)], melody.start_in_bar
    return [(0, Meter(length.numerator, length.denominator)), (pickup, melody.meter)], 0
