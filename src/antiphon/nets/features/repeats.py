"""Lookback: what stood whole bars ago, the labels that say "the same again", and the history that playing
keeps.

Distances follow the meter: `k` bars are `k * steps_per_bar` steps (16 and 32 in Magenta, which knew only
4/4). Where the distance reaches before the beginning, the event that stood there is the default one (nothing
new), and nothing repeats.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from antiphon.codecs.melody import NO_EVENT_ID
from antiphon.nets.features.features import State
from antiphon.recipes import MAX_STEPS_PER_BAR


class Repeats(nn.Module):
    """The lookback distances of a codec, in bars, nearest first."""

    bars: Tensor

    def __init__(self, bars: tuple[int, ...]) -> None:
        super().__init__()
        self.n = len(bars)
        self._history = max(bars, default=0) * MAX_STEPS_PER_BAR + 1
        self.register_buffer("bars", torch.tensor(bars, dtype=torch.int64), persistent=False)

    def distances(self, steps_per_bar: Tensor) -> Tensor:
        """Steps back [B, K] of bars whose length is `steps_per_bar` [B]."""
        return steps_per_bar[:, None] * self.bars

    def copies(self, events: Tensor, steps_per_bar: Tensor) -> Tensor:
        """Events [B, T, K] that stand each distance before the event that follows position t."""
        return _looked_back(events, self.distances(steps_per_bar) - 1, NO_EVENT_ID)

    def flags(self, events: Tensor, steps_per_bar: Tensor) -> Tensor:
        """True [B, T, K] where the event equals the one each distance ago."""
        return _looked_back(events, self.distances(steps_per_bar), -1) == events[..., None]

    def relabel(self, plain: Tensor, events: Tensor, steps_per_bar: Tensor, n_plain: int) -> Tensor:
        """Labels [B, T]: `plain` ones, replaced where an event repeats; the farthest distance wins.

        As in Magenta, "nothing new" before the farthest distance has passed counts as a repeat of it.
        """
        if not self.n:
            return plain
        labels, flags = plain, self.flags(events, steps_per_bar)
        for k in range(self.n):
            labels = torch.where(flags[..., k], n_plain + k, labels)
        early = torch.arange(events.shape[1], device=events.device) < self.distances(steps_per_bar)[:, -1:]
        return torch.where(early & (events == NO_EVENT_ID), n_plain + self.n - 1, labels)

    def initial_state(self, batch: int) -> State:
        """No events yet: `history` [B, H], the newest last, and `seen` [B], how many there were."""
        if not self.n:
            return {}
        device = self.bars.device
        history = torch.zeros(batch, self._history, dtype=torch.int64, device=device)
        return {"history": history, "seen": torch.zeros(batch, dtype=torch.int64, device=device)}

    def step(self, event: Tensor, steps_per_bar: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """After `event` [B]: copies [B, K] for the event to come, repeat flags [B, K] of this one, the next
        state.
        """
        if not self.n:
            none = event[:, None][:, :0]
            return none, none > 0, {}
        history = torch.cat([state["history"][:, 1:], event[:, None]], 1)
        seen = state["seen"] + 1
        back = self.distances(steps_per_bar)
        copies = history.gather(1, self._history - back)
        flags = (history.gather(1, self._history - 1 - back) == event[:, None]) & (seen[:, None] > back)
        return copies, flags, {"history": history, "seen": seen}


def _looked_back(events: Tensor, back: Tensor, before: int) -> Tensor:
    """Events [B, T, K] standing `back` [B, K] steps before each position; `before` where there were none."""
    batch, length = events.shape
    source = torch.arange(length, device=events.device)[None, :, None] - back[:, None, :]
    found = events.gather(1, source.clamp(min=0).flatten(1)).view(batch, length, -1)
    return torch.where(source >= 0, found, before)
