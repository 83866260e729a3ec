"""One-hot codec: the net sees the last event and names the next (Magenta's
OneHotEventSequenceEncoderDecoder).

`width` = `n_labels` = pitches + 2, in the order no-event, note-off, pitches.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import embedding

from antiphon.errors import OptionError
from antiphon.nets.features.features import Moment, State
from antiphon.nets.features.labels import Labels
from antiphon.recipes import Recipe


class OneHot(Labels):
    """See the module."""

    _rows: Tensor

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        if recipe.codec.lookback_bars or recipe.codec.clock_bits:
            raise OptionError(
                "The codec 'onehot' has neither lookback nor clock; use the codec 'lookback' for them."
            )
        self.width = self.alphabet.n_plain
        self.register_buffer("_rows", one_hot_rows(self.alphabet.label_of_event), persistent=False)

    def sequence(self, events: Tensor, steps_per_bar: Tensor, start_in_bar: Tensor) -> Tensor:
        """Inputs float32 [B, T, width] after each event."""
        return embedding(events, self._rows)

    def initial_state(self, batch: int) -> State:
        """Nothing is remembered here."""
        return {}

    def step(self, event: Tensor, position: Tensor, state: State) -> Moment:
        """Features after one more event."""
        return Moment(embedding(event, self._rows), event[:, None][:, :0], {})


def one_hot_rows(label_of_event: Tensor) -> Tensor:
    """Table [130, n]: each event's one-hot row, zeros for an event outside the view."""
    n = int(label_of_event.max()) + 1
    rows = torch.eye(n)[label_of_event.clamp(min=0)]
    rows[label_of_event < 0] = 0
    return rows
