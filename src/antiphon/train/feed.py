"""The endless stream of training batches, which can be taken up again at any place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from antiphon.data import batches
from antiphon.data.batches import Batch
from antiphon.data.corpus import Corpus
from antiphon.errors import CorpusError
from antiphon.nets import EventBatch
from antiphon.recipes import Recipe
from antiphon.train.processes import Processes

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Feed:
    """Batches of the sequences `indices`, shuffled and transposed anew each epoch as (seed, epoch, sequence)
    say.

    Among several processes every one takes each n-th batch; what does not fill a round is left for another
    epoch.
    """

    corpus: Corpus
    indices: Indices
    recipe: Recipe
    seed: int
    crew: Processes

    def __call__(self, epoch: int, batch: int) -> Iterator[tuple[int, int, Batch]]:
        """From batch `batch` of epoch `epoch` on: (epoch, batches then done, batch). Raises `CorpusError` if
        there is none.
        """
        while True:
            done = batch
            for mine in self._rounds(epoch, batch):
                done += 1
                yield epoch, done, mine
            if not done:
                raise CorpusError(
                    f"{len(self.indices)} sequences make fewer batches than {self.crew.n} processes want; "
                    "add pieces, or start fewer processes."
                )
            epoch, batch = epoch + 1, 0

    def _rounds(self, epoch: int, done: int) -> Iterator[Batch]:
        """This process's batches of one epoch after the first `done`."""
        n, rank = self.crew.n, self.crew.rank
        corpus, indices, recipe = self.corpus, self.indices, self.recipe
        every = batches.epoch(corpus, indices, recipe, seed=self.seed, epoch=epoch, start=done * n)
        return (group[rank] for group in zip(*[every] * n, strict=False))


def tensors(batch: Batch, device: torch.device) -> EventBatch:
    """The batch on `device`, as nets take it."""
    arrays = (batch.events, batch.lengths, batch.position, batch.control, batch.value)
    return EventBatch(*(None if a is None else torch.from_numpy(a).to(device) for a in arrays))  # type: ignore[arg-type]
