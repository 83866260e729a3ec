"""`EventModel`: a codec's features, a body and a head, in two speeds.

Whole sequences to train and to score; one event at a time to play, the codec's arithmetic included. Both give
the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from antiphon.nets.features import EventBatch, Features, Heard, State
from antiphon.nets.head import OutputHead
from antiphon.nets.stack import Body
from antiphon.recipes import Recipe


@dataclass(frozen=True)
class Loss:
    """What a batch cost. Event 0 of a sequence is never scored.

    `total` scalar: the mean over scored events, in nats, with gradient; `labels`: what of it their labels
    cost; `parts`: sums of what else a head logs, by name. Counts are int64 scalars, of labels as in the
    original: `n` scored, `correct` of them; `n_events` that are not the default event's, `correct_events` of
    those.
    """

    total: Tensor
    labels: Tensor
    n: Tensor
    correct: Tensor
    n_events: Tensor
    correct_events: Tensor
    parts: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Likelihoods:
    """Each event after the first, in nats; all tensors [B, T-1], position t speaking of event t + 1.

    `event_nll` has labels that mean the same event added up, `label_nll` has not; `right` and `right_label`
    say whether the likeliest was the actual one; `silent` marks the default event; `valid` is False beyond a
    sequence's length.
    """

    event_nll: Tensor
    label_nll: Tensor
    right: Tensor
    right_label: Tensor
    silent: Tensor
    valid: Tensor


class Step(NamedTuple):
    """One step of the playing contract; see `EventModel.step`."""

    log_p: Tensor
    label: Tensor
    label_log_p: Tensor
    drawn: Tensor | None
    state: State


class EventModel(nn.Module):
    """See the module. V ids of all fields, L labels in H groups."""

    def __init__(self, recipe: Recipe, features: Features, body: Body, head: OutputHead) -> None:
        super().__init__()
        self.recipe = recipe
        self.alphabet = recipe.alphabet
        self.features = features
        self.body = body
        self.output = head

    @property
    def rings(self) -> tuple[str, ...]:
        """Tensors of the state of which a step overwrites one row and leaves the rest."""
        return tuple(getattr(self.body, "rings", ()))

    @property
    def can_prefill(self) -> bool:
        """Whether many events can be heard at once: where only the body remembers, and it can."""
        return hasattr(self.body, "prefill") and not self.features.initial_state(1)

    def hidden(self, inputs: Tensor) -> Tensor:
        """What the head sees after each event, [B, T, D] of [B, T, width]."""
        dtype = next(iter(self.parameters())).dtype
        return self.body.sequence(inputs.to(dtype).transpose(0, 1)).transpose(0, 1)

    @torch.no_grad()
    def init_output_bias(self, batches: Iterable[EventBatch]) -> None:
        """Before training from nothing: let the head know how often each label occurs in `batches`."""
        sizes = self.features.label_sizes
        counts = [torch.zeros(size, dtype=torch.int64) for size in sizes]
        for batch in batches:
            label = self.features.sequence(batch).label[:, 1:][batch.scored].cpu()
            for h, count in enumerate(counts):
                count += label[:, h].bincount(minlength=sizes[h])
        self.output.init_bias(torch.cat(counts))

    def loss(self, batch: EventBatch, step: int = 0) -> Loss:
        """Cost of predicting each event after the first; `step` is the optimiser's."""
        scored, seen = batch.scored, self.features.sequence(batch)
        value = None if batch.value is None else batch.value[:, 1:][scored]
        hidden, label = self.hidden(seen.inputs)[:, :-1][scored], seen.label[:, 1:][scored]
        cost = self.output.loss(hidden, label, value, step)
        n = scored.sum()
        not_default = (label != torch.tensor(self.features.default_label, device=label.device)).any(-1)
        total, labels = (nats / n.clamp(min=1) for nats in (cost.total, cost.labels.detach()))
        right = cost.right
        return Loss(total, labels, n, right.sum(), not_default.sum(), (right & not_default).sum(), cost.parts)

    @torch.no_grad()
    def likelihoods(self, batch: EventBatch) -> Likelihoods:
        """Likelihood of each event after the first, at temperature 1."""
        seen = self.features.sequence(batch)
        label_log_p = self.output.label_log_p(self.hidden(seen.inputs)[:, :-1])
        log_p = self.features.fold(label_log_p, seen.copies[:, :-1])
        event_nll, right = _scored(log_p, batch.events[:, 1:], self.alphabet.sizes)
        label_nll, right_label = _scored(label_log_p, seen.label[:, 1:], self.features.label_sizes)
        silent = (batch.events[:, 1:] == 0).all(-1)
        return Likelihoods(event_nll, label_nll, right, right_label, silent, batch.scored)

    def initial_state(self, batch: int) -> State:
        """The state before the first event: zeros, batch first, by name."""
        return {**self.features.initial_state(batch), **self.body.initial_state(batch)}

    def step(self, heard: Heard, temperature: Tensor, state: State, uniform: Tensor | None = None) -> Step:
        """One event of the playing contract.

        `temperature` float32 [B] above 0. Gives `log_p` [B, V] of the next event at that temperature, the
        `label` [B, H] of the event that was heard, `label_log_p` [B, L] of the next one at temperature 1, the
        continuous numbers of the next one where there are any, drawn with `uniform`, and the next state.
        """
        moment = self.features.step(heard, state)
        dtype = next(iter(self.parameters())).dtype
        hidden, after = self.body.step(moment.inputs.to(dtype), state)
        said = self.output.step(hidden, temperature, uniform)
        log_p = self.features.fold(said.tempered, moment.copies)
        return Step(log_p, moment.label, said.label_log_p, said.value, {**moment.state, **after})

    def prefill(self, heard: Heard, temperature: Tensor, state: State, uniform: Tensor | None = None) -> Step:
        """The same after T events heard one after the other: `event` [B, T, F], `position` [B, T, 2] and so
        on. The control at each is that of the event after it. What comes back follows the last."""
        B, T = heard.event.shape[:2]
        event, *others = (None if x is None else x.flatten(0, 1) for x in heard)
        assert event is not None, "something was heard"
        moment = self.features.step(Heard(event, *others), {})
        dtype = next(iter(self.parameters())).dtype
        inputs = moment.inputs.to(dtype).view(B, T, -1)
        hidden, after = cast(Any, self.body).prefill(inputs.transpose(0, 1), state)
        said = self.output.step(hidden, temperature, uniform)
        label, copies = (x.view(B, T, x.shape[-1])[:, -1] for x in (moment.label, moment.copies))
        return Step(self.features.fold(said.tempered, copies), label, said.label_log_p, said.value, after)


def _scored(log_p: Tensor, actual: Tensor, sizes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Of [..., sum of sizes] for `actual` [..., n]: nats of each, all fields together, and whether the
    likeliest of every field was the actual one; both [...]."""
    groups = torch.split(log_p, list(sizes), -1)
    nll = [-g.gather(-1, actual[..., f : f + 1])[..., 0] for f, g in enumerate(groups)]
    right = [g.argmax(-1) == actual[..., f] for f, g in enumerate(groups)]
    return torch.stack(nll).sum(0), torch.stack(right).all(0)
