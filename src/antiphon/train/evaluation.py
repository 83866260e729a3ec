"""The validation split's figures, by the net as it trains."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch

from antiphon.data import batches
from antiphon.data.batches import Batch
from antiphon.data.corpus import Corpus
from antiphon.errors import CorpusError
from antiphon.evaluate.figures import perplexity
from antiphon.nets import EventBatch, EventModel
from antiphon.recipes import Recipe
from antiphon.train.loader import Indices, tensors
from antiphon.train.processes import Processes
from antiphon.train.running_metrics import share


@dataclass(frozen=True)
class Evaluation:
    """Judges `net` on the sequences `indices`, in float32, each as it stands: not transposed, not cut."""

    net: EventModel
    corpus: Corpus
    indices: Indices
    recipe: Recipe
    device: torch.device
    processes: Processes

    def __call__(self) -> dict[str, float]:
        """Nats a step and an event (repeat labels resolved), perplexity and accuracies; labels' figures too,
        and, where the head gives continuous numbers, what these cost.

        Raises `CorpusError` where there is not one event to judge.
        """
        sums = torch.zeros(9, dtype=torch.float64)
        every = batches.whole(self.corpus, self.indices, self.recipe, self.recipe.training.batch_size)
        for batch in islice(every, self.processes.rank, None, self.processes.n):
            sums += self._sums(batch)
        if self.processes.n > 1:
            sums = self.processes.total(sums.float().to(self.device)).double().cpu()
        figures = _figures(*sums[:-1].tolist())
        if self.recipe.head.draws:
            n, n_steps, values = sums[2].item(), sums[-2].item(), sums[-1].item()
            figures |= {"value_nll_per_step": share(values, n_steps), "value_nll_per_event": values / n}
        return figures

    @torch.no_grad()
    def _sums(self, batch: Batch) -> torch.Tensor:
        there = tensors(batch, self.device)
        scores = self.net.score(there)
        valid, right, speaks = scores.valid, scores.right, ~scores.silent
        sums = (
            scores.event_nll[valid].sum(), scores.label_nll[valid].sum(), valid.sum(), right[valid].sum(),
            speaks[valid].sum(), (right & speaks)[valid].sum(), scores.right_label[valid].sum(),
        )  # fmt: skip
        steps = self.recipe.alphabet.steps(batch.events[:, 1:])
        inside = np.arange(1, batch.events.shape[1]) < batch.lengths[:, None]
        amounts = [float(steps[inside].sum()), self._values(there) if self.recipe.head.draws else 0.0]
        return torch.stack([*(s.cpu().double() for s in sums), *torch.tensor(amounts).double()])

    def _values(self, batch: EventBatch) -> float:
        """Nats that the continuous numbers cost, as at the end of training."""
        loss = self.net.loss(batch, self.recipe.training.max_steps)
        return ((loss.total - loss.labels) * loss.n).item()


def _figures(
    event_nll: float,
    label_nll: float,
    n: float,
    right: float,
    n_events: float,
    right_events: float,
    right_label: float,
    n_steps: float,
) -> dict[str, float]:
    if not n:
        raise CorpusError("The validation split has not one event to judge; add pieces to the corpus.")
    return {
        "nll_per_step": share(event_nll, n_steps),
        "nll_per_event": event_nll / n,
        "perplexity": perplexity(event_nll / n),
        "accuracy": right / n,
        "event_accuracy": share(right_events, n_events),
        "no_event_accuracy": share(right - right_events, n - n_events),
        "label_nll": label_nll / n,
        "label_perplexity": perplexity(label_nll / n),
        "label_accuracy": right_label / n,
    }
