"""Moving everything in a score to other times with one function from times to times."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from antiphon.arrays import Int64
from antiphon.score.maps import KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.score import Bends, Controls, Score

Clock = Callable[[Int64], Int64]  # int64 [N] to int64 [N], never falling


def retimed(score: Score, to: Clock) -> Score:
    """`score` with every time exchanged; the resolution stays as it is."""
    notes, controls, bends = score.notes, score.controls, score.bends
    return score.replace(
        notes=notes.replace(start=to(notes.start), end=to(notes.end)),
        tempos=tempos(score.tempos, to),
        meters=meters(score.meters, to),
        keys=keys(score.keys, to),
        chords=marks(score.chords, to),
        lyrics=marks(score.lyrics, to),
        markers=marks(score.markers, to),
        controls=Controls(to(controls.time), controls.number, controls.value, controls.track),
        bends=Bends(to(bends.time), bends.value, bends.track),
    )


def tempos(entries: TempoMap, to: Clock) -> TempoMap:
    """The tempo map at other times; its first tempo holds from 0."""
    if len(entries) == 1:
        return entries
    times = [0, *to(entries.time[1:]).tolist()]
    return TempoMap.of(zip(times, entries.qpm.tolist(), strict=True))


def meters(entries: MeterMap, to: Clock) -> MeterMap:
    """The meter map at other times; its first meter holds from 0."""
    if len(entries) == 1:
        return entries
    times = [0, *to(entries.time[1:]).tolist()]
    return MeterMap.of(zip(times, entries.numerator.tolist(), entries.denominator.tolist(), strict=True))


def keys(changes: tuple[KeyChange, ...], to: Clock) -> tuple[KeyChange, ...]:
    """Key changes at other times."""
    return tuple(
        KeyChange(time, change.key) for time, change in zip(_times(changes, to), changes, strict=True)
    )


def marks(entries: tuple[Mark, ...], to: Clock) -> tuple[Mark, ...]:
    """Marks at other times."""
    return tuple(mark._replace(time=time) for time, mark in zip(_times(entries, to), entries, strict=True))


def _times(entries: tuple[KeyChange, ...] | tuple[Mark, ...], to: Clock) -> list[int]:
    times: list[int] = (
        to(np.array([entry.time for entry in entries], dtype=np.int64)).tolist() if entries else []
    )
    return times
