"""Hard limits on what comes next: a family's grammar, and choices of events made for a piece."""

from __future__ import annotations

import copy
from typing import Any

from antiphon.codecs import Family
from antiphon.runtime.sampler import Ids, Mask


class Constraints:
    """The limits of B rows: the grammar of their family, and `only` [V], events that may come at any time."""

    def __init__(self, family: Family[Any], n: int, only: Mask | None = None) -> None:
        self._family, self._only = family, only
        self._grammar = family.begin(n)
        self._next: Mask | None = None

    def limit_next(self, only: Mask) -> None:
        """Of the next event alone, `only` [V] may come."""
        self._next = only

    def allowed(self) -> Mask:
        """Which events may come next, bool [B, V]."""
        mask = self._family.allowed(self._grammar)
        for only in (self._only, self._next):
            if only is not None:
                mask &= only
        return mask

    def hear(self, events: Ids) -> None:
        """Take in what sounded, int64 [B]."""
        self._grammar = self._family.advance(self._grammar, events)
        self._next = None

    def take(self, indices: Ids) -> Constraints:
        """The limits of the rows at `indices`."""
        other = copy.copy(self)
        other._grammar = self._grammar[indices]
        return other
