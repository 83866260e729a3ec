"""`DrumTrack`: a set of drums per step; its extraction from a score, and the way back.

The rules and the default options are those of Magenta's drums pipeline: all percussion parts are one track,
which begins at the bar line before its first hit; a rest of a bar ends it, and short ones are left out.
Beyond Magenta, a score may change its meter and begin with a pick-up bar, and drums are found outside channel
ten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from antiphon.extract import drum_parts
from antiphon.extract import phrases as phrasing
from antiphon.extract.drum_classes import DrumClasses, drum_classes
from antiphon.extract.extraction import Extraction, Extractor
from antiphon.extract.meters import Stretch, in_whole_bars, stretches
from antiphon.extract.phrases import Phrases
from antiphon.extract.stepped import Stepped, as_score, one_track
from antiphon.score.maps import Meter
from antiphon.score.notes import Int, Notes, Small, frozen
from antiphon.score.quantized import QuantizedScore
from antiphon.score.score import Score


@dataclass(frozen=True, eq=False)
class DrumTrack(Stepped):
    """Drums together. `events` int16 [T] are sets of classes: bit i is set where class i is struck.

    `track` is -1 where the hits came from several parts. `hits`, where the exact sounds were asked for, is
    int64 [N, 2]: step and MIDI pitch of every hit, ordered, none twice.
    """

    classes: str = "nine"
    """Which of `antiphon.extract.drum_classes.CLASSES` the bits stand for."""
    hits: Int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        drum_classes(self.classes)
        if self.hits is not None:
            object.__setattr__(self, "hits", frozen(self.hits, np.int64))

    def struck(self) -> tuple[Int, Int]:
        """Step and class of every class struck (int64 [N] each), by step and then class."""
        bits = np.arange(len(drum_classes(self.classes).pitches))
        step, index = np.nonzero(self.events[:, None] >> bits & 1)
        return step, index

    def notes(self) -> tuple[Int, Int, Small]:
        """Onset and end of every hit in steps from event 0 (int64 [N]), one step long, and its pitch
        (int16 [N]): as it was where `hits` are kept, else the one its class sounds with.
        """
        if self.hits is not None:
            step, pitch = self.hits[:, 0], self.hits[:, 1].astype(np.int16)
        else:
            step, index = self.struck()
            pitch = drum_classes(self.classes).sounds[index]
        return step, step + 1, pitch

    def pitch_sets(self) -> list[frozenset[int]]:
        """The pitches that sound at each step, as Magenta's drum tracks hold them."""
        step, _, pitch = self.notes()
        bounds = np.searchsorted(step, np.arange(len(self) + 1))
        pitches = pitch.tolist()
        return [frozenset(pitches[a:b]) for a, b in pairwise(bounds.tolist())]


@dataclass(frozen=True)
class DrumOptions:
    """What counts as a drum track. The defaults are those of Magenta's drums pipeline."""

    min_bars: int = 7
    """Shorter tracks are left out."""
    max_steps: int | None = 512
    """Longer tracks are cut here; None keeps them whole."""
    gap_bars: float = 1.0
    """A rest of this many bars ends a track; the next begins with the next hit."""
    classes: str = "nine"
    """Which sounds count as one: 'nine' (the drum kit), 'roland' (the same for an electronic kit), 'one'."""
    hits: bool = False
    """Whether tracks keep the exact pitches too, those of no class among them; a corpus stores classes."""
    drums_from: str | None = None
    """Which part holds the drums ('track:2', 'track:Perc', 'program:118'); None looks where they belong."""
    pickup: bool = True
    """Whether a short first meter is a pick-up bar of what follows, not a stretch of its own."""
    trim_start: bool = False
    """Whether a track begins at its first hit instead of the bar line before it."""
    pad_end: bool = False
    """Whether the last bar is filled up."""

    def __post_init__(self) -> None:
        phrasing.check(self)
        drum_parts.check(self.drums_from)
        drum_classes(self.classes)


class _Hits(NamedTuple):
    """Hits by step: `step`, `pitch` and `track` of each; and of each struck step its first hit `row`, its set
    of classes, and what `phrases.OnsetColumns` asks for."""

    step: Int
    pitch: Small
    track: Small
    program: Small
    row: Int
    classes: Small
    start: Int
    end: Int
    stretch: Int

    @property
    def line(self) -> Int:
        """All parts are one line, which a change of meter breaks."""
        return self.stretch


def extract(score: QuantizedScore, options: DrumOptions = DrumOptions()) -> Extraction[DrumTrack]:
    """Every drum track in `score`, in order of time, with the reasons for what was left out.

    Needs a `PerQuarter` grid (`TypeError` otherwise).
    """
    losses: Counter[str] = Counter()
    areas = stretches(score, pickup=options.pickup)
    known = drum_classes(options.classes)
    notes = drum_parts.drum_notes(score, options.drums_from, losses)
    if not options.hits:
        notes = _of_a_class(notes, known, losses)
    hits = _hits(*in_whole_bars(notes, areas, losses), known)
    if not len(hits.row):
        return Extraction([], losses)
    found = phrasing.long_enough(phrasing.phrases(hits, areas, options), options, losses)
    found = phrasing.cut(hits, found, options, losses)
    return Extraction(_tracks(hits, found, areas, round(score.steps_per_bar(Meter(1, 4))), options), losses)


def _of_a_class(notes: Notes, known: DrumClasses, losses: Counter[str]) -> Notes:
    """Notes whose sound is in a class."""
    inside = known.bit_of_pitch[notes.pitch] != 0
    phrasing.count(losses, "hits of no drum class", len(inside) - int(inside.sum()))
    return notes if inside.all() else notes[inside]


def _hits(notes: Notes, stretch: Int, known: DrumClasses) -> _Hits:
    key = notes.start * 128 + notes.pitch
    order = np.argsort(key, kind="stable")
    order = order[np.diff(key[order], prepend=-1) != 0]
    step = notes.start[order]
    row = np.flatnonzero(np.diff(step, prepend=-1))
    bits = known.bit_of_pitch[notes.pitch[order]]
    return _Hits(
        step=step,
        pitch=notes.pitch[order],
        track=notes.track[order],
        program=notes.program[order],
        row=row,
        classes=np.bitwise_or.reduceat(bits, row) if len(row) else bits,
        start=step[row],
        end=step[row] + 1,
        stretch=stretch[order][row],
    )


def _tracks(
    hits: _Hits, found: Phrases, areas: Sequence[Stretch], steps_per_quarter: int, options: DrumOptions
) -> list[DrumTrack]:
    row, shift, _, ends = phrasing.laid(found)
    events = np.zeros(int(found.length.sum()), np.int16)
    events[hits.start[row] + shift] = hits.classes[row]
    events.flags.writeable = False
    bounds = np.append(hits.row, len(hits.step))
    columns = (ends, found.first, bounds[found.first], bounds[found.stop])
    numbers = (found.begin, found.start_in_bar, found.length)
    return [
        DrumTrack(
            events[end - length : end],
            steps_per_quarter,
            areas[hits.stretch[first]].meter,
            begin,
            in_bar,
            one_track(hits.track[a:b]),
            int(hits.program[a]),
            options.classes,
            np.stack([hits.step[a:b] - begin, hits.pitch[a:b]], axis=1) if options.hits else None,
        )
        for end, first, a, b, begin, in_bar, length in zip(
            *(column.tolist() for column in (*columns, *numbers)), strict=True
        )
    ]


def to_score(
    drums: DrumTrack, qpm: float = 120.0, program: int | None = None, velocity: int = 100, name: str = "Drums"
) -> Score:
    """`drums` as a score of one percussion part `name`, every hit one step long, event 0 at tick 0.

    `program` (the kit) None is the track's own. A pick-up becomes a short first meter; where no meter has its
    length (a third of a beat), the score begins with a whole bar, rests first. Silence after the last hit is
    lost.
    """
    sounds = drums.notes()
    return as_score(drums, sounds, qpm=qpm, program=program, velocity=velocity, name=name, is_drum=True)


EXTRACTOR = Extractor(DrumTrack, extract, DrumOptions, to_score)
