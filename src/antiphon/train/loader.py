"""What a run learns from and is judged by: the splits of a corpus as a recipe sees them, and the endless
stream of training batches, which can be taken up again at any place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from antiphon.arrays import Int64
from antiphon.data import batches
from antiphon.data.batches import Batch
from antiphon.data.corpus import Corpus
from antiphon.data.health_warnings import small_corpus_advice
from antiphon.errors import CorpusError, OptionError
from antiphon.nets import EventBatch
from antiphon.recipes import Recipe
from antiphon.runtime import bundle
from antiphon.train.processes import Processes


@dataclass(frozen=True)
class Loader:
    """Batches of the sequences `indices`, shuffled and transposed anew each epoch as (seed, epoch, sequence)
    say.

    Of several processes each takes its rows of every batch.
    """

    corpus: Corpus
    indices: Int64
    recipe: Recipe
    seed: int
    processes: Processes

    def __call__(self, epoch: int, batch: int) -> Iterator[tuple[int, int, Batch]]:
        """From batch `batch` of epoch `epoch` on: (epoch, batches then done, this process's rows). Raises
        `EmptyError` if there is none.
        """
        while True:
            every = batches.epoch_batches(
                self.corpus, self.indices, self.recipe, seed=self.seed, epoch=epoch, start=batch,
                part=(self.processes.rank, self.processes.n),
            )  # fmt: skip
            for done, mine in enumerate(every, batch + 1):
                yield epoch, done, mine
            epoch, batch = epoch + 1, 0


def tensors(batch: Batch, device: torch.device) -> EventBatch:
    """The batch on `device`, as nets take it."""
    arrays = (batch.events, batch.lengths, batch.position, batch.control, batch.value)
    return EventBatch(*(None if a is None else torch.from_numpy(a).to(device) for a in arrays))  # type: ignore[arg-type]


_FEW, _FEW_TO_TUNE = 300, 30
"""Pieces in the training split below which a net of usual size learns them by heart."""


@dataclass(frozen=True)
class TrainingData:
    """Sequences to train on and to judge by. `unseen` is False where the corpus is too small to set any
    aside.
    """

    corpus: Corpus
    recipe: Recipe
    train: Int64
    validation: Int64
    unseen: bool

    @property
    def n_pieces(self) -> int:
        """Pieces that the sequences to train on come from."""
        return len(np.unique(self.corpus.table["piece"][self.train]))

    def facts(self) -> dict[str, Any]:
        """What `run.json` says about the corpus."""
        counts = {"n_train": len(self.train), "n_validation": len(self.validation)}
        return {"path": str(self.corpus.folder), "digest": self.corpus.digest, **counts}

    def summary(self) -> str:
        """Counts in words."""
        judged = f"{len(self.validation):,} to judge by" if self.unseen else "judged by the same"
        plural = self.recipe.events.plural
        return f"{len(self.train):,} {plural} of {self.n_pieces:,} pieces to train on, {judged}"

    def warnings(self, *, fine_tuning: bool) -> list[str]:
        """What is likely to go wrong with this much music, and what to do."""
        found = []
        if not self.unseen:
            found.append("no piece falls into the validation split, so nobody sees overfitting; add pieces.")
        if self.n_pieces < (_FEW_TO_TUNE if fine_tuning else _FEW):
            found.append(
                f"{self.n_pieces} pieces are few: the net will overfit. "
                + small_corpus_advice(
                    self.recipe, bundle.default(self.recipe.family), fine_tuning=fine_tuning
                )
            )
        return found


def training_data(corpus: Corpus, recipe: Recipe) -> TrainingData:
    """The splits of `corpus`. Raises `CorpusError` where it does not fit the recipe or holds too little,
    `OptionError` for a recipe that would transpose what has no pitches."""
    batches.check(corpus, recipe)
    if any(recipe.training.transpose) and not recipe.alphabet.is_pitched:
        plural = recipe.events.plural.capitalize()
        raise OptionError(f"{plural} have no pitches to transpose; leave out training.transpose.")
    train, validation = (batches.usable(corpus, corpus.split(name)) for name in ("train", "validation"))
    if not len(train):
        raise CorpusError(f"'{corpus.folder}' has nothing to train on; build it from more pieces.")
    return TrainingData(corpus, recipe, train, validation if len(validation) else train, len(validation) > 0)
