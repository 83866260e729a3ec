"""Lookback codec (Magenta's LookbackEventSequenceEncoderDecoder): repeats have inputs and labels of their
own.

Inputs, N being the known events and K the number of distances: [0, N) the last event; K blocks of N, the
event that would follow if the music repeated from each distance; the clock's bits; K repeat flags. Labels: N
plain ones, then K."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import embedding

from antiphon.errors import OptionError
from antiphon.nets.features.clock import StepClock
from antiphon.nets.features.features import EventBatch, Heard, Moment, State
from antiphon.nets.features.labels import Labels
from antiphon.nets.features.onehot import one_hot_rows
from antiphon.nets.features.repeats import delayed, kept
from antiphon.recipes import Recipe, parts


class LookbackFeatures(Labels):
    """The lookback codec: its inputs and labels."""

    _rows: Tensor
    needs_position = True

    def __init__(self, recipe: Recipe, codec: parts.Lookback) -> None:
        alphabet = recipe.alphabet
        if alphabet.n_fields > 1:
            raise OptionError("The codec 'lookback' is for events of one number; use 'onehot'.")
        if codec.bars and not recipe.view.grid[0]:
            raise OptionError("Music that is counted by the clock has no bars; leave out codec.bars.")
        super().__init__(alphabet, codec.bars)
        bits = codec.clock_bits
        self.clock = StepClock(bits, alphabet)
        self.width = self.n_plain[0] * (1 + self.repeats.n) + bits + self.repeats.n
        self.register_buffer("_rows", one_hot_rows(self._labels(0)), persistent=False)

    def sequence(self, batch: EventBatch) -> Moment:
        """Whole sequences."""
        bits, _ = self.clock.sequence(batch.events, batch.position)
        promised = self.repeats.sequence(batch.events[..., 0], batch.position[..., 1])
        return self._moment(batch.events, delayed(promised), promised, bits, {})

    def initial_state(self, batch: int) -> State:
        """No events yet, in bar 0."""
        return {**self.repeats.initial_state(batch), **self.clock.initial_state(batch)}

    def step(self, heard: Heard, state: State) -> Moment:
        """One more event."""
        assert heard.position is not None
        bits, _, bar = self.clock.step(heard.event, heard.position, state)
        made, promised, history = self.repeats.step(heard.event[:, 0], heard.position[:, 1], state)
        return self._moment(heard.event, made, promised, bits, {**history, **bar})

    def _moment(self, events: Tensor, made: Tensor, promised: Tensor, bits: Tensor, state: State) -> Moment:
        """`made` are the promises made to `events`, `promised` those to what comes after them."""
        flags, counted = kept(made, events)
        copies = (promised - 1).clamp(min=0)
        shown = embedding(torch.cat([events, copies], -1), self._rows).flatten(-2)
        inputs = torch.cat([shown, bits, flags.to(bits.dtype)], -1)
        return Moment(inputs, self.label(events, counted), copies, state)
