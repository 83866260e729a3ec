"""Where in the meter the next event falls, as +-1 bits.

The clock counts `bar * P + step in the bar` of the event to come, P being the smallest power of two that
holds a bar, so that the low bits are the place in the bar in any meter. In 4/4 at 16 steps a bar this is
Magenta's count of events so far.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from antiphon.nets.features.features import State
from antiphon.recipes import MAX_STEPS_PER_BAR


class Clock(nn.Module):
    """A clock of `bits` bits, the lowest first. With 0 bits it still knows where bars begin."""

    _period: Tensor
    _signs: Tensor

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits
        lengths = torch.arange(MAX_STEPS_PER_BAR + 1)
        period = 2 ** torch.ceil(torch.log2(lengths.clamp(min=1).double())).long()
        numbers = torch.arange(2**bits)[:, None]
        signs = (numbers >> torch.arange(bits)) % 2 * 2 - 1
        self.register_buffer("_period", period, persistent=False)
        self.register_buffer("_signs", signs.float(), persistent=False)

    def sequence(self, length: int, steps_per_bar: Tensor, start_in_bar: Tensor) -> tuple[Tensor, Tensor]:
        """Bits [B, T, bits] and whether the next event starts a bar, bool [B, T], after each of `length`
        events.
        """
        ahead = start_in_bar[:, None] + torch.arange(1, length + 1, device=steps_per_bar.device)
        bar, step = ahead // steps_per_bar[:, None], ahead % steps_per_bar[:, None]
        return self._read(bar, step, self._period[steps_per_bar][:, None]), step == 0

    def initial_state(self, batch: int) -> State:
        """Bar 0."""
        return {"bar": torch.zeros(batch, dtype=torch.int64, device=self._period.device)}

    def step(self, position: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Bits [B, bits] and whether the next event starts a bar, bool [B], after the event at `position` [B,
        2].
        """
        step, steps_per_bar = position[:, 0] + 1, position[:, 1]
        starts = step >= steps_per_bar
        bar = state["bar"] + starts.long()
        period = self._period.index_select(0, steps_per_bar)
        bits = self._read(bar, torch.where(starts, 0, step), period)
        return bits, starts, {"bar": bar}

    def _read(self, bar: Tensor, step: Tensor, period: Tensor) -> Tensor:
        count = bar * period + step
        return embedding(count % self._signs.shape[0], self._signs)
