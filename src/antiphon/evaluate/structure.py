"""How often a bar repeats an earlier one: the plainest measure of whether music holds together.

A bar is compared with the one 1, 2 and 4 bars before it. Whole bars of the music's own meter count (a pick-up
and an unfinished last bar do not), and only those in which a note starts, so that a held note or silence
earns nothing. Two bars are equal when every event in them is and stands on the same step, and have the same
rhythm when the events are of the same sorts: notes start and end on the same steps, whatever their pitches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.arrays import Bool, Int64
from antiphon.evaluate.sequences import Sequences

LAGS = (1, 2, 4)

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Structure:
    """Shares of bars, by how many bars back they are compared; nan where no bar has one so far back.

    `repeats` are equal in every event, `rhythms` in where notes start and end; `n_bars` bars of
    `n_sequences` sequences were looked at.
    """

    repeats: dict[int, float]
    rhythms: dict[int, float]
    n_bars: int
    n_sequences: int


def structure(sequences: Sequences) -> Structure:
    """The shares over all bars of `sequences` together: long sequences weigh more than short ones."""
    owner, sounding, event, rhythm = _bars(sequences)
    return Structure(
        repeats={lag: _share(owner, sounding, event, lag) for lag in LAGS},
        rhythms={lag: _share(owner, sounding, rhythm, lag) for lag in LAGS},
        n_bars=len(owner),
        n_sequences=len(sequences),
    )


def _bars(sequences: Sequences) -> tuple[Int64, Bool, npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Of every whole bar, in order: its sequence, whether a note starts in it, and hashes of its events and
    of their sorts."""
    bar, step = sequences.places.T
    last = _whole_bars(sequences)[sequences.sequence]
    inside = (bar >= 0) & (bar < last)
    owner, sequence, step = bar[inside], sequences.sequence[inside], step[inside]
    events, onset = sequences.events[inside], sequences.onset[inside]
    n = _whole_bars(sequences)
    first = np.cumsum(n) - n
    number, total = first[sequence] + owner, int(n.sum())
    sounding = np.bincount(number, onset, total) > 0
    owners = np.repeat(np.arange(len(sequences)), n)
    sorts = sequences.alphabet.sorts(events)
    return owners, sounding, _hashed(number, step, events, total), _hashed(number, step, sorts, total)


def _whole_bars(sequences: Sequences) -> Int64:
    """Whole bars of each sequence, [n]."""
    length = np.zeros(len(sequences), np.int64)
    np.add.at(length, sequences.sequence, sequences.steps)
    bar = sequences.steps_per_bar
    left = length - (-sequences.start_in_bar % np.maximum(bar, 1))
    return np.where(bar > 0, np.maximum(left, 0) // np.maximum(bar, 1), 0)


def _hashed(bar: Int64, step: Int64, events: Int64, n_bars: int) -> npt.NDArray[np.uint64]:
    """A number of 64 bits for each bar: a sum over its events of what mixes ids, step, and order on the step,
    so that equal bars have equal numbers and others hardly ever."""
    key = bar * (1 << 20) + step
    order = np.arange(len(key)) - np.searchsorted(key, key)
    mixed = _mix(step.astype(np.uint64) * np.uint64(1 << 32) + order.astype(np.uint64))
    for column in events.T:
        mixed = _mix(mixed ^ column.astype(np.uint64))
    found = np.zeros(n_bars, np.uint64)
    np.add.at(found, bar, mixed)
    return found


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele et al., 2014)."""
    z = values + _MIX
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _share(owner: Int64, sounding: Bool, content: npt.NDArray[np.uint64], lag: int) -> float:
    """Share of the sounding bars with one `lag` back in the same sequence that equal it."""
    compared = (owner[lag:] == owner[:-lag]) & sounding[lag:]
    equal = content[lag:][compared] == content[:-lag][compared]
    return float(equal.mean()) if len(equal) else float("nan")
