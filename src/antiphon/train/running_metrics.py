"""Figures of training steps, summed where they arise and read seldom, so that a GPU need not wait."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from antiphon.evaluate.figures import perplexity
from antiphon.nets import Loss
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

    def add(self, loss: Loss, gradient_norm: Tensor) -> None:
        """One more step."""
        nll, labels = loss.total.detach() * loss.n, loss.labels * loss.n
        usable = gradient_norm.isfinite()
        norm = gradient_norm.masked_fill(~usable, 0.0)
        step = (nll, labels, loss.n, loss.correct, loss.n_events, loss.correct_events, norm, usable)
        self._sums += torch.stack([figure.detach().float() for figure in step])
        for name, part in loss.parts.items():
            self._parts[name] = self._parts.get(name, 0) + part.detach().float()
        self.n_steps += 1

    def take(self, processes: Processes) -> dict[str, float]:
        """Means over the steps of all processes, by label as the original's: loss (nats), of which labels
        alone make the perplexity, and accuracies.

        `accuracy` is of all labels, `event_accuracy` and `no_event_accuracy` of those that are not, and are,
        the default event's; `gradient_norm` is from before clipping, over the steps where it is a number.
        What else a head logs is `loss_` and its name. A share of nothing is NaN."""
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
    """`part` of `whole`; NaN of nothing."""
    return part / whole if whole else math.nan
