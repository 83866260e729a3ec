"""How well a model predicts music it has not seen, beside counting.

Events are scored with the player's own probabilities at temperature 1, in which labels that mean the same
event are one, so models with and without repeat labels compare, and all compare with the baselines. The
original's figures, which score labels, stand beside them: the graph itself says which label each event has.
Where a codec has no labels of its own the two are the same. All logarithms are natural. Nothing is cut or
sampled: every sequence of a split is scored from its second event to its last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from antiphon.codecs.timing import Bars
from antiphon.data import batches
from antiphon.data.batches import Batch
from antiphon.data.corpus import Corpus
from antiphon.data.splits import Split
from antiphon.errors import BundleError, EmptyError
from antiphon.evaluate.baselines import baselines, folded
from antiphon.evaluate.figures import EventScores, Figures
from antiphon.evaluate.sequences import Sequences
from antiphon.recipes import OneHot, Recipe
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.player import Player
from antiphon.runtime.session import PlayableModel, Session
from antiphon.score.notes import Float, Int

BATCH_SIZE = 64
Part = Split | Literal["all"]
Progress = Callable[[int, int], None]
"""Called with the events scored so far and the events in all."""


@dataclass(frozen=True)
class SplitEvaluation:
    """A model's figures on a split, of events and of labels (None where the bundle cannot tell them), and
    those of the baselines by name. `fitted` says what the baselines learnt from: 'train', or 'other groups';
    `seen`, whether the model was trained on some of it."""

    split: str
    n_sequences: int
    n_events: int
    events: Figures
    labels: Figures | None
    baselines: dict[str, Figures]
    fitted: str
    seen: bool

    def as_dict(self) -> dict[str, Any]:
        """As JSON: the events' figures by their names, the labels' with `label_` before, and the rest."""
        of_labels = {} if self.labels is None else self.labels.as_dict()
        kept = ("perplexity", "accuracy", "event_accuracy", "no_event_accuracy")
        return {
            "split": self.split,
            "n_sequences": self.n_sequences,
            "n_events": self.n_events,
            **self.events.as_dict(),
            **{f"label_{name}": of_labels.get(name) for name in kept},
            "baselines": {name: figures.as_dict() for name, figures in self.baselines.items()},
            "baselines_fitted_on": self.fitted,
            "seen_in_training": self.seen,
        }


def evaluate(
    bundle: Bundle, corpus: Corpus, split: Part = "test", progress: Progress | None = None
) -> SplitEvaluation:
    """Score every sequence of `split` ('train', 'validation', 'test' or 'all') beside baselines.

    Sequences whose bars are longer than a net can count are left out, as in training. `n_events` are those
    scored. There are no baselines where all music is of one group. The continuous numbers that go with events
    are heard, but not scored: a playing graph draws them. Raises `EmptyError` where the split has nothing to
    score.
    """
    asked = viewed(corpus, split, bundle.recipe)
    real = Sequences.of_batches(bundle.alphabet, asked, corpus)
    events, of_labels = score(Player(bundle), bundle, asked, corpus.step_seconds, progress)
    fitted, counted = _baselines(bundle, corpus, split, real)
    return SplitEvaluation(
        split=split,
        n_sequences=len(real),
        n_events=len(events.nll),
        events=Figures.of(events),
        labels=None if of_labels is None else Figures.of(of_labels),
        baselines=counted,
        fitted=fitted,
        seen=split in ("train", "all") and trained_on(bundle, corpus),
    )


def _baselines(
    bundle: Bundle, corpus: Corpus, split: Part, real: Sequences
) -> tuple[str, dict[str, Figures]]:
    """What the baselines learnt from, and their figures for `real`, which is that split."""
    if split in ("validation", "test") and trained_on(bundle, corpus) and len(corpus.split("train")):
        return "train", baselines(sequences(corpus, "train", bundle.recipe), real)
    others = np.setdiff1d(corpus.split("all"), corpus.split(split))
    rest = list(batches.whole(corpus, others, bundle.recipe, BATCH_SIZE))
    everything = real.joined(Sequences.of_batches(bundle.alphabet, rest, corpus)) if rest else real
    return "other groups", folded(everything, np.arange(len(everything)) < len(real))


def trained_on(bundle: Bundle, corpus: Corpus) -> bool:
    """Whether the bundle was trained on this corpus, or on the one that this is a part of."""
    digest = dict(bundle.provenance.get("corpus") or {}).get("digest")
    return digest is not None and digest in (corpus.digest, corpus.manifest.get("selected", {}).get("from"))


def sequences(corpus: Corpus, split: Part, recipe: Recipe) -> Sequences:
    """All sequences of a split, whole, as the recipe sees them. Raises `EmptyError` where there is none."""
    return Sequences.of_batches(recipe.alphabet, viewed(corpus, split, recipe), corpus)


def viewed(corpus: Corpus, split: Part, recipe: Recipe) -> list[Batch]:
    """The same as batches, for a net. Raises `EmptyError` as well."""
    found = list(batches.whole(corpus, corpus.split(split), recipe, BATCH_SIZE))
    if not found:
        raise EmptyError(f"The {split} split of this corpus is empty; choose another --split or add music.")
    return found


def score(
    player: PlayableModel,
    bundle: Bundle,
    asked: Sequence[Batch],
    step_seconds: Float,
    progress: Progress | None = None,
) -> tuple[EventScores, EventScores | None]:
    """Scores of every event but the first of every sequence, and the scores of their labels; None where the
    bundle has labels that its graph does not tell (one of format 1).

    `step_seconds` float64 [n of the corpus] are the seconds that a step of each sequence takes. Raises
    `EmptyError` where no sequence has a second event.
    """
    total = sum(int(np.maximum(batch.lengths - 1, 0).sum()) for batch in asked)
    if not total:
        raise EmptyError("There is no event to score: no sequence has a second event.")
    events: list[EventScores] = []
    of_labels: list[EventScores] = []
    for batch in asked:
        _score_batch(player, bundle, batch, step_seconds[batch.sequences], events, of_labels)
        if progress:
            progress(sum(len(part.nll) for part in events), total)
    scored = EventScores.joined(events)
    if bundle.labels is not None:
        return scored, EventScores.joined(of_labels)
    return scored, None if bundle.version == 1 and not isinstance(bundle.recipe.codec, OneHot) else scored


def _score_batch(
    player: PlayableModel,
    bundle: Bundle,
    batch: Batch,
    step_s: Float,
    events: list[EventScores],
    of_labels: list[EventScores],
) -> None:
    """Append the scores of one batch, event by event."""
    alphabet, labels = bundle.alphabet, bundle.labels
    control, heard = batch.control, 0
    session = Session(
        player,
        bundle.opening,
        Bars.of(batch.position[:, 0, 0], batch.position[:, 0, 1]),
        len(batch.lengths),
        control=None if control is None else lambda steps: control[:, min(heard, control.shape[1] - 1)],
    )
    steps, last = alphabet.steps(batch.events), batch.events.shape[1] - 1
    for t in range(last + 1):
        actual, valid = batch.events[:, t], batch.lengths > t
        before = session.said if t else None
        about = (steps[valid, t], batch.position[valid, t, 1], step_s[valid])
        if before is not None:
            events.append(
                _scores(before.log_p, actual, alphabet.sizes, (0,) * alphabet.n_fields, valid, about)
            )
        session.hear(actual, None if batch.value is None else batch.value[:, t])
        heard = t + 1
        if before is not None and labels is not None:
            label, log_p = session.said.label, before.label_log_p
            assert label is not None, "the index says that there are labels"
            assert log_p is not None, "and how likely they are"
            of_labels.append(_scores(log_p, label, labels.sizes, labels.default, valid, about))


def _scores(
    log_p: npt.NDArray[np.float32],
    actual: Int,
    sizes: Sequence[int],
    silent: Sequence[int],
    valid: npt.NDArray[np.bool_],
    about: tuple[Int, Int, Float],
) -> EventScores:
    """Scores of `actual` [B, n], each of a group of `log_p` [B, sum of sizes], in the rows that are `valid`.

    Raises `BundleError` for a number that is in no group: nothing is ever taken from somewhere else.
    """
    nll, hit = np.zeros(len(actual)), np.ones(len(actual), np.bool_)
    rows, first = np.arange(len(actual)), 0
    for column, size in zip(actual.T, sizes, strict=True):
        wrong = column[valid & ((column < 0) | (column >= size))]
        if len(wrong):
            raise BundleError(
                f"The graph gives the label {wrong[0]}, of which there are {size}; get the bundle anew."
            )
        group = log_p[:, first : first + size]
        nll -= group[rows, np.where(valid, column, 0)].astype(np.float64)
        hit &= group.argmax(axis=1) == column
        first += size
    return EventScores(nll[valid], hit[valid], (actual == silent).all(axis=1)[valid], *about)
