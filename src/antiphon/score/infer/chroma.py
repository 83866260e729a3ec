"""How long each pitch class sounds, in whole pieces and in stretches of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from antiphon.score.notes import Bool, Float, Notes

_UNPITCHED = np.zeros(128, dtype=np.bool_)
_UNPITCHED[[*range(96, 104), *range(112, 128)]] = True
"""General MIDI programs whose notes have no pitch that counts: effects and percussion (Magenta's list)."""


def is_pitched(notes: Notes) -> Bool:
    """Which notes have a pitch, bool [N]: all but drums and sound effects."""
    pitched: Bool = ~(notes.is_drum | _UNPITCHED[notes.program & 127])
    return pitched


def durations(notes: Notes, boundaries: npt.ArrayLike) -> Float:
    """How long each pitch class sounds between boundaries, float64 [len(boundaries) - 1, 12].

    In the unit of the notes' times; notes that sound together add up. Drums and effects are left out.
    """
    edges = np.asarray(boundaries, dtype=np.float64)
    chosen = notes[is_pitched(notes)]
    classes = chosen.pitch % 12
    until = [_sounded(chosen[classes == pitch_class], edges) for pitch_class in range(12)]
    return np.diff(np.stack(until, axis=1), axis=0)


def _sounded(notes: Notes, edges: Float) -> Float:
    """How long `notes` have sounded until each edge: the time since their starts, less that since their
    ends."""
    return _since(notes.start, edges) - _since(np.maximum(notes.end, notes.start), edges)


def _since(times: npt.NDArray[np.int64], edges: Float) -> Float:
    ordered = np.sort(times)
    passed = np.searchsorted(ordered, edges)
    sums = np.concatenate([[0], np.cumsum(ordered)])
    result: Float = passed * edges - sums[passed]
    return result
