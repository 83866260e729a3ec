"""What a codec offers a net: inputs and labels of whole sequences, to train; the same one event at a time, to
play.

Sequences come as an `EventBatch`. What the net sees at event t is what it has to predict event t + 1 from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

State = dict[str, Tensor]
"""Named tensors, batch first, all zero at the beginning."""


@dataclass(frozen=True)
class EventBatch:
    """B sequences of T events, padded with the default event."""

    events: Tensor
    """Ids, int64 [B, T, F]."""
    lengths: Tensor
    """Events that count, int64 [B]."""
    position: Tensor
    """The step in its bar on which each event stands, and the steps of that bar, int64 [B, T, 2]."""
    control: Tensor | None = None
    """What each event is conditioned on, float32 [B, T, C]."""
    value: Tensor | None = None
    """The continuous numbers that go with each event, float32 [B, T, G]."""

    @property
    def coming_control(self) -> Tensor | None:
        """The control of the event that follows each, [B, T, C]; after the last event its own."""
        return None if self.control is None else torch.cat([self.control[:, 1:], self.control[:, -1:]], 1)

    @property
    def scored(self) -> Tensor:
        """True [B, T-1] where event t + 1 belongs to the sequence: every event but the first."""
        return torch.arange(1, self.events.shape[1], device=self.events.device) < self.lengths[:, None]


class Heard(NamedTuple):
    """An event that just sounded, in B pieces, and what is known of the one to come."""

    event: Tensor
    """int64 [B, F]."""
    position: Tensor | None = None
    """Where it stands: step in its bar, steps of the bar, int64 [B, 2]."""
    control: Tensor | None = None
    """What the next event is conditioned on, float32 [B, C]."""
    value: Tensor | None = None
    """The continuous numbers that went with it, float32 [B, G]."""


class Moment(NamedTuple):
    """What a codec makes of an event; of whole sequences all tensors have [B, T, ...] instead of [B, ...]."""

    inputs: Tensor
    """What the net sees, float32 [B, width]."""
    label: Tensor
    """The label of the event itself in each group of labels, given those before it, int64 [B, H]."""
    copies: Tensor
    """The event that each repeat label means next, int64 [B, K]."""
    state: State


class Features(Protocol):
    """A codec's arithmetic. L labels in H groups: one label of each group names an event."""

    width: int
    """Numbers that the net sees."""
    label_sizes: tuple[int, ...]
    """Labels of each group."""
    default_label: tuple[int, ...]
    """The label of the default event in each group."""
    own_labels: bool
    """Whether several labels may mean one event, so that labels have figures of their own."""
    needs_position: bool
    """Whether it must be told where in the bar events stand."""

    def sequence(self, batch: EventBatch) -> Moment:
        """Inputs, labels and copies of whole sequences; no state."""
        ...

    def fold(self, label_log_p: Tensor, copies: Tensor) -> Tensor:
        """Log-probabilities [..., V] of the ids of all fields from those of labels [..., L]."""
        ...

    def initial_state(self, batch: int) -> State:
        """The state before the first event."""
        ...

    def step(self, heard: Heard, state: State) -> Moment:
        """One more event."""
        ...


def look_up(table: Tensor, ids: Tensor) -> Tensor:
    """`table[ids]` [...], by an operator that every runtime has."""
    return table.index_select(0, ids.reshape(-1)).view(ids.shape)
