"""Lookback: what stood whole bars ago, and the history that playing keeps.

Distances follow the meter: `k` bars are `k * steps_per_bar` events of one step each (16 and 32 in Magenta,
which knew only 4/4), measured in the bar of the event before. Where a distance reaches before the beginning,
the event that stood there is the default one, and nothing repeats.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from antiphon.nets.features.features import State
from antiphon.recipes import MAX_STEPS_PER_BAR


class Repeats(nn.Module):
    """The lookback distances of a codec, in bars, nearest first; K of them.

    What stood each distance before the event to come is `promised` to it, int64 [..., K]: 1 + the id, or 0
    where nothing stood there. A promise that is `kept` is a repeat.
    """

    bars: Tensor

    def __init__(self, bars: tuple[int, ...]) -> None:
        super().__init__()
        self.n = len(bars)
        self._history = max(bars, default=0) * MAX_STEPS_PER_BAR
        self.register_buffer("bars", torch.tensor(bars, dtype=torch.int64), persistent=False)

    def sequence(self, events: Tensor, steps_per_bar: Tensor) -> Tensor:
        """What is promised to the event after each of `events` [B, T], in bars of [B, T] steps: [B, T, K]."""
        if not self.n:
            return events[..., None][..., :0]
        B, T = events.shape
        back = steps_per_bar[..., None] * self.bars
        source = torch.arange(1, T + 1, device=events.device)[None, :, None] - back
        found = events.gather(1, source.clamp(min=0).flatten(1)).view(B, T, self.n)
        return torch.where(source >= 0, found + 1, 0)

    def initial_state(self, batch: int) -> State:
        """No events yet: `history` [B, H], the newest last; `seen` [B], how many there were; `promised`."""
        if not self.n:
            return {}

        def zeros(*shape: int) -> Tensor:
            return torch.zeros(batch, *shape, dtype=torch.int64, device=self.bars.device)

        return {"history": zeros(self._history), "seen": zeros(), "promised": zeros(self.n)}

    def step(self, event: Tensor, steps_per_bar: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """After `event` [B] in a bar of [B] steps: what was promised to it, and what is promised to the next
        one, [B, K] each, and the next state."""
        if not self.n:
            none = event[:, None][:, :0]
            return none, none, {}
        history = torch.cat([state["history"][:, 1:], event[:, None]], 1)
        seen = state["seen"] + 1
        back = steps_per_bar[:, None] * self.bars
        promised = torch.where(seen[:, None] >= back, history.gather(1, self._history - back) + 1, 0)
        return state["promised"], promised, {"history": history, "seen": seen, "promised": promised}


def delayed(promised: Tensor) -> Tensor:
    """What was promised to each event [B, T, K] of what is promised to the one after it."""
    return pad(promised, (0, 0, 1, 0))[:, :-1]


def kept(promised: Tensor, events: Tensor) -> tuple[Tensor, Tensor]:
    """Which of the promises [..., K] to `events` [..., 1] were kept, bool [..., K]: as flags, and as labels
    count them, to which the default event keeps the farthest even where nothing stood there."""
    flags = promised == events + 1
    early = (promised[..., -1:] == 0) & (events == 0)
    return flags, torch.cat([flags[..., :-1], flags[..., -1:] | early], -1)
