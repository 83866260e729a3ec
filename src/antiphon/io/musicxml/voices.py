"""The notes of a part as chords in voices, cut at bar lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from antiphon.score.notes import Int, Notes


class Sound(NamedTuple):
    """A note's pitch, velocity, program, and whether it is percussion."""

    pitch: int
    velocity: int
    program: int
    is_drum: bool


class Chord(NamedTuple):
    """Notes that begin and end together, or the part of them that lies in one bar: whether they
    go on in the next, and began in one before.
    """

    start: int
    end: int
    sounds: tuple[Sound, ...]
    goes_on: bool = False
    began: bool = False


Voices = list[list[Chord]]


def by_bar(notes: Notes, lines: Int) -> list[Voices]:
    """The chords of each bar, voice by voice; `lines` are the bar lines, the end of the last bar too."""
    found: list[Voices] = [[] for _ in lines[1:]]
    edges = lines.tolist()
    for voice, chords in enumerate(_voices(_chords(notes))):
        first = np.searchsorted(lines, [chord.start for chord in chords], side="right") - 1
        for chord, bar in zip(chords, first.tolist(), strict=True):
            _cut(chord, bar, voice, edges, found)
    return found


def _chords(notes: Notes) -> list[Chord]:
    together: defaultdict[tuple[int, int], list[Sound]] = defaultdict(list)
    columns = (notes.start, notes.end, notes.pitch, notes.velocity, notes.program, notes.is_drum)
    for start, end, *sound in zip(*(column.tolist() for column in columns), strict=True):
        together[start, end].append(Sound(*sound))
    return [Chord(*span, tuple(sorted(sounds))) for span, sounds in sorted(together.items())]


def _voices(chords: Sequence[Chord]) -> list[list[Chord]]:
    """Chords given out so that none of a voice overlap, each to the first voice that is free."""
    voices: list[list[Chord]] = []
    for chord in chords:
        free = next((voice for voice in voices if voice[-1].end <= chord.start), None)
        if free is None:
            voices.append(free := [])
        free.append(chord)
    return voices


def _cut(chord: Chord, bar: int, voice: int, edges: list[int], found: list[Voices]) -> None:
    start = chord.start
    while start < chord.end:
        end = min(chord.end, edges[bar + 1])
        voices = found[bar]
        voices.extend([] for _ in range(voice + 1 - len(voices)))
        voices[voice].append(Chord(start, end, chord.sounds, end < chord.end, start > chord.start))
        start, bar = end, bar + 1
