"""`LeadSheet`: a melody with the chord that holds at every step.

The rules and the default options are those of Magenta's lead sheet pipeline: melodies as in `melody`, of
three pitch classes or more; a chord holds until the next one; melodies without chords are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from antiphon.arrays import Bool, Int16, Int64
from antiphon.errors import one_line
from antiphon.extract import melody as melodies
from antiphon.extract.extraction import Extraction, Extractor
from antiphon.extract.melody import Melody, MelodyOptions
from antiphon.extract.stepped import Stepped, opening
from antiphon.score import chords
from antiphon.score.maps import Mark
from antiphon.score.notes import Notes
from antiphon.score.quantized import QuantizedScore
from antiphon.score.score import Score

NO_ROOT = -1
"""Root and bass where there is no chord."""
NO_CHORD = (NO_ROOT, 0, NO_ROOT)
_CHORD_PROGRAM = 88
_OCTAVE, _BASS_OCTAVE = 48, 36  # lowest pitches of chords and of their basses
_LONGEST_SYMBOL = 24  # characters of an unknown symbol that are told


class LeadSheet(Stepped):
    """A melody and its chords. `events` int16 [T, 4] are the melody's event, and of the chord the root (pitch
    class), the pitch classes as 12 bits (bit 0 is C), and the bass (pitch class).

    Where there is no chord, root and bass are -1 and no bit is set.
    """

    @classmethod
    def of(cls, melody: Melody, harmony: Int16) -> LeadSheet:
        """A melody of T steps with the chords of its steps, int16 [T, 3]."""
        return cls(np.column_stack([melody.events, harmony]), **_place(melody))

    @property
    def melody(self) -> Melody:
        """The melody alone."""
        return Melody(self.events[:, 0], **_place(self))

    def changes(self) -> tuple[Mark, ...]:
        """The chord symbols at the steps where the chord changes; no chord is what holds before the first.

        Symbols are spelled in one way, whatever the score had.
        """
        before = np.concatenate([[NO_CHORD], self.events[:-1, 1:]])
        steps = np.flatnonzero((self.events[:, 1:] != before).any(axis=1))
        return tuple(
            Mark(step, symbol(*chord))
            for step, chord in zip(steps.tolist(), self.events[steps, 1:].tolist(), strict=True)
        )


def _place(sequence: Stepped) -> dict[str, Any]:
    """Everything but the events."""
    return {field.name: getattr(sequence, field.name) for field in fields(Stepped) if field.name != "events"}


def symbol(root: int, pitches: int, bass: int) -> str:
    """The chord symbol of a row of chords, in its canonical spelling."""
    return chords.symbol_of(None if root == NO_ROOT else root, pitches, bass)


@dataclass(frozen=True)
class LeadSheetOptions(MelodyOptions):
    """What counts as a lead sheet. The defaults are those of Magenta's lead sheet pipeline."""

    min_pitch_classes: int = 3
    """Melodies with fewer different pitch classes are left out (octaves of a note are one)."""
    require_chords: bool = True
    """Whether melodies without any chord are left out."""


def extract(score: QuantizedScore, options: LeadSheetOptions = LeadSheetOptions()) -> Extraction[LeadSheet]:
    """Every lead sheet in `score`, by track and time, with the reasons for what was left out.

    A melody over two different chords at one step, or over a text that is no chord symbol, gives none. Needs
    a `PerQuarter` grid (`TypeError` otherwise).
    """
    if options.require_chords and not score.chords:
        return Extraction([], Counter({"no chord symbols": 1}))
    found = melodies.extract(score, options)
    harmony = _Harmony.of(score.chords)
    sheets = []
    for line in found.sequences:
        under = harmony.under(line.start_step, len(line))
        if under.trouble:
            found.losses[under.trouble] += 1
        elif options.require_chords and under.is_empty:
            found.losses["no chord symbols"] += 1
        else:
            sheets.append(LeadSheet.of(line, under.rows))
    return Extraction(sheets, found.losses)


class _Under(NamedTuple):
    """The chords of every step of a passage, int16 [T, 3], and what is wrong with them (or nothing)."""

    rows: Int16
    trouble: str

    @property
    def is_empty(self) -> bool:
        """Whether there is no chord at all."""
        return bool((self.rows[:, 0] == NO_ROOT).all())


class _Harmony(NamedTuple):
    """The K chord marks of a score in order of time.

    `rows` [i + 1] is the chord of mark i, int16 [K + 1, 3], row 0 what holds before all; `unknown` says which
    texts are no chord symbols; `clash` which marks are a second and other chord at one step.
    """

    time: Int64
    rows: Int16
    unknown: tuple[str, ...]
    clash: Bool

    @classmethod
    def of(cls, marks: Sequence[Mark]) -> _Harmony:
        """Every text read as a chord symbol."""
        ordered = sorted(marks, key=lambda mark: mark.time)
        readings = [_reading(mark.text) for mark in ordered]
        time = np.array([mark.time for mark in ordered], dtype=np.int64)
        rows = np.array([NO_CHORD, *(row for row, _ in readings)], dtype=np.int16)
        clash = (np.diff(time, prepend=-1) == 0) & (rows[1:] != rows[:-1]).any(axis=1)
        return cls(time, rows, tuple(unknown for _, unknown in readings), clash)

    def under(self, start: int, length: int) -> _Under:
        """The chords of steps [start, start + length); the last one before them holds until the next."""
        first, stop = np.searchsorted(self.time, [start, start + length]).tolist()
        carried = first > 0 and (first == stop or int(self.time[first]) > start)
        unknown = next(filter(None, self.unknown[first - carried : stop]), "")
        clash = "two chords at one step" if self.clash[first:stop].any() else ""
        steps = np.arange(start, start + length)
        return _Under(self.rows[np.searchsorted(self.time, steps, side="right")], unknown or clash)


@lru_cache(maxsize=4096)
def _reading(text: str) -> tuple[tuple[int, int, int], str]:
    """The row of a chord symbol, or no chord and what is wrong with the text."""
    try:
        chord = chords.parse(text)
    except chords.ChordError:
        return NO_CHORD, f"unknown chord symbol '{one_line(text, _LONGEST_SYMBOL)}'"
    if chord.root is None or chord.bass is None:
        return NO_CHORD, ""
    return (chord.root, chord.mask, chord.bass), ""


def to_score(
    sheet: LeadSheet,
    qpm: float = 120.0,
    program: int | None = None,
    velocity: int = 100,
    name: str = "Melody",
    chord_notes: bool = False,
) -> Score:
    """`sheet` as a score of one part named `name` with chord marks, step 0 at tick 0.

    Its `start_step` is not looked at; pick-ups are as in `melody.to_score`. With `chord_notes` a second part
    "Chords" plays them as Magenta's `BasicChordRenderer` does: held below middle C, the bass an octave lower.
    """
    score = melodies.to_score(sheet.melody, qpm=qpm, program=program, velocity=velocity, name=name)
    tick = score.ticks_per_quarter // sheet.steps_per_quarter
    shift = opening(sheet)[1]
    score = score.replace(
        chords=tuple(mark._replace(time=(mark.time + shift) * tick) for mark in sheet.changes())
    )
    if not chord_notes:
        return score
    played = _chord_notes(sheet, velocity)
    played = played.replace(start=(played.start + shift) * tick, end=(played.end + shift) * tick)
    return score.replace(notes=Notes.join([score.notes, played]), track_names=(name, "Chords"))


def _chord_notes(sheet: LeadSheet, velocity: int) -> Notes:
    """The chords as notes in steps, each held until the next."""
    begins = [mark.time for mark in sheet.changes()]
    notes = [
        (begin, end, pitch)
        for begin, end in pairwise([*begins, len(sheet)])
        for pitch in _pitches(*sheet.events[begin, 1:].tolist())
    ]
    start, end, pitch = zip(*notes, strict=True) if notes else ((), (), ())
    return Notes.of(start, end, pitch, velocity, program=_CHORD_PROGRAM, track=1)


def _pitches(root: int, pitches: int, bass: int) -> list[int]:
    """The bass, and every pitch of the chord."""
    if root == NO_ROOT:
        return []
    return [_BASS_OCTAVE + bass, *(_OCTAVE + pitch for pitch in range(12) if pitches >> pitch & 1)]


EXTRACTOR = Extractor(LeadSheet, extract, LeadSheetOptions, to_score)
