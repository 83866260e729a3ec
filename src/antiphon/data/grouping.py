"""Groups of pieces and the duplicates among their sequences, decided piece by piece in the corpus's order.

A piece belongs to the group that its manifest or its name says. A name that is met for the first time joins
the group of the earliest piece its music is related to, and keeps to it for good. So a group never grows
together with another one, and no later piece can move an earlier one to another split. What that costs: a
sequence related to a group in *another* split than its own piece's is left out, whatever the policy for
duplicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from antiphon.data.fingerprints import Hashes
from antiphon.data.likeness import NEAR, Index, first_alike, related
from antiphon.data.splits import split_of

EXACT = "exact duplicate"
TRANSPOSED = "transposed duplicate"
NEARLY = "near duplicate"
ASTRIDE = "variant of a piece in another split"

_split = lru_cache(maxsize=None)(split_of)


@dataclass(frozen=True, eq=False)
class Verdict:
    """What was decided: `group` of every piece; of every sequence its likeness ('' or one of the words
    above), the earlier sequence meant by it (-1 for none), and whether it is kept."""

    group: list[str]
    likeness: list[str]
    original: Index
    keep: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Prints:
    """Of every sequence: its piece's number (ascending), and its fingerprints."""

    piece: Index
    exact: Hashes
    relative: Hashes
    sketch: Hashes


def judge(names: Sequence[str], prints: Prints, *, drop: bool) -> Verdict:
    """Group every piece (`names` are their given or own names, in order) and find the duplicates; `drop`
    leaves them out."""
    return _Judge(names, prints, drop).run()


class _Judge:
    def __init__(self, names: Sequence[str], prints: Prints, drop: bool) -> None:
        n = len(prints.piece)
        self.names, self.piece, self.drop = names, prints.piece, drop
        self.exact = first_alike(prints.exact).tolist()
        self.relative = first_alike(prints.relative).tolist()
        self.links = _links(prints.sketch, self.relative)
        self.joined: dict[str, str] = {}
        self.group: list[str] = []
        self.likeness = [""] * n
        self.original = np.full(n, -1, np.int64)
        self.keep = np.ones(n, bool)

    def run(self) -> Verdict:
        bounds = np.searchsorted(self.piece, np.arange(len(self.names) + 1)).tolist()
        for place, name in enumerate(self.names):
            mine = range(bounds[place], bounds[place + 1])
            if mine and name not in self.joined:
                self.joined[name] = self._relative_group(mine) or name
            self.group.append(self.joined.get(name, name))
            for sequence in mine:
                self._decide(sequence)
        return Verdict(self.group, self.likeness, self.original, self.keep)

    def _relative_group(self, sequences: range) -> str:
        """Group of the earliest piece that one of `sequences` is related to, or ''."""
        earlier = [j for s in sequences for j, _ in self.links.get(s, ()) if j < sequences.start]
        return self.group[int(self.piece[min(earlier)])] if earlier else ""

    def _decide(self, sequence: int) -> None:
        """Say what `sequence` repeats, and whether it is kept."""
        links = self.links.get(sequence, ())
        twin = next(((j, alike) for j, alike in links if alike >= NEAR and self._stands(j)), None)
        if twin is not None:
            self.likeness[sequence], self.original[sequence] = self._kind(sequence, twin[0]), twin[0]
            self.keep[sequence] = not self.drop
        side = self._split(sequence)
        other = next((j for j, _ in links if self.keep[j] and self._split(j) != side), None)
        if other is not None and self.keep[sequence]:
            self.likeness[sequence], self.original[sequence] = ASTRIDE, other
            self.keep[sequence] = False

    def _stands(self, sequence: int) -> bool:
        return bool(self.keep[sequence])

    def _kind(self, sequence: int, earlier: int) -> str:
        if self.exact[sequence] == self.exact[earlier]:
            return EXACT
        return TRANSPOSED if self.relative[sequence] == self.relative[earlier] else NEARLY

    def _split(self, sequence: int) -> str:
        return _split(self.group[int(self.piece[sequence])])


def _links(sketch: Hashes, relative: Sequence[int]) -> dict[int, list[tuple[int, float]]]:
    """Of every sequence that has any: the earlier ones it is related to, most alike and earliest first."""
    pairs = related(sketch)
    links: dict[int, list[tuple[int, float]]] = {}
    for later, earlier, alike in zip(
        pairs.later.tolist(), pairs.earlier.tolist(), pairs.similarity.tolist(), strict=True
    ):
        same = relative[later] == relative[earlier]
        links.setdefault(later, []).append((earlier, 2.0 if same else alike))
    for later, first in enumerate(relative):
        if first != later and all(earlier != first for earlier, _ in links.get(later, ())):
            links.setdefault(later, []).append((first, 2.0))
    for found in links.values():
        found.sort(key=lambda link: (-link[1], link[0]))
    return links
