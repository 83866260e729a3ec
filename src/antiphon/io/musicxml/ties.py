"""Tied notes become one."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from antiphon.score.notes import Bool, Int

STARTS, STOPS = 1, 2
_TIME_BITS = 36


class Tied(NamedTuple):
    """Columns of notes (int64 [N]) by their beginnings; `tie` is a sum of `STARTS` and `STOPS`."""

    start: Int
    end: Int
    track: Int
    pitch: Int
    voice: Int
    tie: Int


def joined(notes: Tied, rounding: int) -> tuple[Bool, Int]:
    """Which notes begin a sound (bool [N]), and the ends of the sounds (int64 [N]).

    A tie goes to the next note of its pitch in its part that ends a tie, the nearest, and of the same voice
    if several wait; they may miss each other by `rounding` ticks. It goes as well to a note right after it
    in the same voice that says nothing of a tie. A
    note with the end of a tie that nothing leads to, as after a jump, sounds for itself.
    """
    keep, end = np.ones(len(notes.start), dtype=np.bool_), notes.end.copy()
    rows = np.flatnonzero((notes.tie > 0) | _following(notes))
    waiting: defaultdict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    columns = (column[rows].tolist() for column in (notes.track, notes.pitch, notes.start, notes.voice))
    for i, track, pitch, start, voice in zip(rows.tolist(), *columns, strict=True):
        tie = int(notes.tie[i])
        open_ties = waiting[track, pitch]
        head = _leading_to(open_ties, end, start, voice, rounding, any_voice=bool(tie & STOPS))
        if head is not None:
            keep[i] = False
            end[head] = end[i]
        if tie & STARTS:
            open_ties.append((i if head is None else head, voice))
    return keep, end


def _following(notes: Tied) -> Bool:
    """Notes that begin where a tied note of the same pitch and voice ends."""
    key = (notes.track * 128 + notes.pitch) * (int(notes.voice.max(initial=0)) + 1) + notes.voice
    starts = (notes.tie & STARTS) > 0
    place = key << _TIME_BITS
    found: Bool = np.isin(place + notes.start, place[starts] + notes.end[starts])
    return found


def _leading_to(
    open_ties: list[tuple[int, int]], end: Int, start: int, voice: int, rounding: int, *, any_voice: bool
) -> int | None:
    """Takes from the open ties (note, voice) the one that leads to a note; those that lead nowhere are given
    up.
    """
    open_ties[:] = [tie for tie in open_ties if end[tie[0]] >= start - rounding]
    near = [(abs(int(end[note]) - start), other != voice, i) for i, (note, other) in enumerate(open_ties)]
    fitting = [miss for miss in near if (miss[0] <= rounding if any_voice else miss[0] == 0 and not miss[1])]
    return open_ties.pop(min(fitting)[2])[0] if fitting else None
