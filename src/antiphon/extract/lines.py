"""Notes of a score as lines: per track and stretch of one meter, one note at an onset, in order.

What every monophonic extraction shares: which notes count, where bars lie, and what becomes of chords.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antiphon.arrays import Bool, Int16, Int64
from antiphon.extract.meters import Stretch, in_whole_bars
from antiphon.score.notes import Notes
from antiphon.score.quantized import QuantizedScore

POLYPHONY = ("drop", "highest", "top", "bottom")
"""What becomes of notes that sound together.

drop     a line is given up at its first chord (Magenta's default for training)
highest  of notes that begin together the highest counts; any later note cuts an earlier one (Magenta's
         `ignore_polyphonic_notes`)
top      the upper voice: a note also yields to a higher one that began before and sounds through half of it
bottom   the lower voice, likewise
"""

_BLOCK = 1024


@dataclass(frozen=True)
class Lines:
    """N notes ordered by line (`line` is a number for each track and stretch) and start, one at an onset.

    `end` is cut at the end of the stretch; `chord` marks notes that had company at their onset.
    """

    start: Int64
    end: Int64
    pitch: Int16
    line: Int64
    stretch: Int64
    track: Int16
    program: Int16
    chord: Bool

    def __len__(self) -> int:
        return len(self.start)


def chosen(score: QuantizedScore, track: int | str | None, drums: bool, losses: Counter[str]) -> Notes:
    """The notes of `track` (a name ignores case; None is all), without drums unless `drums` says so.

    Notes of velocity 0 never count. Where nothing is left, the reason is counted in `losses`.
    """
    wanted = counting(score, track, drums, losses)
    return score.notes if wanted.all() else score.notes[wanted]


def counting(score: QuantizedScore, track: int | str | None, drums: bool, losses: Counter[str]) -> Bool:
    """Which notes are `chosen`, bool [N]."""
    notes = score.notes
    wanted = notes.velocity > 0
    if not wanted.any():
        losses["no notes"] += 1
        return wanted
    if track is not None:
        wanted &= np.isin(notes.track, track_numbers(score, track))
        if not wanted.any():
            losses[f"no notes on track {track!r}"] += 1
            return wanted
    if not drums and notes.is_drum.any():
        wanted &= ~notes.is_drum
        if not wanted.any():
            losses["only drums"] += 1
    return wanted


def track_numbers(score: QuantizedScore, track: int | str) -> list[int]:
    """The tracks that `track` means: a number is itself, a name ignores case and may be had by several."""
    if isinstance(track, int):
        return [track]
    name = track.strip().casefold()
    return [i for i, known in enumerate(score.track_names) if known.strip().casefold() == name]


def lines(notes: Notes, areas: Sequence[Stretch], polyphony: str, losses: Counter[str]) -> Lines:
    """`notes` as lines within `areas`, chords reduced as `polyphony` says ('drop': their highest, marked).

    Notes in a meter whose bar is no whole number of steps are left out; such stretches are counted in
    `losses`.
    """
    notes, stretch = in_whole_bars(notes, areas, losses)
    line = notes.track * np.int64(len(areas)) + stretch
    onset = line * np.int64(notes.start.max(initial=0) + 1) + notes.start
    height = notes.pitch if polyphony != "bottom" else 127 - notes.pitch
    order = np.argsort(onset * 128 - height, kind="stable")
    if polyphony in ("top", "bottom"):
        order = order[~_hidden(line[order], notes.start[order], notes.end[order], height[order])]
    new = np.ones(len(order), dtype=np.bool_)
    np.not_equal(onset[order[1:]], onset[order[:-1]], out=new[1:])
    first = np.flatnonzero(new)
    kept = order[first]
    return Lines(
        start=notes.start[kept],
        end=np.minimum(notes.end[kept], np.array([area.end for area in areas])[stretch[kept]]),
        pitch=notes.pitch[kept],
        line=line[kept],
        stretch=stretch[kept],
        track=notes.track[kept],
        program=notes.program[kept],
        chord=np.append(first[1:], len(order)) - first > 1,
    )


def _hidden(line: Int64, start: Int64, end: Int64, height: Int16) -> Bool:
    """Whether a higher note of the line, begun no later, sounds through at least half of each note.

    The notes come ordered by line, start and falling height. Per block, a running maximum over time and then
    over heights says how far any higher note reaches.
    """
    apart = line * np.int64(end.max(initial=0) + 1)
    middle, end = apart + start + (end - start + 1) // 2, apart + end
    column = height.max(initial=0) - height + 1  # column 0 stands above every note
    reach = np.zeros(int(column.max(initial=0)) + 1, dtype=np.int64)
    hidden = np.empty(len(start), dtype=np.bool_)
    for begin in range(0, len(start), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        rows = np.arange(len(start[block]))
        table = np.zeros((len(rows), len(reach)), dtype=np.int64)
        table[rows, column[block]] = end[block]
        np.maximum(table[0], reach, out=table[0])
        np.maximum.accumulate(table, axis=0, out=table)
        reach = table[-1].copy()
        np.maximum.accumulate(table, axis=1, out=table)
        hidden[block] = table[rows, column[block] - 1] >= middle[block]
    return hidden
