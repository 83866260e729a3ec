"""The sustain pedal played out in the ends of the notes.

Equal to Magenta's `apply_sustain_control_changes`: a note let go while the pedal is down sounds until the
pedal comes up or its pitch is struck again; where the pedal never comes up, to the last thing that happens.
"""

from __future__ import annotations

import numpy as np

from antiphon.arrays import Bool, Int16, Int64
from antiphon.score.notes import Notes
from antiphon.score.score import Score

SUSTAIN = 64
"""Number of the sustain pedal's controller in MIDI."""
_DOWN = 64  # controller values from here on mean a pedal held down


def sustained(score: Score, control: int = SUSTAIN) -> Score:
    """`score` with each note as long as it sounds under the pedal of its part (controller `control`).

    Drums stay as they are. While the pedal is down, a pitch struck again ends every earlier note of that
    pitch, and of several struck at once only the last of the score's order is kept. Of movements of the
    pedal at one tick, letting it up counts. The pedal's own control changes stay: to apply it again changes
    nothing.
    """
    moves = score.controls.number == control
    held = ~score.notes.is_drum
    if not moves.any() or not held.any():
        return score
    time, track = score.controls.time[moves], score.controls.track[moves]
    pedal = _Pedal(time, track, score.controls.value[moves] >= _DOWN, score.notes)
    end, kept = pedal.ends(score.notes, held)
    notes = score.notes.replace(end=end)
    return score.replace(notes=notes if kept.all() else notes[kept])


class _Pedal:
    """The pedals of all parts on one line of time, on which each part has a span of its own."""

    def __init__(self, time: Int64, track: Int16, down: Bool, notes: Notes) -> None:
        latest = np.maximum(notes.start, notes.end)
        self.last = int(max(time.max(), latest[~notes.is_drum].max()))
        self.span = max(self.last, int(latest.max())) + 1
        place = self.places(time, track)
        order = np.lexsort((~down, place))
        self.moved, self.down = place[order], down[order]
        self.raised = place[order][~down[order]]

    def places(self, time: Int64, track: Int16) -> Int64:
        """Points of the line, int64."""
        return track * np.int64(self.span) + time

    def is_down(self, time: Int64, track: Int16) -> Bool:
        """Whether the part's pedal is down at each time, after what moved it then."""
        latest = np.searchsorted(self.moved, self.places(time, track), side="right") - 1
        of_part = (latest >= 0) & (self.moved[latest] >= self.places(np.zeros_like(time), track))
        result: Bool = of_part & self.down[latest]
        return result

    def rises(self, time: Int64, track: Int16) -> Int64:
        """When the part's pedal next comes up after each time; the last time of all where it does not."""
        following = np.searchsorted(self.raised, self.places(time, track), side="right")
        begin = self.places(np.zeros_like(time), track)
        raised = np.append(self.raised, np.iinfo(np.int64).max)[following]
        return np.where(raised < begin + self.span, raised - begin, self.last)

    def ends(self, notes: Notes, held: Bool) -> tuple[Int64, Bool]:
        """The end of every note, and which notes are left; those not `held` stay as they are."""
        carried = held & self.is_down(notes.end, notes.track)
        end = np.where(carried, self.rises(notes.end, notes.track), notes.end)
        struck = self._struck_again(notes, held)
        kept = ~held | (struck > notes.start)
        return np.minimum(end, struck), kept

    def _struck_again(self, notes: Notes, held: Bool) -> Int64:
        """When each note's pitch is next struck in its part, pedal down; never for those not `held`."""
        never = np.iinfo(np.int64).max
        result = np.full(len(notes), never)
        rows = np.flatnonzero(held)
        key = notes.track[rows] * np.int64(128) + notes.pitch[rows]
        rows = rows[np.lexsort((notes.start[rows], key))]
        key = np.sort(key)
        start = notes.start[rows]
        damping = self.is_down(start, notes.track[rows])
        found = np.where(damping, np.arange(len(rows)), len(rows))[::-1]
        following = np.append(np.minimum.accumulate(found)[::-1][1:], len(rows))
        same = np.append(key, -1)[following] == key
        result[rows] = np.where(same, np.append(start, never)[following], never)
        return result
