"""Labels shared by all melody codecs: plain ones of an alphabet, then one for each lookback distance."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from antiphon.codecs.melody import NO_EVENT_ID
from antiphon.nets.features.alphabet import Alphabet
from antiphon.nets.features.repeats import Repeats
from antiphon.recipes import Recipe


class Labels(nn.Module):
    """The half of `Features` that speaks of outputs; a codec adds the inputs."""

    def __init__(self, recipe: Recipe, *, pitches_first: bool = False) -> None:
        super().__init__()
        self.alphabet = Alphabet(recipe.view, pitches_first=pitches_first)
        self.repeats = Repeats(recipe.codec.lookback_bars)
        self.n_labels = self.alphabet.n_plain + self.repeats.n
        self.default_label = int(self.alphabet.label_of_event[NO_EVENT_ID])

    def labels(self, events: Tensor, steps_per_bar: Tensor) -> Tensor:
        """Label int64 [B, T] of each event given those before it; -1 for an event outside the view."""
        plain = self.alphabet.label_of_event[events]
        return self.repeats.relabel(plain, events, steps_per_bar, self.alphabet.n_plain)

    def copies(self, events: Tensor, steps_per_bar: Tensor) -> Tensor:
        """Events int64 [B, T, K] that the lookback labels mean for the event after each position."""
        return self.repeats.copies(events, steps_per_bar)

    def events(self, labels: Tensor, copies: Tensor) -> Tensor:
        """Events int64 [...] that labels [...] mean, given the copies [..., K] of their place."""
        plain = self.alphabet.event_of_label.expand(*labels.shape, -1)
        return torch.cat([plain, copies], -1).gather(-1, labels[..., None])[..., 0]

    def fold(self, label_log_p: Tensor, copies: Tensor) -> Tensor:
        """Log-probabilities [..., 130] of events from those of labels [..., n_labels]."""
        return self.alphabet.fold(label_log_p, copies)
