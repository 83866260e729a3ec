"""What a codec must offer a net: inputs and labels of whole sequences (training), inputs of one step
(playing).

Sequences are `events` int64 [B, T] of family ids, with `steps_per_bar` int64 [B] and `start_in_bar` int64
[B], the step of the bar on which event 0 falls. One step is `event` int64 [B] with `position` int64 [B, 2]:
the step in the bar of the event that just sounded, and the steps per bar. The input after event t is what the
net sees when it predicts event t + 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

State = dict[str, Tensor]
"""Named tensors, batch first, all zero at the beginning."""


@dataclass(frozen=True)
class Moment:
    """One step's features: the net's input [B, width], events [B, K] that lookback labels mean next, the next
    state.
    """

    inputs: Tensor
    copies: Tensor
    state: State


class Features(Protocol):
    """A codec's arithmetic: `n_labels` outputs, `width` inputs, `default_label` of the event 0."""

    n_labels: int
    width: int
    default_label: int

    def sequence(self, events: Tensor, steps_per_bar: Tensor, start_in_bar: Tensor) -> Tensor:
        """Inputs float32 [B, T, width] after each event."""
        ...

    def labels(self, events: Tensor, steps_per_bar: Tensor) -> Tensor:
        """Label int64 [B, T] of each event given those before it."""
        ...

    def copies(self, events: Tensor, steps_per_bar: Tensor) -> Tensor:
        """Events int64 [B, T, K] that the lookback labels mean for the event after each position."""
        ...

    def events(self, labels: Tensor, copies: Tensor) -> Tensor:
        """Events int64 [...] that labels [...] mean, given the copies [..., K] of their place."""
        ...

    def fold(self, label_log_p: Tensor, copies: Tensor) -> Tensor:
        """Log-probabilities [..., 130] of events from those of labels [..., n_labels]."""
        ...

    def initial_state(self, batch: int) -> State:
        """The state before the first event."""
        ...

    def step(self, event: Tensor, position: Tensor, state: State) -> Moment:
        """Features after one more event."""
        ...
