"""What a run learns from and is judged by: a corpus's splits as a recipe sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from antiphon.data import batches
from antiphon.data.corpus import Corpus
from antiphon.data.remedies import against_few
from antiphon.errors import CorpusError, OptionError
from antiphon.recipes import Recipe
from antiphon.runtime import bundle
from antiphon.train.feed import Indices

_FEW, _FEW_TO_TUNE = 300, 30
"""Pieces in the training split below which a net of usual size learns them by heart."""


@dataclass(frozen=True)
class Material:
    """Sequences to train on and to judge by. `unseen` is False where the corpus is too small to set any
    aside.
    """

    corpus: Corpus
    recipe: Recipe
    train: Indices
    validation: Indices
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
                + against_few(self.recipe, bundle.default(self.recipe.family), fine_tuning=fine_tuning)
            )
        return found


def gather(corpus: Corpus, recipe: Recipe) -> Material:
    """The splits of `corpus`. Raises `CorpusError` where it does not fit the recipe or holds too little,
    `OptionError` for a recipe that would transpose what has no pitches."""
    batches.check(corpus, recipe)
    if any(recipe.training.transpose) and not recipe.alphabet.is_pitched:
        plural = recipe.events.plural.capitalize()
        raise OptionError(f"{plural} have no pitches to transpose; leave out training.transpose.")
    train, validation = (batches.usable(corpus, corpus.split(name)) for name in ("train", "validation"))
    if not len(train):
        raise CorpusError(f"'{corpus.folder}' has nothing to train on; build it from more pieces.")
    return Material(corpus, recipe, train, validation if len(validation) else train, len(validation) > 0)
