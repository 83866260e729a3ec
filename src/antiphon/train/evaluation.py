"""Figures of a run: of training steps, accumulated on the device and transferred only when they are logged,
so that a GPU need not wait; and of the validation split, by the net as it trains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from antiphon.arrays import Int64
from antiphon.data import batches
from antiphon.data.batches import Batch
from antiphon.data.corpus import Corpus
from antiphon.errors import CorpusError
from antiphon.evaluate.figures import perplexity
from antiphon.nets import EventBatch, EventModel, Loss
from antiphon.recipes import Recipe
from antiphon.train.device import rows_at_once
from antiphon.train.loader import tensors
from antiphon.train.processes import Processes


class RunningMetrics:
    """Sums over the steps since `take` was last asked."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._reset()

    def _reset(self) -> None:
        self.n_steps = 0
        self._sums = torch.zeros(8, device=self._device)
        self._parts: dict[str, Tensor] = {}

    def add(self, loss: Loss) -> None:
        """What some rows of a batch cost."""
        nll, labels = loss.total.detach() * loss.n, loss.labels * loss.n
        sums = (nll, labels, loss.n, loss.correct, loss.n_events, loss.correct_events)
        self._sums[:6] += torch.stack([figure.detach().float() for figure in sums])
        for name, part in loss.parts.items():
            self._parts[name] = self._parts.get(name, 0) + part.detach().float()

    def step(self, gradient_norm: Tensor) -> None:
        """One more step is done."""
        usable = gradient_norm.isfinite()
        self._sums[6:] += torch.stack([gradient_norm.masked_fill(~usable, 0.0), usable.float()])
        self.n_steps += 1

    def take(self, processes: Processes) -> dict[str, float]:
        """Means over the steps of all processes, by label as the original's: loss (nats), of which labels
        alone make the perplexity, and accuracies.

        `accuracy` is of all labels, `event_accuracy` and `no_event_accuracy` of those that are not, and are,
        the default event's; `gradient_norm` is from before clipping, over the steps where it is a number.
        What else a head logs is `loss_` and its name. A ratio whose denominator is zero is NaN."""
        nll, labels, n, correct, n_events, correct_events, norm, n_usable = processes.total(
            self._sums
        ).tolist()
        parts = {f"loss_{name}": share(processes.total(part).item(), n) for name, part in self._parts.items()}
        self._reset()
        return {
            "loss": share(nll, n),
            "perplexity": perplexity(share(labels, n)),
            "accuracy": share(correct, n),
            "event_accuracy": share(correct_events, n_events),
            "no_event_accuracy": share(correct - correct_events, n - n_events),
            "gradient_norm": share(norm, n_usable),
            **parts,
        }


def share(part: float, whole: float) -> float:
    """`part` / `whole`; NaN where `whole` is 0."""
    return part / whole if whole else math.nan


@dataclass(frozen=True)
class Evaluation:
    """Judges `net` on the sequences `indices`, in float32, each as it stands: not transposed, not cut."""

    net: EventModel
    corpus: Corpus
    indices: Int64
    recipe: Recipe
    device: torch.device
    processes: Processes

    def __call__(self) -> dict[str, float]:
        """Nats per step and per event (repeat labels resolved), perplexity and accuracies; labels' figures
        too, and, where the head gives continuous numbers, what these cost.

        Raises `CorpusError` where there is not one event to judge.
        """
        sums = torch.zeros(9, dtype=torch.float64)
        every = batches.whole(self.corpus, self.indices, self.recipe, self.recipe.training.batch_size)
        for batch in islice(every, self.processes.rank, None, self.processes.n):
            for micro_batch in batch.micro_batches(rows_at_once(self.device)):
                sums += self._sums(micro_batch)
        if self.processes.n > 1:
            sums = self.processes.total(sums.to(self.device)).cpu()
        figures = _figures(*sums[:-1].tolist())
        if self.recipe.head.draws:
            n, n_steps, values = sums[2].item(), sums[-2].item(), sums[-1].item()
            figures |= {"value_nll_per_step": share(values, n_steps), "value_nll_per_event": values / n}
        return figures

    @torch.no_grad()
    def _sums(self, batch: Batch) -> torch.Tensor:
        there = tensors(batch, self.device)
        found = self.net.likelihoods(there)
        valid, right, sounds = found.valid, found.right, ~found.silent
        sums = (
            found.event_nll[valid].sum(), found.label_nll[valid].sum(), valid.sum(), right[valid].sum(),
            sounds[valid].sum(), (right & sounds)[valid].sum(), found.right_label[valid].sum(),
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
