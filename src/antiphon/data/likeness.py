"""Which sequences are alike: links from a later to an earlier one, found without comparing all with all.

Everything said about a sequence depends on it and on those before it only, so adding sequences after it
changes nothing. Time and memory grow with the number of sequences: a window that thousands share costs no
more than its first `_POSTINGS` bearers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.data.fingerprints import ABSENT, Sketch, similarity

Index = npt.NDArray[np.int64]
Short = npt.NDArray[np.int32]
Degree = npt.NDArray[np.float32]

NEAR = 0.7
"""Similarity from which the later of two sequences is a near duplicate."""
EXACT, RELATIVE, SCALED = 4.0, 3.0, 2.0
"""Degrees above any similarity: equal; equal in another key; equal in another key or tempo."""

_POSTINGS = 16
"""A window that more sequences share is common stock: only its first so many bearers are looked at."""
_SHARED = 3
"""Windows that a pair must share to be compared."""
_BLOCK = 4096
_BUCKETS = 16
_COMPARED = 1 << 16
"""Pairs whose sketches are compared at a time."""


@dataclass(frozen=True)
class Measure:
    """When sequences of a kind are taken for related."""

    related: float
    """Similarity from which two are variants of one piece and must stand in one split."""
    distinct: int
    """Windows a sequence must have for its likeness to mean anything."""


OF_NOTES = Measure(related=0.2, distinct=8)
OF_RHYTHMS = Measure(related=0.3, distinct=16)
"""Unlike songs of the Groove and Freedoom sets share up to 0.13 of their windows of twelve hits, variants of
one from 0.3 on; with windows of six hits, unlike songs share up to 0.46."""


@dataclass(frozen=True, eq=False)
class Links:
    """Of n sequences, the earlier ones each is related to: those of sequence s are `earlier[begin[s]:
    begin[s + 1]]`, most alike first, then in order."""

    begin: Index
    earlier: Short
    degree: Degree
    """Similarity, or `EXACT`, `RELATIVE`, `SCALED`."""
    ties: npt.NDArray[np.bool_]
    """Whether a link says that the pieces belong together; two copies of a plain pattern do not."""

    @property
    def later(self) -> Short:
        """The later sequence of each link."""
        return np.repeat(np.arange(len(self.begin) - 1, dtype=np.int32), np.diff(self.begin))


def first_alike(hashes: npt.NDArray[np.uint64]) -> Short:
    """For each sequence the first one with the same hash (itself, where it is the first)."""
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    return first.astype(np.int32)[inverse]


def links(prints: npt.NDArray[np.void], measure: Measure = OF_NOTES) -> Links:
    """The links among sequences of the fingerprints `prints` (`fingerprints.PRINT`, [n])."""
    n = len(prints)
    alike = {name: first_alike(prints[name]) for name in ("exact", "relative", "scaled")}
    rich = prints["sketch"][:, measure.distinct - 1] != ABSENT
    parts = list(_blocks(prints["sketch"], rich, alike, measure)) if n else []
    columns = ((part[k] for part in parts) for k in range(3))
    later, earlier, degree = (np.concatenate([*column, np.zeros(0, np.int64)]) for column in columns)
    later, earlier = later.astype(np.int32), earlier.astype(np.int32)
    begin = np.searchsorted(later, np.arange(n + 1))
    return Links(begin, earlier, degree.astype(np.float32), rich[later] & rich[earlier])


def related(sketch: Sketch, measure: Measure = OF_NOTES) -> Iterator[tuple[Index, Index, Degree]]:
    """Pairs (later, earlier, similarity) of sequences whose sketches [n, k] are at least `measure.related`
    alike, for a block of later sequences at a time."""
    rich = sketch[:, measure.distinct - 1] != ABSENT
    for later, earlier in _Postings(sketch, rich).pairs():
        alike = _similarities(sketch, later, earlier)
        keep = alike >= measure.related
        yield later[keep], earlier[keep], alike[keep]


def _blocks(
    sketch: Sketch, rich: npt.NDArray[np.bool_], alike: dict[str, Short], measure: Measure
) -> Iterator[tuple[Index, Index, Degree]]:
    """The links of a block of sequences at a time: related by sketch or by a whole fingerprint."""
    n = len(sketch)
    for block, (later, earlier, degree) in enumerate(related(sketch, measure)):
        mine = np.arange(block * _BLOCK, min((block + 1) * _BLOCK, n))
        firsts = [(mine[first[mine] < mine], first) for first in alike.values()]
        codes = [later * n + earlier, *(rows * n + first[rows] for rows, first in firsts)]
        code, place = np.unique(np.concatenate(codes), return_index=True)
        degrees = np.concatenate([degree, np.zeros(sum(len(rows) for rows, _ in firsts), np.float32)])[place]
        later, earlier = code // n, code % n
        for value, name in ((SCALED, "scaled"), (RELATIVE, "relative"), (EXACT, "exact")):
            degrees[alike[name][later] == alike[name][earlier]] = value
        order = np.lexsort((earlier, -degrees, later))
        yield later[order], earlier[order], degrees[order]


def _similarities(sketch: Sketch, later: Index, earlier: Index) -> Degree:
    cuts = range(0, len(later), _COMPARED)
    found = [
        similarity(sketch[later[cut : cut + _COMPARED]], sketch[earlier[cut : cut + _COMPARED]])
        for cut in cuts
    ]
    return np.concatenate([*found, np.zeros(0)]).astype(np.float32)


class _Postings:
    """Which sequences bear each window: all (window, sequence) sorted, in as little memory as goes."""

    def __init__(self, sketch: Sketch, rich: npt.NDArray[np.bool_]) -> None:
        self.n, self.width = sketch.shape
        flat = sketch.ravel()
        self.owner = np.zeros(len(flat), np.int32)
        """The sequence at each place of the sorted list."""
        self.begin = np.full(len(flat), -1, np.int32)
        """Of each window of each sequence, where its bearers begin in that list; -1 for none."""
        self.place = np.full(len(flat), -1, np.int32)
        """Of each window of each sequence, its own place there."""
        filled, bucket_of = 0, (flat % np.uint32(_BUCKETS)).astype(np.uint8)
        bucket_of[(flat == ABSENT) | ~np.repeat(rich, self.width)] = _BUCKETS
        for bucket in range(_BUCKETS):
            filled += self._fill(flat, np.flatnonzero(bucket_of == bucket).astype(np.int32), filled)

    def _fill(self, flat: Sketch, rows: Short, filled: int) -> int:
        """Sort one bucket of windows in; how many there were."""
        rows = rows[np.argsort(flat[rows], kind="stable")]
        values = flat[rows]
        self.owner[filled : filled + len(rows)] = rows // self.width
        self.place[rows] = filled + np.arange(len(rows))
        self.begin[rows] = filled + np.searchsorted(values, values)
        return len(rows)

    def pairs(self) -> Iterator[tuple[Index, Index]]:
        """Pairs (later, earlier) that share at least `_SHARED` windows among the first bearers of each, for
        `_BLOCK` later sequences at a time."""
        for low in range(0, self.n, _BLOCK):
            span = slice(low * self.width, min(low + _BLOCK, self.n) * self.width)
            later = low + np.arange(span.stop - span.start) // self.width
            yield self._candidates(later, self.begin[span].astype(np.int64), self.place[span])

    def _candidates(self, later: Index, begin: Index, place: Short) -> tuple[Index, Index]:
        found = []
        for rank in range(_POSTINGS):
            before = (begin >= 0) & (begin + rank < place)
            later, begin, place = later[before], begin[before], place[before]
            found.append(later * self.n + self.owner[begin + rank])
        codes, counts = np.unique(np.concatenate(found), return_counts=True)
        codes = codes[counts >= _SHARED]
        return codes // self.n, codes % self.n
