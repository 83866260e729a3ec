"""Ids of the kind "note-performance": four columns, as the events have them."""

from __future__ import annotations

import numpy as np

from antiphon.codecs.alphabet import Ids
from antiphon.codecs.kinds import Kind, Standing
from antiphon.codecs.performance import played, profile
from antiphon.errors import InputError
from antiphon.extract.note_performance import EXTRACTOR, NotePerformance, NotePerformanceOptions
from antiphon.extract.performance import MAX_SHIFT
from antiphon.extract.playing import PlayingOptions
from antiphon.score.notes import Int

FIELDS = ("shift", "pitch", "velocity", "duration")

_LOW = np.array([0, 0, 0, 1])
_HIGH = np.array([MAX_SHIFT, 127, 127, MAX_SHIFT])


def encode(performance: NotePerformance) -> Int:
    """Ids (int64 [T, 4]) of a performance's notes."""
    return performance.events.astype(np.int64)


def decode(
    ids: Ids, standing: Standing, options: PlayingOptions = NotePerformanceOptions()
) -> NotePerformance:
    """The performance of `ids` [T, 4]; raises `InputError` for a number out of its column's range."""
    ids = np.asarray(ids)
    if ids.ndim != 2 or ids.shape[1] != len(FIELDS):
        raise InputError(
            f"Ids of shape {list(ids.shape)}; expected {len(FIELDS)} columns: {', '.join(FIELDS)}."
        )
    wrong = np.argwhere((ids < _LOW) | (ids > _HIGH))
    if len(wrong):
        row, column = wrong[0].tolist()
        bounds = f"{_LOW[column]} to {_HIGH[column]}"
        raise InputError(f"Note {row} has {FIELDS[column]} {ids[row, column]}; expected {bounds}.")
    return NotePerformance(ids.astype(np.int16), **played(standing, options))


KIND = Kind("note-performance", EXTRACTOR, FIELDS, encode, decode, profile, on_grid=False)
