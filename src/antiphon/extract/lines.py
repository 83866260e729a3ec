"""Notes of a score as lines: per track and stretch of one meter, one note at an onset, in order.

What every monophonic extraction shares: which notes count, where bars lie, and what becomes of chords.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.extract.meters import Stretch
from antiphon.score.notes import Bool, Int, Notes, Small
from antiphon.score.quantized import QuantizedScore

POLYPHONY = ("drop", "highest", "top", "bottom")
"""What becomes of notes that sound together.

drop     a line is given up at its first chord (Magenta's default for training)
highest  of notes that begin together the highest counts; a later note cuts an earlier one (Magenta's
         `ignore_polyphonic_notes`)
top      the upper voice: a note also yields to a higher one that began before it and sounds through half of it
bottom   the lower voice, likewise
"""

_BLOCK = 4096


@dataclass(frozen=True)
class Lines:
    """N notes ordered by line (`line` is a number for each track and stretch) and start, one at an onset.

    `end` is cut at the end of the stretch; `chord` marks notes that had company at their onset.
    """

    start: Int
    end: Int
    pitch: Small
    line: Int
    stretch: Int
    track: Small
    program: Small
    chord: Bool

    def __len__(self) -> int:
        return len(self.start)


def chosen(score: QuantizedScore, track: int | str | None, drums: bool, losses: Counter[str]) -> Notes:
    """The notes of `track` (a name ignores case; None is all), without velocity 0 and, unless `drums`, without drums.

    Where nothing is left, the reason is counted in `losses`.
    """
    notes = score.notes
    wanted = notes.velocity > 0
    if not wanted.any():
        losses["no notes"] += 1
        return notes[:0]
    if track is not None:
        wanted &= np.isin(notes.track, _track_numbers(score, track))
        if not wanted.any():
            losses[f"no notes on track {track!r}"] += 1
            return notes[:0]
    if not drums and notes.is_drum.any():
        wanted &= ~notes.is_drum
        if not wanted.any():
            losses["only drums"] += 1
    return notes if wanted.all() else notes[wanted]


def _track_numbers(score: QuantizedScore, track: int | str) -> list[int]:
    if isinstance(track, int):
        return [track]
    name = track.strip().casefold()
    return [i for i, known in enumerate(score.track_names) if known.strip().casefold() == name]


def lines(notes: Notes, areas: Sequence[Stretch], polyphony: str, losses: Counter[str]) -> Lines:
    """`notes` as lines within `areas`, chords reduced as `polyphony` says ('drop' keeps the highest and marks it).

    Notes in a meter whose bar is no whole number of steps are left out; such stretches are counted in `losses`.
    """
    stretch = np.searchsorted([area.start for area in areas], notes.start, side="right") - 1
    whole = np.array([area.has_whole_bars for area in areas])
    if not whole.all():
        for i in np.unique(stretch[~whole[stretch]]).tolist():
            losses[f"a bar of {areas[i].meter} is not a whole number of steps"] += 1
        notes, stretch = notes[whole[stretch]], stretch[whole[stretch]]
    line = notes.track * np.int64(len(areas)) + stretch
    height = notes.pitch if polyphony != "bottom" else 127 - notes.pitch
    order = _order(line, notes.start, height)
    if polyphony in ("top", "bottom"):
        order = order[~_hidden(line[order], notes.start[order], notes.end[order], height[order])]
    return _thinned(notes, line, stretch, order, np.array([area.end for area in areas]))


def _order(line: Int, start: Int, height: Small) -> Int:
    """By line, start and falling height; equal ones as they came."""
    span = np.int64(start.max(initial=0) + 1)
    return np.argsort((line * span + start) * 128 - height, kind="stable")


def _thinned(notes: Notes, line: Int, stretch: Int, order: Int, area_ends: Int) -> Lines:
    """The first note in `order` of every onset."""
    onset = np.stack([line[order], notes.start[order]])
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (onset[:, 1:] != onset[:, :-1]).any(axis=0)
    first = np.flatnonzero(new)
    kept = order[first]
    return Lines(
        start=onset[1, first],
        end=np.minimum(notes.end[kept], area_ends[stretch[kept]]),
        pitch=notes.pitch[kept],
        line=onset[0, first],
        stretch=stretch[kept],
        track=notes.track[kept],
        program=notes.program[kept],
        chord=np.diff(first, append=len(order)) > 1,
    )


def _hidden(line: Int, start: Int, end: Int, height: Small) -> Bool:
    """Whether a higher note of the line, begun no later, sounds through at least half of each note.

    The notes come ordered by line, start and falling height. Per block, a running maximum over time and then over
    heights says how far any higher note reaches.
    """
    apart = line * np.int64(end.max(initial=0) + 1)
    middle = apart + start + (end - start + 1) // 2
    hidden = np.empty(len(start), dtype=np.bool_)
    reach = np.zeros(129, dtype=np.int64)
    for begin in range(0, len(start), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        rows = np.arange(len(start[block]))
        table = np.zeros((len(rows), 129), dtype=np.int64)
        table[rows, height[block]] = (apart + end)[block]
        table[0] = np.maximum(table[0], reach)
        np.maximum.accumulate(table, axis=0, out=table)
        reach = table[-1].copy()
        above = np.maximum.accumulate(table[:, ::-1], axis=1)[:, ::-1]
        hidden[block] = above[rows, height[block] + 1] >= middle[block]
    return hidden
