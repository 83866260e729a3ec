"""`Melody`: one voice on a grid, an event a step; its extraction from a score, and the way back.

The rules and the default options are those of Magenta's melody pipeline: a line begins at the bar line before
its first note, a rest of a bar ends it, and short, uniform and polyphonic ones are left out. Beyond Magenta,
a score may change its meter (each melody then stands in one) and may begin with a pick-up bar.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from antiphon.errors import OptionError
from antiphon.extract.extraction import Extraction
from antiphon.extract.lines import POLYPHONY, Lines, chosen, lines
from antiphon.extract.meters import Stretch, stretches
from antiphon.score.maps import Meter, MeterMap, TempoMap
from antiphon.score.notes import Bool, Int, Notes, Small, frozen
from antiphon.score.quantized import QuantizedScore
from antiphon.score.score import DEFAULT_TICKS_PER_QUARTER, Score

NO_EVENT = -2
NOTE_OFF = -1

_PITCH_CLASS = (1 << np.arange(128) % 12).astype(np.int16)  # a set of pitch classes is twelve bits
_SIZE_OF_SET = np.array([bits.bit_count() for bits in range(1 << 12)])


@dataclass(frozen=True, eq=False)
class Melody:
    """One voice. `events` int16 [T]: 0-127 starts a note, -1 ends it, -2 goes on with whatever was.

    `start_step` is where event 0 stood in the score; `start_in_bar` is the step of the bar event 0 falls on
    (0 at a bar line, more where the melody begins with a pick-up).
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
        if not isinstance(other, Melody):
            return NotImplemented
        names = (f.name for f in dataclasses.fields(self) if f.name != "events")
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
    if not len(found):
        return Extraction([], losses)
    phrases = _phrases(found, areas, options)
    for rule in (_without_chords, _long_enough, _cut, _varied):
        phrases = rule(found, phrases, options, losses)
    return Extraction(_melodies(found, phrases, areas, round(score.steps_per_bar(Meter(1, 4)))), losses)


class _Phrases(NamedTuple):
    """Columns of passages without a gap: notes [`first`, `stop`); step `begin` of event 0; steps of a bar."""

    first: Int
    stop: Int
    begin: Int
    start_in_bar: Int
    bar: Int
    length: Int

    def where(self, mask: Bool) -> _Phrases:
        return _Phrases(*(column[mask] for column in self))


def _phrases(found: Lines, areas: Sequence[Stretch], options: MelodyOptions) -> _Phrases:
    """Every passage of every line, in order and uncut; its last bar filled up where the options say so."""
    bars = np.array([max(1, int(area.steps_per_bar)) for area in areas])
    rest = found.start[1:] - found.end[:-1] >= (options.gap_bars * bars)[found.stretch[1:]]
    first = np.append(0, np.flatnonzero(rest | (found.line[1:] != found.line[:-1])) + 1)
    stop = np.append(first[1:], len(found))
    area, onset = found.stretch[first], found.start[first]
    bar, bar_line = bars[area], np.array([a.bar_line for a in areas])[area]
    begin = onset
    if not options.trim_start:
        begin = np.maximum(onset - (onset - bar_line) % bar, np.array([a.start for a in areas])[area])
    start_in_bar = (begin - bar_line) % bar
    length = found.end[stop - 1] - begin
    if options.pad_end:
        length += -(start_in_bar + length) % bar
    return _Phrases(first, stop, begin, start_in_bar, bar, length)


def _without_chords(
    found: Lines, phrases: _Phrases, options: MelodyOptions, losses: Counter[str]
) -> _Phrases:
    """Passages before the first chord of their line."""
    if options.polyphony != "drop" or not found.chord.any():
        return phrases
    line = found.line[phrases.first]
    broken = np.logical_or.reduceat(found.chord, phrases.first)
    n_broken = np.cumsum(broken)
    n_before_line = (n_broken - broken)[np.searchsorted(line, line)]
    _count(losses, "polyphonic", len(set(line[broken].tolist())))
    return phrases.where(n_broken == n_before_line)


def _long_enough(found: Lines, phrases: _Phrases, options: MelodyOptions, losses: Counter[str]) -> _Phrases:
    """Passages of enough bars."""
    enough = phrases.length >= options.min_bars * phrases.bar
    _count(losses, f"shorter than {options.min_bars} bars", len(enough) - int(enough.sum()))
    return phrases.where(enough)


def _cut(found: Lines, phrases: _Phrases, options: MelodyOptions, losses: Counter[str]) -> _Phrases:
    """Passages no longer than allowed, cut at a bar line where ends are filled up, with notes left."""
    if options.max_steps is None or not (phrases.length > options.max_steps).any():
        return phrases
    too_long = np.flatnonzero(phrases.length > options.max_steps)
    _count(losses, f"cut at {options.max_steps} steps", len(too_long))
    length, stop = phrases.length.copy(), phrases.stop.copy()
    length[too_long] = options.max_steps
    if options.pad_end:
        length[too_long] -= ((phrases.start_in_bar + length) % phrases.bar)[too_long]
    for i in too_long.tolist():
        begin, first = phrases.begin[i], phrases.first[i]
        stop[i] = first + np.searchsorted(found.start[first : stop[i]], begin + length[i])
    return phrases._replace(length=length, stop=stop).where(stop > phrases.first)


def _varied(found: Lines, phrases: _Phrases, options: MelodyOptions, losses: Counter[str]) -> _Phrases:
    """Passages of enough different pitch classes."""
    if not len(phrases.first):
        return phrases
    classes = np.append(_PITCH_CLASS[found.pitch], np.int16(0))
    bounds = np.stack([phrases.first, phrases.stop], axis=1).ravel()
    enough = _SIZE_OF_SET[np.bitwise_or.reduceat(classes, bounds)[::2]] >= options.min_pitch_classes
    reason = f"fewer than {options.min_pitch_classes} different pitch classes"
    _count(losses, reason, len(enough) - int(enough.sum()))
    return phrases.where(enough)


def _count(losses: Counter[str], reason: str, n: int) -> None:
    if n:
        losses[reason] += n


def _melodies(
    found: Lines, phrases: _Phrases, areas: Sequence[Stretch], steps_per_quarter: int
) -> list[Melody]:
    """Passages as melodies: an onset ends the note before it, and so does a rest."""
    n, ends = phrases.stop - phrases.first, np.cumsum(phrases.length)
    last = np.cumsum(n) - 1
    note = np.arange(n.sum()) + np.repeat(phrases.stop - 1 - last, n)
    shift = np.repeat(ends - phrases.length - phrases.begin, n)
    on, off = found.start[note] + shift, found.end[note] + shift
    limit = np.append(on[1:], 0)
    limit[last] = ends
    events = np.full(phrases.length.sum(), NO_EVENT, dtype=np.int16)
    events[off[off < limit]] = NOTE_OFF
    events[on] = found.pitch[note]
    events.flags.writeable = False
    return [
        Melody(
            events[end - length : end],
            steps_per_quarter,
            areas[found.stretch[first]].meter,
            begin,
            in_bar,
            int(found.track[first]),
            int(found.program[first]),
        )
        for end, first, begin, in_bar, length in zip(
            ends.tolist(),
            phrases.first.tolist(),
            phrases.begin.tolist(),
            phrases.start_in_bar.tolist(),
            phrases.length.tolist(),
            strict=True,
        )
    ]


def to_score(
    melody: Melody, qpm: float = 120.0, program: int | None = None, velocity: int = 100, name: str = "Melody"
) -> Score:
    """`melody` as a score of one part named `name`, event 0 at tick 0 (its `start_step` is not looked at).

    `program` None is the melody's own. A pick-up becomes a short first meter; where no meter has its length
    (a third of a beat), the score begins with a whole bar, rests first. Silence after the last note is lost.
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
