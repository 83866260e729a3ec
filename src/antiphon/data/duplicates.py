"""Groups pieces and finds the duplicates among their sequences, piece by piece in the corpus's order.

A piece has one group, whatever kinds of sequence it gave: the one that its table or its name says. A name
that occurs for the first time joins the group of the earliest piece its music is related to, in any kind,
and keeps it. So two groups never merge, and no later piece can move an earlier one to another split. The
price: a sequence related to a group in *another* split than its own piece's is left out, whatever the policy
for duplicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from antiphon.arrays import Int32, Int64
from antiphon.data.similarity import EXACT_SCORE, NEAR_THRESHOLD, RETEMPOED_SCORE, TRANSPOSED_SCORE, Links
from antiphon.data.splits import SPLITS, split_of

_NO_PIECE = np.iinfo(np.int64).max


class Relation(IntEnum):
    """What a sequence is to an earlier one."""

    NONE = 0
    EXACT = 1
    TRANSPOSED = 2
    RETEMPOED = 3
    NEAR = 4
    CROSS_SPLIT = 5


RELATION_NAMES = (
    "",
    "exact duplicate",
    "transposed duplicate",
    "re-tempoed duplicate",
    "near duplicate",
    "variant of a piece in another split",
)
"""Each `Relation` as the ledger and `corpus.json` name it."""
_RELATION_OF_SCORE = {
    EXACT_SCORE: Relation.EXACT,
    TRANSPOSED_SCORE: Relation.TRANSPOSED,
    RETEMPOED_SCORE: Relation.RETEMPOED,
}
"""Relations of links whose sequences are equal; all others are near duplicates or related."""


@dataclass(frozen=True, eq=False)
class KindLinks:
    """The sequences of one kind: the number of each one's piece (ascending), and their links."""

    piece: Int32
    links: Links


@dataclass(frozen=True, eq=False)
class Duplicates:
    """The sequences of one kind: each one's `Relation`, the earlier sequence it repeats or is a variant of
    (-1 for none), and whether it is kept."""

    relation: npt.NDArray[np.int8]
    original: Int32
    keep: npt.NDArray[np.bool_]

    def counts(self) -> dict[str, int]:
        """Sequences by name of their relation, without those that have none."""
        numbers = np.bincount(self.relation, minlength=len(RELATION_NAMES)).tolist()
        return {name: n for name, n in zip(RELATION_NAMES, numbers, strict=True) if name and n}


@dataclass(frozen=True, eq=False)
class Deduplication:
    """The group of every piece, and the duplicates of every kind."""

    groups: list[str]
    duplicates: list[Duplicates]


def deduplicate(names: Sequence[str], kinds: Sequence[KindLinks], *, drop: bool) -> Deduplication:
    """Group every piece and find the duplicates of each kind.

    `names` are the pieces' groups as a table or their own names give them, in order; `drop` leaves
    duplicates out.
    """
    groups = _groups(names, kinds)
    split_of_group = {name: SPLITS.index(split_of(name)) for name in set(groups)}
    split = np.array([split_of_group[name] for name in groups], np.int8)
    return Deduplication(groups, [_duplicates(kind, split[kind.piece], drop) for kind in kinds])


def _groups(names: Sequence[str], kinds: Sequence[KindLinks]) -> list[str]:
    """The group of every piece; a piece without sequences does not decide the group of its name."""
    related = _earliest_related(len(names), kinds).tolist()
    has_sequences = np.zeros(len(names), bool)
    for kind in kinds:
        has_sequences[kind.piece] = True
    group_of_name: dict[str, str] = {}
    groups: list[str] = []
    for name, decides, other in zip(names, has_sequences.tolist(), related, strict=True):
        if decides and name not in group_of_name:
            group_of_name[name] = groups[other] if other != _NO_PIECE else name
        groups.append(group_of_name.get(name, name))
    return groups


def _earliest_related(n: int, kinds: Sequence[KindLinks]) -> Int64:
    """For every piece, the earliest other piece that one of its sequences has a same-piece link to."""
    earliest = np.full(n, _NO_PIECE)
    for piece, links in ((kind.piece, kind.links) for kind in kinds):
        later, earlier = piece[links.later], piece[links.earlier]
        counts = links.same_piece & (earlier < later)
        np.minimum.at(earliest, later[counts], earlier[counts])
    return earliest


def _duplicates(kind: KindLinks, split: npt.NDArray[np.int8], drop: bool) -> Duplicates:
    """Decide what each sequence repeats and whether it is kept; `split` is the split of each."""
    n, links = len(kind.piece), kind.links
    relation, original = np.zeros(n, np.int8), np.full(n, -1, np.int32)
    kept, splits = bytearray(b"\1") * n, split.tobytes()
    for sequence in np.flatnonzero(np.diff(links.begin)).tolist():
        begin, end = links.begin[sequence : sequence + 2].tolist()
        earlier, scores = links.earlier[begin:end].tolist(), links.score[begin:end].tolist()
        found = [(j, score) for j, score in zip(earlier, scores, strict=True) if kept[j]]
        if found and found[0][1] >= NEAR_THRESHOLD:
            original[sequence] = found[0][0]
            relation[sequence] = _RELATION_OF_SCORE.get(found[0][1], Relation.NEAR)
            kept[sequence] = not drop
        other = next((j for j, _ in found if splits[j] != splits[sequence]), None)
        if other is not None and kept[sequence]:
            original[sequence], relation[sequence], kept[sequence] = other, Relation.CROSS_SPLIT, False
    keep = np.frombuffer(bytes(kept), np.uint8) == 1
    return Duplicates(relation, original, keep)
