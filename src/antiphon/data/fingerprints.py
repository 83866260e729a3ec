"""Fingerprints of melodies that do not change with key or note values' scale.

A *whole* fingerprint is one 64-bit hash of everything that sounds and when, pitches taken relative to the
first. A *sketch* is the `SKETCH` smallest hashes of the set of all windows of `WINDOW` notes, each window
described by its intervals and by the ratios of its successive onset distances (bottom-k sketch: Cohen and
Kaplan, 'Summarizing data using bottom-k sketches', 2007). Two sketches give an estimate of the Jaccard
similarity of the two sets: 1 for the same tune in another key, at double note values, or with its repeats
written out; about 0 for tunes that have nothing to do with each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

WINDOW = 6
SKETCH = 32
ABSENT = np.uint64(2**64 - 1)
"""Fills the end of a sketch whose melody has fewer windows than `SKETCH`."""

_APART = 1000
"""Added to relative pitches, to tell them from what is no onset."""
_RATIO = 5040
"""Ratios of onset distances are rounded to 1/5040, so that all simple ones stay apart."""


def whole(events: npt.NDArray[np.int16], meter: tuple[int, ...]) -> tuple[int, int]:
    """Hashes of a melody's events and meter: as it is, and with its pitches relative to the first one."""
    onsets = events >= 0
    first = events[onsets.argmax()] if len(events) else 0
    relative = events + onsets * np.int16(_APART - first)
    salt = repr(meter).encode()
    return _digest(salt + events.tobytes()), _digest(salt + relative.tobytes())


def sketches(melodies: Sequence[npt.NDArray[np.int16]]) -> Hashes:
    """Sketches [n, SKETCH], ascending, of n melodies' events (-2 and -1 no onset, 0-127 an onset)."""
    result = np.full((len(melodies), SKETCH), ABSENT)
    if not len(melodies):
        return result
    hashes, owner = _windows(melodies)
    order = np.lexsort((hashes, owner))
    hashes, owner = hashes[order], owner[order]
    new = np.ones(len(hashes), bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
    hashes, owner = hashes[new], owner[new]
    rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
    small = rank < SKETCH
    result[owner[small], rank[small]] = hashes[small]
    return result


def similarity(one: Hashes, other: Hashes) -> npt.NDArray[np.float64]:
    """Estimated Jaccard similarity of sketches row by row, [n, SKETCH] each; 0 where both are empty."""
    both = np.sort(np.concatenate([one, other], axis=1), axis=1)
    shared = np.zeros(both.shape, bool)
    shared[:, 1:] = (both[:, 1:] == both[:, :-1]) & (both[:, 1:] != ABSENT)
    distinct = (both != ABSENT) & ~shared
    within = np.cumsum(distinct, axis=1) <= SKETCH
    union = np.minimum(distinct.sum(axis=1), SKETCH)
    common: npt.NDArray[np.int64] = (shared & within).sum(axis=1)
    share: npt.NDArray[np.float64] = common / np.maximum(union, 1)
    return share


def _windows(melodies: Sequence[npt.NDArray[np.int16]]) -> tuple[Hashes, npt.NDArray[np.int64]]:
    """Hash of each window of `WINDOW` notes, and the melody it is from."""
    events = np.concatenate(melodies)
    owner = np.repeat(np.arange(len(melodies)), [len(m) for m in melodies])
    step = np.flatnonzero(events >= 0)
    pitch, owner = events[step].astype(np.int64), owner[step]
    interval, distance = np.diff(pitch), np.diff(step)
    ratio = distance[1:] * _RATIO // np.maximum(distance[:-1], 1)
    n = max(len(step) - WINDOW + 1, 0)
    hashes = np.zeros(n, np.uint64)
    for place in range(WINDOW - 1):
        hashes = _mix(hashes ^ interval[place : place + n].astype(np.uint64))
    for place in range(WINDOW - 2):
        hashes = _mix(hashes ^ ratio[place : place + n].astype(np.uint64))
    inside = owner[:n] == owner[WINDOW - 1 : WINDOW - 1 + n]
    return hashes[inside], owner[:n][inside]


def _mix(values: Hashes) -> Hashes:
    """SplitMix64's finaliser (Steele, Lea and Flood, 2014), over an array."""
    with np.errstate(over="ignore"):
        z = values + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        result: Hashes = z ^ (z >> np.uint64(31))
        return result


def _digest(content: bytes) -> int:
    """64 bits of `content`'s BLAKE2b hash."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")
