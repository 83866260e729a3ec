"""A stretch of time of everything a score holds: what is inside, and what is in force at its beginning.

`antiphon.score.cut` and `antiphon.score.join` are built on it. Times are ticks or steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np

from antiphon.score.maps import KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Int
from antiphon.score.score import Bends, Controls

E = TypeVar("E", KeyChange, Mark)


def rows(entries: TempoMap | MeterMap) -> list[tuple[Any, ...]]:
    """A map's entries as tuples (time, value, ...)."""
    values = (entries.qpm,) if isinstance(entries, TempoMap) else (entries.numerator, entries.denominator)
    return list(zip(*(column.tolist() for column in (entries.time, *values)), strict=True))


def tempos(entries: TempoMap, start: int, end: int) -> TempoMap:
    """The tempos from `start` to before `end`, with `start` as the new 0."""
    return TempoMap.of((max(time - start, 0), q) for time, q in rows(entries) if time < end or time == 0)


def meters(entries: MeterMap, start: int, end: int) -> MeterMap:
    """The meters from `start` to before `end`, with `start` as the new 0."""
    return MeterMap.of(
        (max(time - start, 0), n, d) for time, n, d in rows(entries) if time < end or time == 0
    )


def holding(entries: Sequence[E], start: int, end: int) -> tuple[E, ...]:
    """Keys or chords between `start` and `end`, the one that holds at `start` first; `start` is the new 0."""
    held: list[E] = [entry for entry in entries if entry.time <= start][-1:]
    inside: list[E] = [entry for entry in entries if start < entry.time < end]
    return tuple(entry._replace(time=max(entry.time - start, 0)) for entry in held + inside)


def within(marks: Iterable[Mark], start: int, end: int) -> tuple[Mark, ...]:
    """Lyrics or markers from `start` to before `end`, with `start` as the new 0."""
    return tuple(mark._replace(time=mark.time - start) for mark in marks if start <= mark.time < end)


def controls(given: Controls, start: int, end: int) -> Controls:
    """Control changes from `start` to before `end`, the values that hold at `start` first."""
    kept = _holding_rows(given.time, given.track.astype(np.int64) * 128 + given.number, start, end)
    time = np.maximum(given.time[kept] - start, 0)
    return Controls(time, given.number[kept], given.value[kept], given.track[kept])


def bends(given: Bends, start: int, end: int) -> Bends:
    """Pitch bends from `start` to before `end`, the values that hold at `start` first."""
    kept = _holding_rows(given.time, given.track.astype(np.int64), start, end)
    return Bends(np.maximum(given.time[kept] - start, 0), given.value[kept], given.track[kept])


def _holding_rows(time: Int, kind: Int, start: int, end: int) -> Int:
    """Rows from `start` to `end`, and of each kind the last row before."""
    before = np.flatnonzero(time < start)[::-1]
    _, last = np.unique(kind[before], return_index=True)
    return np.union1d(before[last], np.flatnonzero((time >= start) & (time < end)))
