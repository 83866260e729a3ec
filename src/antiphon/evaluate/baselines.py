"""What counting alone achieves: the figures a net has to beat, on the same events.

Counting must not have seen what it is judged on. Where the model was trained on this very corpus and is
judged on a split that training did not see, the baselines learn from the training split, as it did.
Everywhere else they are folded over the groups: what is judged in a fold is predicted from the groups of all
others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from antiphon.evaluate.copying import CopyMixture
from antiphon.evaluate.figures import EventScores, Figures
from antiphon.evaluate.ngram import KneserNey, Unigram
from antiphon.evaluate.sequences import Sequences
from antiphon.score.notes import Bool, Float, Int

BASELINES = {
    "unigram": "how often each event occurs",
    "kn5": "interpolated Kneser-Ney 5-gram",
    "copy_kn5": "5-gram mixed with copying 1 or 2 bars back",
}
FOLDS = 5


class CountingModel(Protocol):
    """A model that gives every event of finished sequences its probability."""

    def probability(self, sequences: Sequences) -> Float:
        """Probability of every event, [N]."""

    def best(self, sequences: Sequences) -> Int:
        """The likeliest event at every position, ids [N, F]."""


def baselines(training: Sequences, asked: Sequences) -> dict[str, Figures]:
    """Figures of every baseline fitted on `training`, for `asked`, both as one recipe sees them."""
    return {name: Figures.of(_scores(model, asked)) for name, model in _fitted(training).items()}


def folded(everything: Sequences, asked: Bool) -> dict[str, Figures]:
    """Figures of every baseline for those of `everything` that are `asked` about, bool [n], each predicted
    from the groups of other folds; none where all are of one group, or the others have nothing to count."""
    parts: dict[str, list[EventScores]] = {}
    for fold in _folds(everything):
        judged, others = everything.take(np.flatnonzero(fold & asked)), everything.take(np.flatnonzero(~fold))
        if judged.scored.any() and others.scored.any():
            for name, model in _fitted(others).items():
                parts.setdefault(name, []).append(_scores(model, judged))
    return {name: Figures.of(EventScores.joined(found)) for name, found in parts.items()}


def _folds(sequences: Sequences) -> Iterator[Bool]:
    """Which sequences are in each fold, [n]: whole groups; no fold where there is but one group."""
    _, group = np.unique(sequences.groups, return_inverse=True)
    n = min(int(group.max(initial=-1)) + 1, FOLDS)
    return (group % n == fold for fold in range(n if n > 1 else 0))


def _fitted(training: Sequences) -> dict[str, CountingModel]:
    """The baselines that such music can have."""
    if training.alphabet.steady != 1 or not training.steps_per_bar.any():
        return {"unigram": Unigram.fit(training), "kn5": KneserNey.fit(training)}
    mixture = CopyMixture.fit(training)
    return {"unigram": Unigram.fit(training), "kn5": mixture.ngram, "copy_kn5": mixture}


def _scores(model: CountingModel, sequences: Sequences) -> EventScores:
    """The scores of one counting model, of all events but the first of each sequence."""
    scored, sequence = sequences.scored, sequences.sequence
    return EventScores(
        nll=-np.log(model.probability(sequences)[scored]),
        hit=(model.best(sequences)[scored] == sequences.events[scored]).all(axis=1),
        silent=sequences.silent[scored],
        steps=sequences.steps[scored],
        steps_per_bar=sequences.steps_per_bar[sequence][scored],
        step_s=sequences.step_s[sequence][scored],
    )
