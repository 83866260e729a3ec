"""A `Score` laid out for writing: bar lines and divisions, notes as chords in voices, cut at bar
lines, and lengths as note values.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from antiphon.arrays import Int64
from antiphon.errors import OutputError
from antiphon.score.bars import bar_lines, closing_bar_line, most_bars, pickup
from antiphon.score.maps import Key
from antiphon.score.notes import Notes
from antiphon.score.retime import retimed
from antiphon.score.score import Score

_TYPES = ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th")
_LONGEST = Fraction(8)
_MOST_DOTS = 2
_TUPLETS = ((3, 2), (5, 4), (7, 4), (9, 8))
_MOST_TIED = 5
_MOST_BARS = 100_000
_FINEST = 512  # times as fine a clock; texts may stand 2^53 ticks away


@dataclass(frozen=True)
class Sheet:
    """`lines` are the bar lines in ticks, the end of the last bar too; `unit` the ticks in a division;
    `pickup` the ticks of a pick-up measure, 0 for none.
    """

    score: Score
    lines: Int64
    unit: int
    pickup: int

    @classmethod
    def of(cls, score: Score) -> Sheet:
        """The sheet of a score; notes without a length get one tick, and ticks are made finer where bar lines
        fall between them.
        """
        notes = score.notes
        score = _finer(score.replace(notes=notes.replace(end=np.maximum(notes.end, notes.start + 1))))
        times = _marked(score)
        lines = _lines(score, times)
        placed = (lines, score.notes.start, score.notes.end, np.array(times, dtype=np.int64))
        unit = math.gcd(score.ticks_per_quarter, *(int(np.gcd.reduce(column)) for column in placed))
        return cls(score, lines, unit, pickup(score))

    def divisions(self, ticks: int) -> str:
        """A length in divisions."""
        return str(ticks // self.unit)

    def note_values(self, ticks: int) -> tuple[tuple[int, NoteValue | None], ...]:
        """A length as note values, each with its divisions."""
        return note_values(ticks // self.unit, self.score.ticks_per_quarter // self.unit)

    def key_at(self, time: int) -> Key:
        """The key that holds at a time; C major where none is said."""
        return next((change.key for change in reversed(self.score.keys) if change.time <= time), Key(0))


def _finer(score: Score) -> Score:
    meters = zip(score.meters.numerator.tolist(), score.meters.denominator.tolist(), strict=True)
    bars = (
        Fraction(4 * numerator * score.ticks_per_quarter, denominator) for numerator, denominator in meters
    )
    factor = math.lcm(*(bar.denominator for bar in bars))
    if factor == 1:
        return score
    if factor > _FINEST:
        raise OutputError(
            "MusicXML cannot hold meters whose bars have so little in common; quantise the music first, or "
            "write MIDI."
        )
    finer = retimed(score, lambda times: times * factor)
    return finer.replace(ticks_per_quarter=score.ticks_per_quarter * factor)


def _marked(score: Score) -> list[int]:
    """Times of whatever is written and is not a note."""
    marks = (*score.chords, *score.lyrics, *score.markers)
    changed = (change.time for change in score.keys)
    return [*(mark.time for mark in marks), *changed, *score.tempos.time.tolist()]


def _lines(score: Score, times: list[int]) -> Int64:
    end = max(score.end, *(time + 1 for time in times))
    filled = score.replace(notes=Notes.of([0], [end], [0]))
    n_bars = most_bars(filled)
    if n_bars > _MOST_BARS:
        raise OutputError(
            f"MusicXML of {n_bars} measures would be too large; at most {_MOST_BARS} are written. Cut the "
            "music into pieces, or write MIDI."
        )
    return np.append(bar_lines(filled), closing_bar_line(filled))


# Voices


class ChordNote(NamedTuple):
    """A note's pitch, velocity, program, and whether it is percussion."""

    pitch: int
    velocity: int
    program: int
    is_drum: bool


class VoiceChord(NamedTuple):
    """Notes that begin and end together, or the part of them that lies in one bar: whether they
    go on in the next, and began in one before.
    """

    start: int
    end: int
    notes: tuple[ChordNote, ...]
    goes_on: bool = False
    began: bool = False


Voices = list[list[VoiceChord]]


def by_bar(notes: Notes, lines: Int64) -> list[Voices]:
    """The chords of each bar, voice by voice; `lines` are the bar lines, the end of the last bar too."""
    found: list[Voices] = [[] for _ in lines[1:]]
    edges = lines.tolist()
    for voice, chords in enumerate(_voices(_chords(notes))):
        first = np.searchsorted(lines, [chord.start for chord in chords], side="right") - 1
        for chord, bar in zip(chords, first.tolist(), strict=True):
            _cut(chord, bar, voice, edges, found)
    return found


def _chords(notes: Notes) -> list[VoiceChord]:
    together: defaultdict[tuple[int, int], list[ChordNote]] = defaultdict(list)
    columns = (notes.start, notes.end, notes.pitch, notes.velocity, notes.program, notes.is_drum)
    for start, end, *note in zip(*(column.tolist() for column in columns), strict=True):
        together[start, end].append(ChordNote(*note))
    return [VoiceChord(*span, tuple(sorted(found))) for span, found in sorted(together.items())]


def _voices(chords: Sequence[VoiceChord]) -> list[list[VoiceChord]]:
    """Chords given out so that none of a voice overlap, each to the first voice that is free."""
    voices: list[list[VoiceChord]] = []
    for chord in chords:
        free = next((voice for voice in voices if voice[-1].end <= chord.start), None)
        if free is None:
            voices.append(free := [])
        free.append(chord)
    return voices


def _cut(chord: VoiceChord, bar: int, voice: int, edges: list[int], found: list[Voices]) -> None:
    start = chord.start
    while start < chord.end:
        end = min(chord.end, edges[bar + 1])
        voices = found[bar]
        voices.extend([] for _ in range(voice + 1 - len(voices)))
        voices[voice].append(VoiceChord(start, end, chord.notes, end < chord.end, start > chord.start))
        start, bar = end, bar + 1


# Note values


class NoteValue(NamedTuple):
    """A note value; `actual` of them take the time of `normal`, (1, 1) outside of tuplets."""

    type: str
    dots: int = 0
    actual: int = 1
    normal: int = 1


def _simple() -> dict[Fraction, NoteValue]:
    found: dict[Fraction, NoteValue] = {}
    for dots in range(_MOST_DOTS + 1):
        longer = 2 - Fraction(1, 2**dots)
        for i, name in enumerate(_TYPES):
            found.setdefault(_LONGEST / 2**i * longer, NoteValue(name, dots))
    return found


SIMPLE = _simple()
"""Note value of each length (quarters) that needs no tuplet."""
_DESCENDING = sorted(SIMPLE, reverse=True)
_ALL = dict(SIMPLE)
for _actual, _normal in _TUPLETS:
    for _length, _value in SIMPLE.items():
        if _value.dots < _MOST_DOTS:
            _ALL.setdefault(_length * _normal / _actual, _value._replace(actual=_actual, normal=_normal))


@lru_cache(maxsize=1 << 16)
def note_values(length: int, divisions: int) -> tuple[tuple[int, NoteValue | None], ...]:
    """(length, note value) pairs that tied together last `length`, in `divisions` of a quarter: the longest
    first, five at most; a single one without a note value where that cannot be.
    """
    fitting = _note_values(Fraction(length, divisions))
    lengths = [quarters * divisions for quarters, _ in fitting]
    if any(part.denominator > 1 for part in lengths):
        return ((length, None),)
    return tuple((int(part), value) for part, (_, value) in zip(lengths, fitting, strict=True))


def _note_values(quarters: Fraction) -> tuple[tuple[Fraction, NoteValue | None], ...]:
    found: list[tuple[Fraction, NoteValue | None]] = []
    left = quarters
    while left and len(found) < _MOST_TIED:
        if left in _ALL:
            return (*found, (left, _ALL[left]))
        longest = next((length for length in _DESCENDING if length < left), None)
        if longest is None:
            break
        found.append((longest, SIMPLE[longest]))
        left -= longest
    return ((quarters, None),)
