"""What counting alone achieves: the figures a net has to beat, on the same events."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from antiphon.codecs import family
from antiphon.evaluate.copying import CopyMixture
from antiphon.evaluate.figures import Figures, Scores
from antiphon.evaluate.ngram import Unigram
from antiphon.evaluate.sequences import Floats, Ints, Sequences
from antiphon.recipes import Recipe

BASELINES = {
    "unigram": "how often each event occurs",
    "kn5": "interpolated Kneser-Ney 5-gram",
    "copy_kn5": "5-gram mixed with copying 1 or 2 bars back",
}


class EventModel(Protocol):
    """A model that gives every event of finished sequences its probability."""

    def probability(self, sequences: Sequences) -> Floats:
        """Probability of every event, [N]."""

    def best(self, sequences: Sequences) -> Ints:
        """The likeliest event at every position, [N]."""


def baselines(training: Sequences, asked: Sequences, recipe: Recipe) -> dict[str, Figures]:
    """Figures of every baseline fitted on `training`, for `asked`, both as the recipe sees them.

    The events possible in the recipe's view share the probability, so that net and baselines choose among
    the same.
    """
    kind = family(recipe.family)
    events = np.flatnonzero(kind.in_view(recipe.view))
    mixture = CopyMixture.fit(training, events)
    models: dict[str, EventModel] = {
        "unigram": Unigram.fit(training, events),
        "kn5": mixture.ngram,
        "copy_kn5": mixture,
    }
    return {name: figures(model, asked, kind.default_id) for name, model in models.items()}


def figures(model: EventModel, sequences: Sequences, silent: int) -> Figures:
    """The figures of one counting model over all events but the first of each sequence; `silent` says
    nothing new.
    """
    scored = sequences.scored
    actual = sequences.events[scored]
    return Figures.of(
        Scores(
            nll=-np.log(model.probability(sequences)[scored]),
            hit=model.best(sequences)[scored] == actual,
            silent=actual == silent,
            steps_per_bar=sequences.bars(1)[scored],
        )
    )
