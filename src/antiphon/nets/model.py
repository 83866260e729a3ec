"""`EventModel`: a codec's features, a recurrent stack and a linear layer, in two speeds.

Whole sequences to train and to score; one step at a time to play, the codec's arithmetic included. Both give
the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from antiphon.nets.dense import Dense
from antiphon.nets.features import Features, State
from antiphon.nets.stack import Body
from antiphon.recipes import Recipe


@dataclass(frozen=True)
class Loss:
    """What a batch cost. Event 0 of a sequence is never scored.

    `label_nll` scalar: mean negative log-likelihood of labels in nats, with gradient. Counts are int64
    scalars: `n` scored steps, `correct` of them; `n_events` whose label is not "nothing new",
    `correct_events`.
    """

    label_nll: Tensor
    n: Tensor
    correct: Tensor
    n_events: Tensor
    correct_events: Tensor

    @property
    def n_no_events(self) -> Tensor:
        """Scored steps whose label is "nothing new"."""
        return self.n - self.n_events

    @property
    def correct_no_events(self) -> Tensor:
        """How many of them were predicted."""
        return self.correct - self.correct_events


@dataclass(frozen=True)
class Scores:
    """Each event after the first, in nats; all tensors [B, T-1], position t speaking of event t + 1.

    `event_nll` has labels that mean the same event added up; `valid` is False beyond a sequence's length.
    """

    event_nll: Tensor
    label_nll: Tensor
    label: Tensor
    predicted_label: Tensor
    predicted_event: Tensor
    valid: Tensor


class EventModel(nn.Module):
    """See the module. Sequences are `events` int64 [B, T], `steps_per_bar` and `start_in_bar` int64 [B]."""

    def __init__(self, recipe: Recipe, features: Features, body: Body) -> None:
        super().__init__()
        self.recipe = recipe
        self.features = features
        self.body = body
        self.output = Dense(body.size, features.n_labels)

    def forward(self, events: Tensor, steps_per_bar: Tensor, start_in_bar: Tensor) -> Tensor:
        """Label logits [B, T, L]; position t predicts the label of event t + 1."""
        inputs = self.features.sequence(events, steps_per_bar, start_in_bar)
        hidden = self.body.sequence(inputs.to(self.output.kernel.dtype).transpose(0, 1))
        logits: Tensor = self.output(hidden)
        return logits.transpose(0, 1)

    def labels(self, events: Tensor, steps_per_bar: Tensor) -> Tensor:
        """Label [B, T] of each event given those before it."""
        return self.features.labels(events, steps_per_bar)

    def loss(self, events: Tensor, lengths: Tensor, steps_per_bar: Tensor, start_in_bar: Tensor) -> Loss:
        """Cost of predicting each event's label after the first, over the `lengths` [B] of the sequences."""
        valid = _valid(events, lengths)
        logits = self(events, steps_per_bar, start_in_bar)[:, :-1][valid]
        label = self.labels(events, steps_per_bar)[:, 1:][valid]
        right = logits.detach().argmax(-1) == label
        speaks = label != self.features.default_label
        n = torch.tensor(len(label), device=label.device)
        nll = functional.cross_entropy(logits.float(), label, reduction="sum") / n.clamp(min=1)
        return Loss(nll, n, right.sum(), speaks.sum(), (right & speaks).sum())

    @torch.no_grad()
    def score(self, events: Tensor, lengths: Tensor, steps_per_bar: Tensor, start_in_bar: Tensor) -> Scores:
        """Likelihood of each event after the first, at temperature 1."""
        label_log_p = self(events, steps_per_bar, start_in_bar)[:, :-1].log_softmax(-1)
        copies = self.features.copies(events, steps_per_bar)[:, :-1]
        log_p = self.features.fold(label_log_p, copies)
        label = self.labels(events, steps_per_bar)[:, 1:]
        label_nll = -label_log_p.gather(-1, label[..., None])[..., 0]
        event_nll = -log_p.gather(-1, events[:, 1:, None])[..., 0]
        best = log_p.argmax(-1)
        return Scores(event_nll, label_nll, label, label_log_p.argmax(-1), best, _valid(events, lengths))

    def initial_state(self, batch: int) -> State:
        """The state before the first event: zeros, batch first, by name."""
        return {**self.features.initial_state(batch), **self.body.initial_state(batch)}

    def step(
        self, event: Tensor, position: Tensor, temperature: Tensor, state: State
    ) -> tuple[Tensor, Tensor, State]:
        """One event of the playing contract.

        `event` int64 [B, 1] just sounded, at `position` int64 [B, 2] (step in its bar, steps per bar);
        `temperature` float32 [B] above 0. Gives log_p [B, 130] of the next event at that temperature,
        label_log_p [B, L] at temperature 1, the next state.
        """
        moment = self.features.step(event[:, 0], position, state)
        hidden, after = self.body.step(moment.inputs.to(self.output.kernel.dtype), state)
        logits = self.output(hidden)
        log_p = self.features.fold((logits / temperature[:, None]).log_softmax(-1), moment.copies)
        return log_p, logits.log_softmax(-1), {**moment.state, **after}


def _valid(events: Tensor, lengths: Tensor) -> Tensor:
    """True [B, T-1] where event t + 1 belongs to the sequence."""
    return torch.arange(1, events.shape[1], device=events.device) < lengths[:, None]
