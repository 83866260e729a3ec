"""`Sequences`: many event sequences in one flat array, the form in which this package takes music."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from antiphon.arrays import Bool, Float64, Int64
from antiphon.codecs.alphabet import Alphabet
from antiphon.codecs.timing import Bars

if TYPE_CHECKING:
    from antiphon.data.batches import Batch
    from antiphon.data.corpus import Corpus


@dataclass(frozen=True, eq=False)
class Sequences:
    """n sequences, N events of F fields in all.

    `events` int64 [N, F] holds ids of `alphabet` one sequence after the other, `offsets` int64 [n + 1] where
    each begins, `steps_per_bar` and `start_in_bar` int64 [n] its meter in steps (0 without bars) and the step
    of the bar its first event falls on, `groups` int64 [n] a number shared by sequences of one piece and its
    variants, `step_s` float64 [n] the seconds that a step takes.
    """

    alphabet: Alphabet
    events: Int64
    offsets: Int64
    steps_per_bar: Int64
    start_in_bar: Int64
    groups: Int64
    step_s: Float64

    @classmethod
    def of(
        cls,
        alphabet: Alphabet,
        rows: Iterable[ArrayLike],
        steps_per_bar: ArrayLike = 16,
        start_in_bar: ArrayLike = 0,
        groups: ArrayLike | None = None,
        step_s: ArrayLike = 0.125,
    ) -> Sequences:
        """Sequences from one array of ids [T, F] each ([T] where there is one field); the other values are
        given once for all or one each.
        """
        arrays = [np.asarray(row, np.int64).reshape(-1, alphabet.n_fields) for row in rows]
        n = len(arrays)
        return cls(
            alphabet,
            events=np.concatenate([*arrays, np.zeros((0, alphabet.n_fields), np.int64)]),
            offsets=np.cumsum([0, *map(len, arrays)], dtype=np.int64),
            steps_per_bar=np.broadcast_to(np.asarray(steps_per_bar, np.int64), n),
            start_in_bar=np.broadcast_to(np.asarray(start_in_bar, np.int64), n),
            groups=np.arange(n) if groups is None else np.asarray(groups, np.int64),
            step_s=np.broadcast_to(np.asarray(step_s, np.float64), n),
        )

    @classmethod
    def of_batches(cls, alphabet: Alphabet, batches: Iterable[Batch], corpus: Corpus) -> Sequences:
        """All sequences of `batches` of a corpus without their padding, in the batches' order."""
        found = list(batches)
        rows = [
            row[:length] for batch in found for row, length in zip(batch.events, batch.lengths, strict=True)
        ]
        index = np.concatenate([batch.sequences for batch in found])
        place = np.concatenate([batch.position[:, 0] for batch in found])
        groups, seconds = corpus.table["group"][index], corpus.step_seconds[index]
        return cls.of(alphabet, rows, place[:, 1], place[:, 0], groups, seconds)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> Int64:
        """The ids of sequence `index`, [T, F]."""
        return self.events[self.offsets[index] : self.offsets[index + 1]]

    def __iter__(self) -> Iterator[Int64]:
        return (self[index] for index in range(len(self)))

    def take(self, indices: ArrayLike) -> Sequences:
        """The sequences at `indices`, in that order."""
        kept = np.asarray(indices, np.int64)
        columns = (self.steps_per_bar, self.start_in_bar, self.groups, self.step_s)
        return Sequences.of(
            self.alphabet, [self[index] for index in kept], *(column[kept] for column in columns)
        )

    def joined(self, other: Sequences) -> Sequences:
        """These sequences, and then the other ones."""
        names = ("steps_per_bar", "start_in_bar", "groups", "step_s")
        columns = (np.concatenate([getattr(self, name), getattr(other, name)]) for name in names)
        return Sequences.of(self.alphabet, [*self, *other], *columns)

    @property
    def lengths(self) -> Int64:
        """Events of each sequence, [n]."""
        return np.diff(self.offsets)

    @cached_property
    def sequence(self) -> Int64:
        """The sequence each event belongs to, [N]."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @cached_property
    def position(self) -> Int64:
        """Each event's place in its sequence, from 0, [N]."""
        return np.arange(len(self.events)) - self.offsets[self.sequence]

    @cached_property
    def steps(self) -> Int64:
        """Steps of time that pass with each event, [N]."""
        return self.alphabet.steps(self.events)

    @cached_property
    def times(self) -> Int64:
        """Steps gone by before each event since its sequence began, [N]."""
        before = np.cumsum(self.steps) - self.steps
        return np.asarray(before - np.append(before, 0)[self.offsets[:-1]][self.sequence])

    @cached_property
    def places(self) -> Int64:
        """The bar in which each event stands, counted from the first bar line on, and its step in that bar,
        [N, 2]. What stands before the first bar line is in bar -1; without bars all is."""
        bar = self.steps_per_bar[self.sequence]
        since = self.times - (-self.start_in_bar % np.maximum(self.steps_per_bar, 1))[self.sequence]
        number = np.where(bar > 0, since // np.maximum(bar, 1), -1)
        return np.stack([number, np.where(bar > 0, since - number * bar, 0)], axis=1)

    @property
    def bars(self) -> Bars:
        """The bars of the sequences, step 0 being the first event of each."""
        return Bars.of(self.start_in_bar, self.steps_per_bar)

    @cached_property
    def onset(self) -> Bool:
        """Whether a note begins with each event, [N]."""
        return self.alphabet.onsets(self.events)

    @property
    def silent(self) -> Bool:
        """Which are the default event, [N]."""
        return np.asarray((self.events == 0).all(axis=1))

    @property
    def scored(self) -> Bool:
        """Which events have a probability, [N]: all but the first of each sequence, as in the original."""
        return self.position > 0

    def back(self, steps: int | Int64, fill: int) -> Int64:
        """The event `steps` (one number, or one each) before each event, [N, F]; `fill` before the
        beginning, and 0 before, which is the event itself."""
        there = (self.position >= steps) & (np.asarray(steps) > 0)
        index = np.arange(len(self.events)) - steps
        return np.where(there[:, None], self.events[np.maximum(index, 0)], fill)

    def bars_back(self, count: int) -> Int64:
        """`count` bars in steps of each event's meter, [N]."""
        return count * self.steps_per_bar[self.sequence]
