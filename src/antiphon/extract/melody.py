"""`Melody`: one voice on a grid, an event per step; its extraction from a score, and the way back.

The rules and the default options are those of Magenta's melody pipeline: a line begins at the bar line before
its first note, a rest of a bar ends it, and short, uniform and polyphonic ones are left out. Beyond Magenta,
a score may change its meter (each melody then stands in one) and may begin with a pick-up bar.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.errors import OptionError
from antiphon.extract import phrases as phrasing
from antiphon.extract.extraction import Extraction, Extractor
from antiphon.extract.lines import POLYPHONY, Lines, chosen, lines
from antiphon.extract.meters import Stretch, stretches
from antiphon.extract.phrases import Phrases
from antiphon.extract.stepped import Stepped, as_score
from antiphon.score.maps import Meter
from antiphon.score.notes import Int, Small
from antiphon.score.quantized import QuantizedScore
from antiphon.score.score import Score

NO_EVENT = -2
NOTE_OFF = -1

_PITCH_CLASS = (1 << np.arange(128) % 12).astype(np.int16)  # a set of pitch classes is twelve bits
_SIZE_OF_SET = np.array([bits.bit_count() for bits in range(1 << 12)])


class Melody(Stepped):
    """One voice. `events` int16 [T]: 0-127 starts a note, -1 ends it, -2 goes on with whatever was.

    Event 0 stands at `start_step`, `start_in_bar` steps after a bar line; see `Stepped`.
    """

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
        phrasing.check(self)


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
    phrases = _without_chords(found, phrasing.phrases(found, areas, options), options, losses)
    phrases = phrasing.long_enough(phrases, options, losses)
    phrases = phrasing.cut(found, phrases, options, losses)
    phrases = phrasing.bounded(_varied(found, phrases, options, losses), losses)
    return Extraction(_melodies(found, phrases, areas, round(score.steps_per_bar(Meter(1, 4)))), losses)


def _without_chords(found: Lines, phrases: Phrases, options: MelodyOptions, losses: Counter[str]) -> Phrases:
    """Passages before the first chord of their line."""
    if options.polyphony != "drop" or not found.chord.any():
        return phrases
    line = found.line[phrases.first]
    broken = np.logical_or.reduceat(found.chord, phrases.first)
    n_broken = np.cumsum(broken)
    n_before_line = (n_broken - broken)[np.searchsorted(line, line)]
    phrasing.count(losses, "polyphonic", len(set(line[broken].tolist())))
    return phrases.where(n_broken == n_before_line)


def _varied(found: Lines, phrases: Phrases, options: MelodyOptions, losses: Counter[str]) -> Phrases:
    """Passages of enough different pitch classes."""
    if not len(phrases.first):
        return phrases
    classes = np.append(_PITCH_CLASS[found.pitch], np.int16(0))
    bounds = np.stack([phrases.first, phrases.stop], axis=1).ravel()
    enough = _SIZE_OF_SET[np.bitwise_or.reduceat(classes, bounds)[::2]] >= options.min_pitch_classes
    reason = f"fewer than {options.min_pitch_classes} different pitch classes"
    phrasing.count(losses, reason, len(enough) - int(enough.sum()))
    return phrases.where(enough)


def _melodies(
    found: Lines, phrases: Phrases, areas: Sequence[Stretch], steps_per_quarter: int
) -> list[Melody]:
    """Passages as melodies: an onset ends the note before it, and so does a rest."""
    note, shift, last, ends = phrasing.laid(phrases)
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
    return as_score(melody, melody.notes(), qpm=qpm, program=program, velocity=velocity, name=name)


EXTRACTOR = Extractor(Melody, extract, MelodyOptions, to_score)
