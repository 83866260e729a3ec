"""How well a model predicts melodies it has not seen, beside counting.

Events are scored with the player's own probabilities at temperature 1, in which labels that mean the same
event are one, so models with and without repeat labels compare, and all compare with the baselines. The
original's figures, which score labels, stand beside them. All logarithms are natural. Nothing is cut or
sampled: every sequence of a split is scored from its second event to its last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from antiphon.codecs import family
from antiphon.codecs.labels import labels, plain_label
from antiphon.data import batches
from antiphon.data.batches import Batch
from antiphon.data.corpus import Corpus
from antiphon.data.splits import Split
from antiphon.errors import EmptyError
from antiphon.evaluate.baselines import baselines
from antiphon.evaluate.figures import Figures, Scores
from antiphon.evaluate.sequences import Ints, Sequences
from antiphon.recipes import Recipe
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.player import Player

BATCH_SIZE = 64
Part = Split | Literal["all"]
Progress = Callable[[int, int], None]
"""Called with the events scored so far and the events in all."""


class StepOutput(Protocol):
    """What one step answers."""

    @property
    def log_p(self) -> NDArray[np.float32]:
        """Log-probability of each next event, [B, V]."""

    @property
    def label_log_p(self) -> NDArray[np.float32]:
        """Log-probability of each next label, [B, L]."""

    @property
    def state(self) -> Any:
        """What to hand to the next step."""


class StepModel(Protocol):
    """The part of `runtime.player.Player` that scoring needs."""

    def start(self, n: int) -> Any:
        """State before the first event of `n` sequences."""

    def step(self, events: Ints, position: Ints, temperature: NDArray[np.float32], state: Any) -> StepOutput:
        """Hear `events` int64 [B] at `position` int64 [B, 2]."""
        ...


@dataclass(frozen=True)
class Evaluation:
    """A model's figures on a split, of events and of labels, and those of the baselines by name."""

    split: str
    n_sequences: int
    n_events: int
    events: Figures
    labels: Figures
    baselines: dict[str, Figures]

    def as_dict(self) -> dict[str, Any]:
        """As JSON: the events' figures by their names, the labels' with `label_` before, and the rest."""
        of_labels = self.labels.as_dict()
        kept = ("perplexity", "accuracy", "event_accuracy", "no_event_accuracy")
        return {
            "split": self.split,
            "n_sequences": self.n_sequences,
            "n_events": self.n_events,
            **self.events.as_dict(),
            **{f"label_{name}": of_labels[name] for name in kept},
            "baselines": {name: figures.as_dict() for name, figures in self.baselines.items()},
        }


def evaluate(
    bundle: Bundle, corpus: Corpus, split: Part = "test", progress: Progress | None = None
) -> Evaluation:
    """Score every sequence of `split` ('train', 'validation', 'test' or 'all') beside baselines fitted on
    'train'.

    Melodies whose bars are longer than a net can count are left out, as in training. `n_events` are those
    scored. Raises `EmptyError` where the split, or the training split, has no melody to score.
    """
    recipe = bundle.recipe
    asked = viewed(corpus, split, recipe)
    events, of_labels = score(Player(bundle), asked, recipe, progress)
    real = Sequences.of_batches(asked, corpus.table["group"])
    return Evaluation(
        split=split,
        n_sequences=len(real),
        n_events=len(events.nll),
        events=Figures.of(events),
        labels=Figures.of(of_labels),
        baselines=baselines(sequences(corpus, "train", recipe), real, recipe),
    )


def sequences(corpus: Corpus, split: Part, recipe: Recipe) -> Sequences:
    """All sequences of a split, whole, as the recipe sees them. Raises `EmptyError` where there is none."""
    return Sequences.of_batches(viewed(corpus, split, recipe), corpus.table["group"])


def viewed(corpus: Corpus, split: Part, recipe: Recipe) -> list[Batch]:
    """The same as batches, for a net. Raises `EmptyError` as well."""
    found = list(batches.whole(corpus, corpus.split(split), recipe, BATCH_SIZE))
    if not found:
        raise EmptyError(f"The {split} split of this corpus is empty; choose another --split or add music.")
    return found


def score(
    model: StepModel, asked: Sequence[Batch], recipe: Recipe, progress: Progress | None = None
) -> tuple[Scores, Scores]:
    """Scores of every event but the first of every sequence, and the scores of their labels.

    Raises `EmptyError` where no sequence has a second event.
    """
    total = sum(int(np.maximum(batch.lengths - 1, 0).sum()) for batch in asked)
    if not total:
        raise EmptyError("There is no event to score: no melody has a second step.")
    events: list[Scores] = []
    of_labels: list[Scores] = []
    for batch in asked:
        _score_batch(model, batch, recipe, events, of_labels)
        if progress:
            progress(sum(len(part.nll) for part in events), total)
    return Scores.joined(events), Scores.joined(of_labels)


def _score_batch(
    model: StepModel, batch: Batch, recipe: Recipe, events: list[Scores], of_labels: list[Scores]
) -> None:
    """Append the scores of one batch, step by step."""
    label = labels(batch.events, batch.steps_per_bar, recipe.codec, recipe.view)
    silent = family(recipe.family).default_id
    silent_label = int(plain_label(np.array(silent), recipe.codec, recipe.view))
    warmth = np.ones(len(batch.lengths), np.float32)
    state = model.start(len(batch.lengths))
    for t in range(batch.events.shape[1] - 1):
        step = model.step(batch.events[:, t], _position(batch, t), warmth, state)
        state, valid = step.state, batch.lengths > t + 1
        bars = batch.steps_per_bar[valid]
        events.append(_scores(step.log_p[valid], batch.events[valid, t + 1], silent, bars))
        of_labels.append(_scores(step.label_log_p[valid], label[valid, t + 1], silent_label, bars))


def _position(batch: Batch, t: int) -> Ints:
    """Where event `t` sounded: the step of its bar, and the steps of a bar, [B, 2]."""
    return np.stack([(batch.start_in_bar + t) % batch.steps_per_bar, batch.steps_per_bar], axis=1)


def _scores(log_p: NDArray[np.float32], actual: Ints, silent: int, steps_per_bar: Ints) -> Scores:
    nll = -np.take_along_axis(log_p, actual[:, None], axis=1)[:, 0].astype(np.float64)
    return Scores(nll, log_p.argmax(axis=1) == actual, actual == silent, steps_per_bar)
