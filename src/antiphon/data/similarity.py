"""Similar sequences: links from a later to an earlier sequence, found without comparing all pairs.

The links of a sequence depend on it and on earlier ones only, so adding sequences after it changes nothing.
Time and memory grow linearly with the number of sequences: of a window that thousands share, only its first
`_MAX_POSTINGS` sequences are considered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.arrays import Float32, Int32, Int64, UInt32
from antiphon.data.fingerprints import ABSENT, jaccard

NEAR_THRESHOLD = 0.7
"""Similarity from which the later of two sequences is a near duplicate."""
EXACT_SCORE, TRANSPOSED_SCORE, RETEMPOED_SCORE = 4.0, 3.0, 2.0
"""Scores above any similarity: equal; equal in another key; equal in another key or tempo."""

_MAX_POSTINGS = 16
"""Sequences considered per window: one that more of them share is a common pattern."""
_MIN_SHARED = 3
"""Windows that a pair must share to be compared."""
_BLOCK = 4096
_BUCKETS = 16
_PAIRS_AT_ONCE = 1 << 16
"""Pairs whose sketches are compared in one array operation."""


@dataclass(frozen=True)
class Thresholds:
    """When sequences of a kind count as related."""

    related: float
    """Similarity from which two are variants of one piece and must be in one split."""
    min_windows: int
    """Windows a sequence must have for its similarity to mean anything."""


NOTE_THRESHOLDS = Thresholds(related=0.2, min_windows=8)
RHYTHM_THRESHOLDS = Thresholds(related=0.3, min_windows=16)
"""Different songs of the Groove and Freedoom sets share up to 0.13 of their windows of twelve hits, variants
of one from 0.3 on; with windows of six hits, different songs share up to 0.46."""


@dataclass(frozen=True, eq=False)
class Links:
    """For each of n sequences, the earlier ones it is related to: those of sequence s are
    `earlier[begin[s]:begin[s + 1]]`, most similar first, then in order."""

    begin: Int64
    earlier: Int32
    score: Float32
    """Similarity, or `EXACT_SCORE`, `TRANSPOSED_SCORE`, `RETEMPOED_SCORE`."""
    same_piece: npt.NDArray[np.bool_]
    """Whether a link says that the two pieces belong in one group; two copies of a plain pattern do not."""

    @property
    def later(self) -> Int32:
        """The later sequence of each link."""
        return np.repeat(np.arange(len(self.begin) - 1, dtype=np.int32), np.diff(self.begin))


def first_equal(hashes: npt.NDArray[np.uint64]) -> Int32:
    """For each sequence the first one with the same hash (itself, where it is the first)."""
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    return first.astype(np.int32)[inverse]


def find_links(prints: npt.NDArray[np.void], thresholds: Thresholds = NOTE_THRESHOLDS) -> Links:
    """The links among sequences with the fingerprints `prints` (`fingerprints.FINGERPRINT`, [n])."""
    n = len(prints)
    first = {name: first_equal(prints[name]) for name in ("exact", "relative", "scaled")}
    distinctive = prints["sketch"][:, thresholds.min_windows - 1] != ABSENT
    blocks = list(_blocks(prints["sketch"], first, thresholds)) if n else []
    columns = ((block[k] for block in blocks) for k in range(3))
    later, earlier, score = (np.concatenate([*column, np.zeros(0, np.int64)]) for column in columns)
    later, earlier = later.astype(np.int32), earlier.astype(np.int32)
    begin = np.searchsorted(later, np.arange(n + 1))
    return Links(begin, earlier, score.astype(np.float32), distinctive[later] & distinctive[earlier])


def related_pairs(
    sketch: UInt32, thresholds: Thresholds = NOTE_THRESHOLDS
) -> Iterator[tuple[Int64, Int64, Float32]]:
    """Pairs (later, earlier, similarity) of sequences whose sketches [n, k] have at least the similarity
    `thresholds.related`, for a block of later sequences at a time."""
    distinctive = sketch[:, thresholds.min_windows - 1] != ABSENT
    for later, earlier in _Postings(sketch, distinctive).pairs():
        similarity = _similarities(sketch, later, earlier)
        keep = similarity >= thresholds.related
        yield later[keep], earlier[keep], similarity[keep]


def _blocks(
    sketch: UInt32, first_by_hash: dict[str, Int32], thresholds: Thresholds
) -> Iterator[tuple[Int64, Int64, Float32]]:
    """The links of a block of sequences at a time: related by sketch or equal by a hash."""
    n = len(sketch)
    for block, (later, earlier, similarity) in enumerate(related_pairs(sketch, thresholds)):
        rows = np.arange(block * _BLOCK, min((block + 1) * _BLOCK, n))
        equal = [(rows[first[rows] < rows], first) for first in first_by_hash.values()]
        codes = [later * n + earlier, *(some * n + first[some] for some, first in equal)]
        code, place = np.unique(np.concatenate(codes), return_index=True)
        unscored = np.zeros(sum(len(some) for some, _ in equal), np.float32)
        scores = np.concatenate([similarity, unscored])[place]
        later, earlier = code // n, code % n
        for score, name in (
            (RETEMPOED_SCORE, "scaled"), (TRANSPOSED_SCORE, "relative"), (EXACT_SCORE, "exact"),
        ):  # fmt: skip
            scores[first_by_hash[name][later] == first_by_hash[name][earlier]] = score
        order = np.lexsort((earlier, -scores, later))
        yield later[order], earlier[order], scores[order]


def _similarities(sketch: UInt32, later: Int64, earlier: Int64) -> Float32:
    slices = [slice(begin, begin + _PAIRS_AT_ONCE) for begin in range(0, len(later), _PAIRS_AT_ONCE)]
    found = [jaccard(sketch[later[part]], sketch[earlier[part]]) for part in slices]
    return np.concatenate([*found, np.zeros(0)]).astype(np.float32)


class _Postings:
    """An inverted index: which sequences contain each window. All (window, sequence) sorted, in as little
    memory as possible."""

    def __init__(self, sketch: UInt32, distinctive: npt.NDArray[np.bool_]) -> None:
        self.n, self.width = sketch.shape
        flat = sketch.ravel()
        self.owner = np.zeros(len(flat), np.int32)
        """The sequence at each place of the sorted list."""
        self.begin = np.full(len(flat), -1, np.int32)
        """For each window of each sequence, where its postings begin in that list; -1 for none."""
        self.place = np.full(len(flat), -1, np.int32)
        """For each window of each sequence, its own place there."""
        filled, bucket_of = 0, (flat % np.uint32(_BUCKETS)).astype(np.uint8)
        bucket_of[(flat == ABSENT) | ~np.repeat(distinctive, self.width)] = _BUCKETS
        for bucket in range(_BUCKETS):
            filled += self._fill(flat, np.flatnonzero(bucket_of == bucket).astype(np.int32), filled)

    def _fill(self, flat: UInt32, rows: Int32, filled: int) -> int:
        """Sort one bucket of windows in; returns how many there were."""
        rows = rows[np.argsort(flat[rows], kind="stable")]
        values = flat[rows]
        self.owner[filled : filled + len(rows)] = rows // self.width
        self.place[rows] = filled + np.arange(len(rows))
        self.begin[rows] = filled + np.searchsorted(values, values)
        return len(rows)

    def pairs(self) -> Iterator[tuple[Int64, Int64]]:
        """Pairs (later, earlier) that share at least `_MIN_SHARED` windows, counting the first postings of
        each, for `_BLOCK` later sequences at a time."""
        for low in range(0, self.n, _BLOCK):
            span = slice(low * self.width, min(low + _BLOCK, self.n) * self.width)
            later = low + np.arange(span.stop - span.start) // self.width
            yield self._candidates(later, self.begin[span].astype(np.int64), self.place[span])

    def _candidates(self, later: Int64, begin: Int64, place: Int32) -> tuple[Int64, Int64]:
        found = []
        for rank in range(_MAX_POSTINGS):
            before = (begin >= 0) & (begin + rank < place)
            later, begin, place = later[before], begin[before], place[before]
            found.append(later * self.n + self.owner[begin + rank])
        codes, counts = np.unique(np.concatenate(found), return_counts=True)
        codes = codes[counts >= _MIN_SHARED]
        return codes // self.n, codes % self.n
