"""`Sequences`: many event sequences in one flat array, the form every question of this room is asked in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from antiphon.data.batches import Batch

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sequences:
    """n sequences, N events in all.

    `events` int64 [N] holds family event ids one sequence after the other, `offsets` int64 [n + 1] where
    each begins, `steps_per_bar` and `start_in_bar` int64 [n] its meter in steps and the step of the bar
    its first event falls on, `groups` int64 [n] a number shared by sequences of one piece and its
    variants.
    """

    events: Ints
    offsets: Ints
    steps_per_bar: Ints
    start_in_bar: Ints
    groups: Ints

    @classmethod
    def of(
        cls,
        rows: Iterable[ArrayLike],
        steps_per_bar: ArrayLike = 16,
        start_in_bar: ArrayLike = 0,
        groups: ArrayLike | None = None,
    ) -> Sequences:
        """Sequences from one array of ids each; the other values are given once for all or one each."""
        arrays = [np.asarray(row, np.int64) for row in rows]
        n = len(arrays)
        return cls(
            events=np.concatenate([*arrays, np.zeros(0, np.int64)]),
            offsets=np.cumsum([0, *map(len, arrays)], dtype=np.int64),
            steps_per_bar=np.broadcast_to(np.asarray(steps_per_bar, np.int64), n),
            start_in_bar=np.broadcast_to(np.asarray(start_in_bar, np.int64), n),
            groups=np.arange(n) if groups is None else np.asarray(groups, np.int64),
        )

    @classmethod
    def of_batches(cls, batches: Iterable[Batch], groups: ArrayLike) -> Sequences:
        """All sequences of `batches` without their padding, in the batches' order.

        `groups` [n of the corpus] is the group of each of the corpus's sequences.
        """
        found = list(batches)
        rows = (zip(batch.events, batch.lengths, strict=True) for batch in found)
        return cls.of(
            [row[:length] for batch in rows for row, length in batch],
            np.concatenate([batch.steps_per_bar for batch in found]),
            np.concatenate([batch.start_in_bar for batch in found]),
            np.asarray(groups)[np.concatenate([batch.sequences for batch in found])],
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> Ints:
        """The ids of sequence `index`."""
        return self.events[self.offsets[index] : self.offsets[index + 1]]

    def __iter__(self) -> Iterator[Ints]:
        return (self[index] for index in range(len(self)))

    def take(self, indices: ArrayLike) -> Sequences:
        """The sequences at `indices`, in that order."""
        kept = np.asarray(indices, np.int64)
        rows = [self[index] for index in kept]
        return Sequences.of(rows, self.steps_per_bar[kept], self.start_in_bar[kept], self.groups[kept])

    @property
    def lengths(self) -> Ints:
        """Events of each sequence, [n]."""
        return np.diff(self.offsets)

    @cached_property
    def sequence(self) -> Ints:
        """The sequence each event belongs to, [N]."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @cached_property
    def position(self) -> Ints:
        """Each event's place in its sequence, from 0, [N]."""
        return np.arange(len(self.events)) - self.offsets[self.sequence]

    @property
    def scored(self) -> Bools:
        """Which events have a probability, [N]: all but the first of each sequence, as in the original."""
        return self.position > 0

    def back(self, steps: int | Ints, fill: int) -> Ints:
        """The event `steps` (one number, or one each) before each event, [N]; `fill` before the beginning."""
        source = self.position - steps
        index = np.arange(len(self.events)) - steps
        return np.where(source >= 0, self.events[np.maximum(index, 0)], fill)

    def bars(self, count: int) -> Ints:
        """`count` bars in steps of each event's meter, [N]."""
        return count * self.steps_per_bar[self.sequence]
