"""What became of every piece, as rows of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from antiphon.data.assembly import Gathered
from antiphon.data.chunks import Outcome
from antiphon.data.grouping import ASTRIDE, LIKENESS, Ruling
from antiphon.data.ledger import Entry, Result
from antiphon.data.likeness import Short


def entries(gathered: Gathered, names: Sequence[str]) -> list[Entry]:
    """The rows of all pieces; `names` are their places in words."""
    several = len(gathered.kinds) > 1
    shares = [
        _Share(f"{kind}: " if several else "", ruling, owner, len(names))
        for kind, ruling, owner in zip(gathered.kinds, gathered.verdict.rulings, gathered.owners, strict=True)
    ]
    rows = []
    for piece, (name, outcome) in enumerate(zip(names, gathered.outcomes, strict=True)):
        kept, lost = sum(share.kept[piece] for share in shares), Counter[str]()
        for share in shares:
            lost.update(share.lost(piece))
        losses = _losses(outcome, several) + lost
        repeats = (share.repeats(piece, names) for share in shares)
        detail = outcome.error or next(filter(None, repeats), "")
        group = gathered.verdict.group[piece]
        rows.append(
            Entry(name, group, _result(outcome, kept, lost), kept, tuple(sorted(losses.items())), detail)
        )
    return rows


class _Share:
    """What one kind has to say about each piece."""

    def __init__(self, prefix: str, ruling: Ruling, owner: Short, n: int) -> None:
        self.prefix, self.ruling, self.owner = prefix, ruling, owner
        self.bounds = np.searchsorted(owner, np.arange(n + 1)).tolist()
        self.kept = np.bincount(owner[ruling.keep], minlength=n).tolist()
        self.silent = np.bincount(owner[ruling.likeness > 0], minlength=n) == 0
        """Pieces of which no sequence is like another."""

    def lost(self, piece: int) -> Counter[str]:
        """Sequences of a piece that are left out for their likeness, by cause."""
        if self.silent[piece]:
            return Counter()
        mine = slice(*self.bounds[piece : piece + 2])
        likeness = self.ruling.likeness[mine][~self.ruling.keep[mine]]
        return Counter(self.prefix + LIKENESS[place] for place in likeness.tolist())

    def repeats(self, piece: int, names: Sequence[str]) -> str:
        """'near duplicate of a.mid', for the first sequence that repeats one of another piece or split."""
        if self.silent[piece]:
            return ""
        for sequence in range(*self.bounds[piece : piece + 2]):
            original, likeness = int(self.ruling.original[sequence]), int(self.ruling.likeness[sequence])
            if original >= 0 and (original < self.bounds[piece] or likeness == ASTRIDE):
                link = ": " if likeness == ASTRIDE else " of "
                return f"{self.prefix}{LIKENESS[likeness]}{link}{names[int(self.owner[original])]}"
        return ""


def _losses(outcome: Outcome, several: bool) -> Counter[str]:
    return Counter(
        {
            f"{kind}: {cause}" if several else cause: n
            for kind, causes in outcome.losses.items()
            for cause, n in causes.items()
        }
    )


def _result(outcome: Outcome, kept: int, lost: Counter[str]) -> Result:
    if outcome.error:
        return "unreadable"
    if kept:
        return "used"
    return "duplicate" if lost else "nothing"
