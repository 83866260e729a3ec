"""Which sequences are alike: the pairs of a later and an earlier one, found without comparing all with all.

Everything said about a sequence depends on it and on those before it only, so adding sequences after it
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.data.fingerprints import ABSENT, Hashes, similarity

Index = npt.NDArray[np.int64]

RELATED = 0.2
"""Similarity from which two sequences are variants of one piece and must stand in one split."""
NEAR = 0.7
"""Similarity from which the later of two sequences is a near duplicate."""

_POSTINGS = 16
"""A window that more sequences share is common stock: only its first so many bearers are looked at."""
_SHARED = 3
"""Windows that a pair must share to be compared."""
_DISTINCT = 8
"""Windows a sequence must have for its likeness to mean anything."""
_BLOCK = 4096


@dataclass(frozen=True, eq=False)
class Pairs:
    """Related sequences, sorted by `later`: each row an index, an earlier index, and the estimated
    similarity."""

    later: Index
    earlier: Index
    similarity: npt.NDArray[np.float64]


def first_alike(hashes: Hashes) -> Index:
    """For each sequence the first one with the same hash (itself, where it is the first)."""
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    result: Index = first[inverse].astype(np.int64)
    return result


def related(sketch: Hashes) -> Pairs:
    """Pairs of sequences whose sketches [n, k] are at least `RELATED` alike."""
    blocks = list(_blocks(sketch))
    if not blocks:
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    later, earlier, alike = (np.concatenate(column) for column in zip(*blocks, strict=True))
    return Pairs(later, earlier, alike)


def _blocks(sketch: Hashes) -> Iterator[tuple[Index, Index, npt.NDArray[np.float64]]]:
    """Pairs, for `_BLOCK` later sequences at a time, so that memory stays bounded."""
    n = len(sketch)
    rich = sketch[:, _DISTINCT - 1] != ABSENT if n else np.zeros(0, bool)
    flat = np.where(rich[:, None], sketch, ABSENT).ravel()
    owner = np.repeat(np.arange(n), sketch.shape[1])[flat != ABSENT]
    flat = flat[flat != ABSENT]
    order = np.lexsort((owner, flat))
    flat, owner = flat[order], owner[order]
    begin = np.searchsorted(flat, flat)
    for low in range(0, n, _BLOCK):
        rows = np.flatnonzero((owner >= low) & (owner < low + _BLOCK))
        later, earlier = _candidates(rows, begin, owner, n)
        alike = similarity(sketch[later], sketch[earlier])
        keep = alike >= RELATED
        yield later[keep], earlier[keep], alike[keep]


def _candidates(rows: Index, begin: Index, owner: Index, n: int) -> tuple[Index, Index]:
    """Pairs (later, earlier) that share at least `_SHARED` windows among the first `_POSTINGS` bearers of
    each."""
    pairs = []
    for place in range(_POSTINGS):
        mine = rows[begin[rows] + place < rows]
        pairs.append(owner[mine] * n + owner[begin[mine] + place])
    codes, counts = np.unique(np.concatenate(pairs), return_counts=True)
    codes = codes[counts >= _SHARED]
    return codes // max(n, 1), codes % max(n, 1)
