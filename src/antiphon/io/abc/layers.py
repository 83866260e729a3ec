"""A part of a score as layers in which one thing sounds at a time, cut at bar lines, on a grid.

The grid of 48 steps a quarter holds notes down to 1/64 and triplets down to those of 1/32.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from antiphon.score.notes import Int, Notes

GRID = 48


@dataclass(frozen=True, slots=True)
class Piece:
    """A chord, a note or (without pitches) a rest in [`start`, `stop`), in steps."""

    start: int
    stop: int
    pitches: tuple[int, ...] = ()
    velocity: int = 0
    goes_on: bool = False
    """It is tied to the next."""
    began: bool = True
    """It is not the rest of a note begun before."""


def on_grid(times: Int, per_quarter: int) -> Int:
    """Ticks in steps of the grid, halves upwards."""
    return (2 * np.asarray(times) * GRID + per_quarter) // (2 * per_quarter)


def layers(notes: Notes, per_quarter: int) -> list[list[Piece]]:
    """Chords and notes; those that overlap are in different layers."""
    chords: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    start = on_grid(notes.start, per_quarter)
    stop = np.maximum(on_grid(notes.end, per_quarter), start + 1)
    columns = (column.tolist() for column in (start, stop, notes.pitch, notes.velocity))
    for first, last, pitch, velocity in zip(*columns, strict=True):
        chords[first, last].append((pitch, velocity))
    found: list[list[Piece]] = []
    for (first, last), sounds in sorted(chords.items()):
        pitches = tuple(sorted(pitch for pitch, _ in sounds))
        piece = Piece(first, last, pitches, max(velocity for _, velocity in sounds))
        free = next((layer for layer in found if layer[-1].stop <= first), None)
        if free is None:
            found.append([piece])
        else:
            free.append(piece)
    return found


def cut(layer: Iterable[Piece], at: Sequence[int]) -> list[Piece]:
    """The layer cut at the times `at` (sorted), its silences as rests from 0 to the last of them."""
    filled: list[Piece] = []
    time = 0
    for piece in layer:
        if piece.start > time:
            filled.append(Piece(time, piece.start))
        filled.append(piece)
        time = piece.stop
    if at and time < at[-1]:
        filled.append(Piece(time, at[-1]))
    bounds = np.array(at, dtype=np.int64)
    return [part for piece in filled for part in _parts(piece, bounds)]


def _parts(piece: Piece, bounds: Int) -> list[Piece]:
    first, last = np.searchsorted(bounds, [piece.start, piece.stop], side="right")
    inner = [int(bound) for bound in bounds[first:last] if bound < piece.stop]
    edges = [piece.start, *inner, piece.stop]
    return [
        Piece(start, stop, piece.pitches, piece.velocity, stop < piece.stop, start == piece.start)
        for start, stop in pairwise(edges)
    ]
