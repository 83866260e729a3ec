"""Fingerprints of sequences of every kind, independent of key and tempo.

Three 64-bit hashes describe a whole sequence: *exact* its ids and meter, *relative* its notes with pitches
relative to the first, *scaled* the same with the onsets in their smallest integer ratios. A *sketch* is the
`SKETCH_SIZE` smallest hashes of the set of all windows of a few notes, each window described by its intervals
and its onset distances as fractions of the longest (bottom-k sketch: Cohen and Kaplan, 'Summarizing data
using bottom-k sketches', 2007). Two sketches give an estimate of the Jaccard similarity of the two sets: 1
for the same music in another key, at double note values, or with its repeats written out; about 0 for
unrelated music.

Of kinds that are not on a grid (performances) only the order of the pitches counts; kinds that cannot be
transposed are described by their sounds as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.arrays import Int64, UInt32, UInt64
from antiphon.codecs.kinds import Kind, Profile, Standing

SKETCH_SIZE = 32
ABSENT = np.uint32(2**32 - 1)
"""Fills the end of a sketch whose sequence has fewer windows than `SKETCH_SIZE`."""
FINGERPRINT = np.dtype(
    [("exact", "<u8"), ("relative", "<u8"), ("scaled", "<u8"), ("sketch", "<u4", (SKETCH_SIZE,))]
)
"""The fingerprints of one sequence."""

_WINDOW = 6
_RHYTHM_WINDOW = 12
"""Hits in a window; six are half a bar, which many songs have in common."""
_FRACTION = 5040
"""Onset distances are rounded to 1/5040 of the longest, which keeps all simple ratios distinct."""
_MULTIPLIERS = np.uint64(1) + np.uint64(2) * np.random.Generator(np.random.PCG64(20)).integers(
    0, 2**63, 64, np.uint64
)
"""Odd multipliers, one per place in a window."""


def fingerprints(
    kind: Kind[Any], ids: Sequence[Int64], profiles: Sequence[Profile], standings: Sequence[Standing]
) -> npt.NDArray[np.void]:
    """The fingerprints (`FINGERPRINT`, [n]) of n sequences of one kind."""
    found = np.zeros(len(ids), FINGERPRINT)
    for place, row in enumerate(zip(ids, profiles, standings, strict=True)):
        found["exact"][place], found["relative"][place], found["scaled"][place] = sequence_hashes(kind, *row)
    found["sketch"] = sketches(profiles, transposable=kind.transposable, on_grid=kind.on_grid)
    return found


def sequence_hashes(
    kind: Kind[Any], ids: Int64, profile: Profile, standing: Standing
) -> tuple[int, int, int]:
    """The exact, relative and scaled hash of one sequence."""
    salt = _salt(ids, standing)
    exact = _digest(salt, np.ascontiguousarray(ids, np.int16))
    pitch = profile.pitch - profile.pitch[0] if kind.transposable and len(profile.pitch) else profile.pitch
    pitch = pitch.astype(np.int16)
    relative = _digest(salt, profile.time.astype(np.int32), pitch) if kind.transposable else exact
    if not kind.on_grid:
        return exact, relative, _digest(b"", pitch)
    distances = np.diff(profile.time)
    unit = max(int(np.gcd.reduce(distances)), 1) if len(distances) else 1
    return exact, relative, _digest(b"", (distances // unit).astype(np.int32), pitch)


def sketches(profiles: Sequence[Profile], *, transposable: bool = True, on_grid: bool = True) -> UInt32:
    """The sketches [n, SKETCH_SIZE] of n sequences' notes, each ascending."""
    result = np.full((len(profiles), SKETCH_SIZE), ABSENT)
    if not len(profiles):
        return result
    hashes, owner = _windows(profiles, transposable, on_grid)
    coded = np.sort(owner.astype(np.uint64) << np.uint64(32) | hashes)
    coded = coded[np.append(True, coded[1:] != coded[:-1])] if len(coded) else coded
    owner = (coded >> np.uint64(32)).astype(np.int64)
    rank = np.arange(len(owner)) - np.searchsorted(owner, owner)
    small = rank < SKETCH_SIZE
    result[owner[small], rank[small]] = coded[small].astype(np.uint32)
    return result


def jaccard(one: UInt32, other: UInt32) -> npt.NDArray[np.float64]:
    """The estimated Jaccard similarity of sketches [n, SKETCH_SIZE], row by row; 0 where both are empty."""
    both = np.sort(np.concatenate([one, other], axis=1), axis=1)
    shared = np.zeros(both.shape, bool)
    shared[:, 1:] = (both[:, 1:] == both[:, :-1]) & (both[:, 1:] != ABSENT)
    distinct = (both != ABSENT) & ~shared
    within = np.cumsum(distinct, axis=1) <= SKETCH_SIZE
    union = np.minimum(distinct.sum(axis=1), SKETCH_SIZE)
    common: npt.NDArray[np.int64] = (shared & within).sum(axis=1)
    similarity: npt.NDArray[np.float64] = common / np.maximum(union, 1)
    return similarity


def _windows(profiles: Sequence[Profile], transposable: bool, on_grid: bool) -> tuple[UInt64, Int64]:
    """The hash (32 bits) of each window of notes, and the number of its sequence."""
    width = _WINDOW if transposable else _RHYTHM_WINDOW
    owner = np.repeat(np.arange(len(profiles)), [len(profile.time) for profile in profiles])
    pitch = np.concatenate([profile.pitch for profile in profiles])
    n = max(len(pitch) - width + 1, 0)
    sounds = np.diff(pitch) if transposable else pitch
    hashes = _weighted_sum(sounds, width - 1 if transposable else width, n, 0)
    if on_grid:
        time = np.concatenate([profile.time for profile in profiles])
        hashes = hashes + _rhythm(np.diff(time), width - 1, n)
    inside = owner[:n] == owner[width - 1 : width - 1 + n]
    return _mix(hashes[inside]) >> np.uint64(32), owner[:n][inside]


def _rhythm(distances: Int64, width: int, n: int) -> UInt64:
    """For each window, a hash of its `width` onset distances as fractions of the longest."""
    longest = np.ones(n, np.int64)
    for place in range(width):
        np.maximum(longest, distances[place : place + n], out=longest)
    total = np.zeros(n, np.uint64)
    for place in range(width):
        fraction = distances[place : place + n] * _FRACTION // longest
        total += fraction.astype(np.uint64) * _MULTIPLIERS[32 + place]
    return total


def _weighted_sum(values: Int64, width: int, n: int, first: int) -> UInt64:
    """For each window of `width` values, their sum weighted by place, modulo 2^64."""
    total = np.zeros(n, np.uint64)
    for place in range(width):
        total += values[place : place + n].astype(np.uint64) * _MULTIPLIERS[first + place]
    return total


def _mix(values: UInt64) -> UInt64:
    """SplitMix64's finaliser (Steele, Lea and Flood, 2014), over an array."""
    z = values + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: UInt64 = z ^ (z >> np.uint64(31))
    return result


def _salt(ids: Int64, standing: Standing) -> bytes:
    """Length, meter and resolution, which equal sequences have in common."""
    grid = (standing.steps_per_quarter, standing.steps_per_second)
    return repr((len(ids), tuple(standing.meter), *grid, standing.start_in_bar)).encode()


def _digest(salt: bytes, *columns: npt.NDArray[Any]) -> int:
    """64 bits of the BLAKE2b hash of `salt` and the columns."""
    state = hashlib.blake2b(salt, digest_size=8)
    for column in columns:
        state.update(column.tobytes())
    return int.from_bytes(state.digest(), "big")
