"""Removing redundant entries, and correcting notes that cannot sound. Every function returns new values."""

from __future__ import annotations

from itertools import groupby
from typing import TypeVar

import numpy as np

from antiphon.score.carry import rows
from antiphon.score.maps import KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Bool, Int
from antiphon.score.score import Bends, Controls, Score

E = TypeVar("E", KeyChange, Mark)


def without_redundant(score: Score) -> Score:
    """The score, everything in order of time, without what repeats what holds already: tempos, meters, keys,
    chords, control values, bends, texts about the piece; and without notes that equal another in everything.

    What sounds is the same. Magenta's `remove_redundant_data` does so for tempos, meters, keys and texts.
    """
    notes = score.notes.sorted()
    columns = np.stack(
        [notes.track, notes.is_drum, notes.program, notes.pitch, notes.start, notes.end, notes.velocity]
    )
    _, first = np.unique(columns, axis=1, return_index=True)
    return score.replace(
        notes=notes[np.sort(first)],
        tempos=TempoMap.of(rows(score.tempos)),
        meters=MeterMap.of(rows(score.meters)),
        keys=_changes(score.keys),
        chords=_changes(score.chords),
        controls=_new_values(score.controls),
        bends=_new_bends(score.bends),
        about=tuple(dict.fromkeys(score.about)),
    )


def without_overlaps(score: Score) -> Score:
    """The score in which a note ends where the next of its pitch and part begins, as on any keyboard.

    Of notes that begin together on one key the longest stays.
    """
    notes = score.notes
    key = notes.track.astype(np.int64) * 256 + notes.is_drum * 128 + notes.pitch
    order = np.lexsort((-notes.end, notes.start, key))
    start, end, key = notes.start[order], notes.end[order].copy(), key[order]
    same = key[1:] == key[:-1]
    double = np.zeros(len(notes), np.bool_)
    double[1:] = same & (start[1:] == start[:-1])
    kept = np.flatnonzero(~double)
    follows = key[kept[1:]] == key[kept[:-1]]
    limit = np.where(follows, start[kept[1:]], np.iinfo(np.int64).max)
    end[kept[:-1]] = np.minimum(end[kept[:-1]], limit)
    rank = np.argsort(order[kept], kind="stable")
    rows_kept = order[kept][rank]
    return score.replace(notes=notes[rows_kept].replace(end=end[kept][rank]))


def _changes(entries: tuple[E, ...]) -> tuple[E, ...]:
    """Entries in order of time, of equal neighbours the first."""
    ordered = sorted(entries, key=lambda entry: entry.time)
    return tuple(next(run) for _, run in groupby(ordered, key=lambda entry: entry[1:]))


def _new_values(controls: Controls) -> Controls:
    kind = controls.track.astype(np.int64) * 128 + controls.number
    kept = _news(controls.time, kind, controls.value.astype(np.int64))
    return Controls(*(getattr(controls, name)[kept] for name in ("time", "number", "value", "track")))


def _new_bends(bends: Bends) -> Bends:
    kept = _news(bends.time, bends.track.astype(np.int64), bends.value.astype(np.int64))
    return Bends(*(getattr(bends, name)[kept] for name in ("time", "value", "track")))


def _news(time: Int, kind: Int, value: Int) -> Int:
    """Rows in order of time whose value differs from the one before of their kind."""
    order = np.lexsort((np.arange(len(time)), time, kind))
    kind, value = kind[order], value[order]
    new: Bool = np.ones(len(order), np.bool_)
    new[1:] = (kind[1:] != kind[:-1]) | (value[1:] != value[:-1])
    kept = order[new]
    result: Int = kept[np.lexsort((kept, time[kept]))]
    return result
