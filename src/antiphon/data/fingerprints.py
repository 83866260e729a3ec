"""Fingerprints of sequences of every kind, which do not change with key or tempo.

Whole fingerprints are 64-bit hashes of a sequence: *exact* of its ids and meter, *relative* of its notes with
pitches taken from the first, *scaled* of the same with the onsets in their smallest whole ratios. A *sketch*
is the `SKETCH` smallest hashes of the set of all windows of a few notes, each window described by its
intervals and its onset distances as shares of the longest (bottom-k sketch: Cohen and Kaplan, 'Summarizing
data using bottom-k sketches', 2007). Two sketches give an estimate of the Jaccard similarity of the two
sets: 1 for the same music in another key, at double note values, or with its repeats written out; about 0
for music that has nothing to do with each other.

Music played freely is described by the order of its pitches alone; music that is not the same in another key
by what sounds, never moved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.codecs.kinds import Kind, Profile, Standing
from antiphon.score.notes import Int

Hashes = npt.NDArray[np.uint64]
Sketch = npt.NDArray[np.uint32]

SKETCH = 32
ABSENT = np.uint32(2**32 - 1)
"""Fills the end of a sketch whose sequence has fewer windows than `SKETCH`."""
PRINT = np.dtype([("exact", "<u8"), ("relative", "<u8"), ("scaled", "<u8"), ("sketch", "<u4", (SKETCH,))])
"""The fingerprints of one sequence."""

_WINDOW = 6
_WINDOW_OF_RHYTHM = 12
"""Hits in a window; six are no more than half a bar that any song may have."""
_SHARE = 5040
"""Onset distances are rounded to 1/5040 of the longest, so that all simple ratios stay apart."""
_ODD = np.random.Generator(np.random.PCG64(20)).integers(0, 2**63, 64, np.uint64) * np.uint64(2) + np.uint64(
    1
)
"""Odd multipliers, one a place in a window."""


def prints(
    kind: Kind[Any], ids: Sequence[Int], profiles: Sequence[Profile], standings: Sequence[Standing]
) -> npt.NDArray[np.void]:
    """The fingerprints (`PRINT`, [n]) of n sequences of one kind."""
    found = np.zeros(len(ids), PRINT)
    for place, row in enumerate(zip(ids, profiles, standings, strict=True)):
        found["exact"][place], found["relative"][place], found["scaled"][place] = whole(kind, *row)
    found["sketch"] = sketches(profiles, transposable=kind.transposable, on_grid=kind.on_grid)
    return found


def whole(kind: Kind[Any], ids: Int, profile: Profile, standing: Standing) -> tuple[int, int, int]:
    """Hashes of one sequence: as it is, in any key, in any key and tempo."""
    salt = _salt(ids, standing)
    exact = _digest(salt, np.ascontiguousarray(ids, np.int16))
    pitch = profile.pitch - profile.pitch[0] if kind.transposable and len(profile.pitch) else profile.pitch
    pitch = pitch.astype(np.int16)
    relative = _digest(salt, profile.time.astype(np.int32), pitch) if kind.transposable else exact
    if not kind.on_grid:
        return exact, relative, _digest(b"", pitch)
    apart = np.diff(profile.time)
    unit = max(int(np.gcd.reduce(apart)), 1) if len(apart) else 1
    return exact, relative, _digest(b"", (apart // unit).astype(np.int32), pitch)


def sketches(profiles: Sequence[Profile], *, transposable: bool = True, on_grid: bool = True) -> Sketch:
    """Sketches [n, SKETCH], ascending, of n sequences' notes."""
    result = np.full((len(profiles), SKETCH), ABSENT)
    if not len(profiles):
        return result
    hashes, owner = _windows(profiles, transposable, on_grid)
    coded = np.sort(owner.astype(np.uint64) << np.uint64(32) | hashes)
    coded = coded[np.append(True, coded[1:] != coded[:-1])] if len(coded) else coded
    owner = (coded >> np.uint64(32)).astype(np.int64)
    rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
    small = rank < SKETCH
    result[owner[small], rank[small]] = coded[small].astype(np.uint32)
    return result


def similarity(one: Sketch, other: Sketch) -> npt.NDArray[np.float64]:
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


def _windows(profiles: Sequence[Profile], transposable: bool, on_grid: bool) -> tuple[Hashes, Int]:
    """Hash (32 bits) of each window of notes, and the number of the sequence it is from."""
    width = _WINDOW if transposable else _WINDOW_OF_RHYTHM
    owner = np.repeat(np.arange(len(profiles)), [len(profile.time) for profile in profiles])
    pitch = np.concatenate([profile.pitch for profile in profiles])
    n = max(len(pitch) - width + 1, 0)
    sounds = np.diff(pitch) if transposable else pitch
    hashes = _weighed(sounds, width - 1 if transposable else width, n, 0)
    if on_grid:
        time = np.concatenate([profile.time for profile in profiles])
        hashes = hashes + _rhythm(np.diff(time), width - 1, n)
    inside = owner[:n] == owner[width - 1 : width - 1 + n]
    return _mix(hashes[inside]) >> np.uint64(32), owner[:n][inside]


def _rhythm(apart: Int, width: int, n: int) -> Hashes:
    """Of each window, a hash of its `width` onset distances as shares of the longest."""
    longest = np.ones(n, np.int64)
    for place in range(width):
        np.maximum(longest, apart[place : place + n], out=longest)
    total = np.zeros(n, np.uint64)
    for place in range(width):
        share = apart[place : place + n] * _SHARE // longest
        total += share.astype(np.uint64) * _ODD[32 + place]
    return total


def _weighed(values: Int, width: int, n: int, first: int) -> Hashes:
    """Of each window of `width` values, their sum weighed by place, modulo 2^64."""
    total = np.zeros(n, np.uint64)
    for place in range(width):
        total += values[place : place + n].astype(np.uint64) * _ODD[first + place]
    return total


def _mix(values: Hashes) -> Hashes:
    """SplitMix64's finaliser (Steele, Lea and Flood, 2014), over an array."""
    z = values + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: Hashes = z ^ (z >> np.uint64(31))
    return result


def _salt(ids: Int, standing: Standing) -> bytes:
    """Length, meter and resolution, which two equal sequences share."""
    grid = (standing.steps_per_quarter, standing.steps_per_second)
    return repr((len(ids), tuple(standing.meter), *grid, standing.start_in_bar)).encode()


def _digest(salt: bytes, *columns: npt.NDArray[Any]) -> int:
    """64 bits of the BLAKE2b hash of `salt` and the columns."""
    state = hashlib.blake2b(salt, digest_size=8)
    for column in columns:
        state.update(column.tobytes())
    return int.from_bytes(state.digest(), "big")
