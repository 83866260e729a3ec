"""Lookback codec (Magenta's LookbackEventSequenceEncoderDecoder): repeats have inputs and labels of their
own.

Inputs, N being pitches + 2 and K the number of distances: [0, N) the last event; K blocks of N, the event
that would follow if the music repeated from each distance; the clock's bits; K repeat flags. Labels: N plain
ones, then K.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import embedding

from antiphon.nets.features.clock import Clock
from antiphon.nets.features.features import Moment, State
from antiphon.nets.features.labels import Labels
from antiphon.nets.features.onehot import one_hot_rows
from antiphon.recipes import Recipe


class Lookback(Labels):
    """See the module."""

    _rows: Tensor

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self.clock = Clock(recipe.codec.clock_bits)
        self.width = self.alphabet.n_plain * (1 + self.repeats.n) + recipe.codec.clock_bits + self.repeats.n
        self.register_buffer("_rows", one_hot_rows(self.alphabet.label_of_event), persistent=False)

    def sequence(self, events: Tensor, steps_per_bar: Tensor, start_in_bar: Tensor) -> Tensor:
        """Inputs float32 [B, T, width] after each event."""
        bits, _ = self.clock.sequence(events.shape[1], steps_per_bar, start_in_bar)
        copies = self.repeats.copies(events, steps_per_bar)
        return self._inputs(events, copies, bits, self.repeats.flags(events, steps_per_bar))

    def initial_state(self, batch: int) -> State:
        """No events yet, in bar 0."""
        return {**self.repeats.initial_state(batch), **self.clock.initial_state(batch)}

    def step(self, event: Tensor, position: Tensor, state: State) -> Moment:
        """Features after one more event."""
        bits, _, bar = self.clock.step(position, state)
        copies, flags, history = self.repeats.step(event, position[:, 1], state)
        return Moment(self._inputs(event, copies, bits, flags), copies, {**history, **bar})

    def _inputs(self, events: Tensor, copies: Tensor, bits: Tensor, flags: Tensor) -> Tensor:
        shown = embedding(torch.cat([events[..., None], copies], -1), self._rows).flatten(-2)
        return torch.cat([shown, bits, flags.to(bits.dtype)], -1)
