"""A part of a score as layers in which no notes overlap, cut at bar lines, on a grid.

The grid of 48 steps per quarter holds notes down to 1/64 and triplets down to those of 1/32.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from antiphon.arrays import Int64
from antiphon.score.notes import Notes

GRID = 48


@dataclass(frozen=True, slots=True)
class LayerSegment:
    """A chord, a note or (without pitches) a rest from `start` to before `stop`, in steps of the grid."""

    start: int
    stop: int
    pitches: tuple[int, ...] = ()
    velocity: int = 0
    goes_on: bool = False
    """Whether it is tied to the next."""
    began: bool = True
    """Whether its notes begin here; False for what is left of notes begun before a cut."""


def on_grid(times: Int64, per_quarter: int) -> Int64:
    """Ticks in steps of the grid, halves upwards."""
    return (2 * np.asarray(times) * GRID + per_quarter) // (2 * per_quarter)


def layers(notes: Notes, per_quarter: int) -> list[list[LayerSegment]]:
    """Chords and notes; those that overlap are in different layers."""
    chords: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    start = on_grid(notes.start, per_quarter)
    stop = np.maximum(on_grid(notes.end, per_quarter), start + 1)
    columns = (column.tolist() for column in (start, stop, notes.pitch, notes.velocity))
    for first, last, pitch, velocity in zip(*columns, strict=True):
        chords[first, last].append((pitch, velocity))
    found: list[list[LayerSegment]] = []
    for (first, last), sounds in sorted(chords.items()):
        pitches = tuple(sorted(pitch for pitch, _ in sounds))
        segment = LayerSegment(first, last, pitches, max(velocity for _, velocity in sounds))
        free = next((layer for layer in found if layer[-1].stop <= first), None)
        if free is None:
            found.append([segment])
        else:
            free.append(segment)
    return found


def cut(layer: Iterable[LayerSegment], at: Sequence[int]) -> list[LayerSegment]:
    """The layer cut at the times `at` (sorted), its silences as rests from 0 to the last of them."""
    filled: list[LayerSegment] = []
    time = 0
    for segment in layer:
        if segment.start > time:
            filled.append(LayerSegment(time, segment.start))
        filled.append(segment)
        time = segment.stop
    if at and time < at[-1]:
        filled.append(LayerSegment(time, at[-1]))
    bounds = np.array(at, dtype=np.int64)
    return [part for segment in filled for part in _parts(segment, bounds)]


def _parts(segment: LayerSegment, bounds: Int64) -> list[LayerSegment]:
    first, last = np.searchsorted(bounds, [segment.start, segment.stop], side="right")
    inner = [int(bound) for bound in bounds[first:last] if bound < segment.stop]
    edges = [segment.start, *inner, segment.stop]
    return [
        replace(segment, start=start, stop=stop, goes_on=stop < segment.stop, began=start == segment.start)
        for start, stop in pairwise(edges)
    ]
