"""One-hot codec: the net sees the last event and names the next (Magenta's
OneHotEventSequenceEncoderDecoder). Of events of several fields it sees each, and names each.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import embedding

from antiphon.nets.features.features import EventBatch, Heard, Moment, State
from antiphon.nets.features.labels import Labels
from antiphon.recipes import Recipe, parts


class OneHotFeatures(Labels):
    """The one-hot codec: its inputs and labels. A control, and values, stand beside the event as they are."""

    needs_position = False

    def __init__(self, recipe: Recipe, codec: parts.OneHot) -> None:
        super().__init__(recipe.alphabet)
        extra = len(self.alphabet.values) + (recipe.control.width if recipe.control else 0)
        self.width = sum(self.n_plain) + extra
        for f in range(self.alphabet.n_fields):
            self.register_buffer(f"_rows{f}", one_hot_rows(self._labels(f)), persistent=False)

    def sequence(self, batch: EventBatch) -> Moment:
        """Whole sequences."""
        inputs = self._inputs(batch.events, batch.coming_control, batch.value)
        none = batch.events[..., :0]
        return Moment(inputs, self.label(batch.events, none), none, {})

    def initial_state(self, batch: int) -> State:
        """Nothing is remembered here."""
        return {}

    def step(self, heard: Heard, state: State) -> Moment:
        """One more event."""
        none = heard.event[:, :0]
        inputs = self._inputs(heard.event, heard.control, heard.value)
        return Moment(inputs, self.label(heard.event, none), none, {})

    def _inputs(self, events: Tensor, control: Tensor | None, value: Tensor | None) -> Tensor:
        shown = [embedding(events[..., f], getattr(self, f"_rows{f}")) for f in range(self.alphabet.n_fields)]
        others = [tensor for tensor in (value, control) if tensor is not None]
        return torch.cat([*shown, *others], -1) if len(shown) + len(others) > 1 else shown[0]


def one_hot_rows(labels: Tensor) -> Tensor:
    """Table [V, n]: the one-hot row of each id's label [V], zeros for an id without one (-1)."""
    n = int(labels.max()) + 1
    rows = torch.eye(n)[labels.clamp(min=0)]
    rows[labels < 0] = 0
    return rows
