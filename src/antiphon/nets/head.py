"""Heads: what stands between a net and the events. A head turns hidden states into a distribution, to train
and to play.

A head is a module with `n_uniform`, and the methods of `OutputHead`. D is the width of the hidden states, L
the labels in H groups, G the continuous numbers that go with an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from antiphon.nets.dense import Dense


class HeadLoss(NamedTuple):
    """What N events cost: `total` in nats, all together, with gradient; `labels`, what of it their labels
    cost; `right` bool [N], whether every label was the likeliest; `parts`, whatever else should be logged, by
    name."""

    total: Tensor
    labels: Tensor
    right: Tensor
    parts: Mapping[str, Tensor] = MappingProxyType({})


class Said(NamedTuple):
    """What a head says of the next event."""

    tempered: Tensor
    """Log-probability of each label at the asked temperature, [B, L], each group for itself."""
    label_log_p: Tensor
    """The same at temperature 1."""
    value: Tensor | None = None
    """The continuous numbers, drawn, [B, G]."""


class OutputHead(Protocol):
    """See the module."""

    n_uniform: int
    """Uniform numbers that one step draws with."""

    def init_bias(self, counts: Tensor) -> None:
        """Before training from random weights: start the output bias at how often each label occurs, [L], so
        that the net need not learn it."""
        ...

    def loss(self, hidden: Tensor, label: Tensor, value: Tensor | None, step: int) -> HeadLoss:
        """Cost of N events with hidden states [N, D] before them: their labels [N, H], their values [N, G].
        `step` is the optimiser's, for heads with a warm-up."""
        ...

    def label_log_p(self, hidden: Tensor) -> Tensor:
        """Log-probability of each label, [..., L] of [..., D]."""
        ...

    def step(self, hidden: Tensor, temperature: Tensor, uniform: Tensor | None) -> Said:
        """After one event: of [B, D], at temperatures [B] above 0, drawing with `uniform` [B, U]."""
        ...


class CategoricalHead(Dense):
    """A linear map, and a softmax over each group of labels."""

    n_uniform = 0

    def __init__(self, width: int, sizes: tuple[int, ...], part: Any = None) -> None:
        super().__init__(width, sum(sizes))
        self.sizes = list(sizes)

    def init_bias(self, counts: Tensor) -> None:
        """The bias starts at the log-probabilities of the labels."""
        groups = [(group + 1) / (group + 1).sum() for group in torch.split(counts, self.sizes)]
        self.bias.data.copy_(torch.cat(groups).log())

    def loss(self, hidden: Tensor, label: Tensor, value: Tensor | None, step: int) -> HeadLoss:
        """Cross-entropy, the groups of an event added up."""
        groups = torch.split(self(hidden).float(), self.sizes, -1)
        nll = [functional.cross_entropy(g, label[:, h], reduction="sum") for h, g in enumerate(groups)]
        right = [g.detach().argmax(-1) == label[:, h] for h, g in enumerate(groups)]
        total = torch.stack(nll).sum()
        return HeadLoss(total, total, torch.stack(right).all(0))

    def label_log_p(self, hidden: Tensor) -> Tensor:
        """[..., L] of [..., D]."""
        return self._log_p(self(hidden))

    def step(self, hidden: Tensor, temperature: Tensor, uniform: Tensor | None) -> Said:
        """The temperature divides what the softmax is taken of."""
        logits = self(hidden)
        return Said(self._log_p(logits / temperature[:, None]), self._log_p(logits))

    def _log_p(self, logits: Tensor) -> Tensor:
        if len(self.sizes) == 1:
            return logits.log_softmax(-1)
        return torch.cat([group.log_softmax(-1) for group in torch.split(logits, self.sizes, -1)], -1)
