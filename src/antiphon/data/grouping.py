"""Groups of pieces and the duplicates among their sequences, decided piece by piece in the corpus's order.

A piece has one group, whatever kinds of sequence came of it. It belongs to the group that its table or its
name says. A name that is met for the first time joins the group of the earliest piece its music is related
to, in any kind, and keeps to it for good. So a group never grows together with another one, and no later
piece can move an earlier one to another split. What that costs: a sequence related to a group in *another*
split than its own piece's is left out, whatever the policy for duplicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.data.likeness import EXACT, NEAR, RELATIVE, SCALED, Index, Links, Short
from antiphon.data.splits import SPLITS, split_of

LIKENESS = (
    "",
    "exact duplicate",
    "transposed duplicate",
    "re-tempoed duplicate",
    "near duplicate",
    "variant of a piece in another split",
)
"""What a sequence is to the earlier one that is meant; '' for nothing."""
UNLIKE, SAME, TRANSPOSED, RETEMPOED, NEARLY, ASTRIDE = range(len(LIKENESS))

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Marks:
    """Of all sequences of one kind: the number of each one's piece (ascending), and their links."""

    piece: Short
    links: Links


@dataclass(frozen=True, eq=False)
class Ruling:
    """What was decided about the sequences of one kind: each one's place in `LIKENESS`, the earlier sequence
    meant by it (-1 for none), and whether it is kept."""

    likeness: npt.NDArray[np.int8]
    original: Short
    keep: npt.NDArray[np.bool_]

    def counts(self) -> dict[str, int]:
        """Sequences by likeness, those that are like nothing left out."""
        numbers = np.bincount(self.likeness, minlength=len(LIKENESS)).tolist()
        return {word: n for word, n in zip(LIKENESS, numbers, strict=True) if word and n}


@dataclass(frozen=True, eq=False)
class Verdict:
    """`group` of every piece, and a ruling a kind."""

    group: list[str]
    rulings: list[Ruling]


def judge(names: Sequence[str], kinds: Sequence[Marks], *, drop: bool) -> Verdict:
    """Group every piece (`names` are their given or own names, in order) and find the duplicates of each
    kind; `drop` leaves them out."""
    group = _groups(names, kinds)
    split_of_group = {name: SPLITS.index(split_of(name)) for name in set(group)}
    split = np.array([split_of_group[name] for name in group], np.int8)
    return Verdict(group, [_rule(marks, split[marks.piece], drop) for marks in kinds])


def _groups(names: Sequence[str], kinds: Sequence[Marks]) -> list[str]:
    """The group of every piece; one without any sequence makes no name its own."""
    related = _earliest_related(len(names), kinds).tolist()
    sounding = np.zeros(len(names), bool)
    for marks in kinds:
        sounding[marks.piece] = True
    joined: dict[str, str] = {}
    group: list[str] = []
    for name, sounds, other in zip(names, sounding.tolist(), related, strict=True):
        if sounds and name not in joined:
            joined[name] = group[other] if other != _NEVER else name
        group.append(joined.get(name, name))
    return group


def _earliest_related(n: int, kinds: Sequence[Marks]) -> Index:
    """For every piece, the earliest other piece that one of its sequences is tied to."""
    earliest = np.full(n, _NEVER)
    for piece, links in ((marks.piece, marks.links) for marks in kinds):
        mine, other = piece[links.later], piece[links.earlier]
        ties = links.ties & (other < mine)
        np.minimum.at(earliest, mine[ties], other[ties])
    return earliest


def _rule(marks: Marks, split: npt.NDArray[np.int8], drop: bool) -> Ruling:
    """Sequence by sequence, what each one repeats and whether it is kept. `split` is each sequence's."""
    n, links = len(marks.piece), marks.links
    likeness, original, keep = np.zeros(n, np.int8), np.full(n, -1, np.int32), np.ones(n, bool)
    kept, side = bytearray(b"\1") * n, split.tobytes()
    for sequence in np.flatnonzero(np.diff(links.begin)).tolist():
        begin, end = links.begin[sequence : sequence + 2].tolist()
        earlier, degree = links.earlier[begin:end].tolist(), links.degree[begin:end].tolist()
        found = [(j, alike) for j, alike in zip(earlier, degree, strict=True) if kept[j]]
        if found and found[0][1] >= NEAR:
            original[sequence], likeness[sequence] = found[0][0], _word(found[0][1])
            kept[sequence] = not drop
        other = next((j for j, _ in found if side[j] != side[sequence]), None)
        if other is not None and kept[sequence]:
            original[sequence], likeness[sequence], kept[sequence] = other, ASTRIDE, False
    keep[:] = np.frombuffer(bytes(kept), np.uint8) == 1
    return Ruling(likeness, original, keep)


def _word(degree: float) -> int:
    """The likeness of a link of that degree."""
    return {EXACT: SAME, RELATIVE: TRANSPOSED, SCALED: RETEMPOED}.get(degree, NEARLY)
