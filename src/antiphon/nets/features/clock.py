"""Where in the meter the next event falls, as bits of +1 and -1.

The clock counts `bar * P + step in the bar` of the event to come, P being the smallest power of two that
holds a bar, so that the low bits are the place in the bar in any meter. In 4/4 at 16 steps per bar this is
Magenta's count of events so far. Of a meter that changes, the bar that was heard last says how long bars are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from antiphon.codecs.alphabet import Alphabet
from antiphon.nets.features.features import State, look_up
from antiphon.recipes import MAX_STEPS_PER_BAR


class StepClock(nn.Module):
    """A clock of `bits` bits, the lowest first. With 0 bits it still knows where bars begin."""

    _period: Tensor
    _signs: Tensor

    def __init__(self, bits: int, alphabet: Alphabet) -> None:
        super().__init__()
        self.bits = bits
        lengths = torch.arange(MAX_STEPS_PER_BAR + 1)
        period = 2 ** torch.ceil(torch.log2(lengths.clamp(min=1).double())).long()
        signs = (torch.arange(2**bits)[:, None] >> torch.arange(bits)) % 2 * 2 - 1
        self.register_buffer("_period", period, persistent=False)
        self.register_buffer("_signs", signs.float(), persistent=False)
        self._steady = alphabet.steady == 1
        for f, field in enumerate(alphabet.fields):
            self.register_buffer(f"_steps{f}", torch.from_numpy(field.steps), persistent=False)
        self._n_fields = alphabet.n_fields

    def sequence(self, events: Tensor, position: Tensor) -> tuple[Tensor, Tensor]:
        """After each event of [B, T, F] at [B, T, 2]: bits [B, T, bits], and whether a bar line stands
        between it and the next, or under that one, bool [B, T]."""
        bars, step = self._next(events, position)
        period = look_up(self._period, position[..., 1])
        return self._read(bars.cumsum(1), step, period), bars > 0

    def initial_state(self, batch: int) -> State:
        """Bar 0."""
        return {"bar": torch.zeros(batch, dtype=torch.int64, device=self._period.device)}

    def step(self, event: Tensor, position: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """The same after one event [B, F] at `position` [B, 2]: bits [B, bits], bool [B], the next state."""
        bars, step = self._next(event, position)
        bar = state["bar"] + bars
        period = look_up(self._period, position[:, 1])
        return self._read(bar, step, period), bars > 0, {"bar": bar}

    def _next(self, events: Tensor, position: Tensor) -> tuple[Tensor, Tensor]:
        """Bar lines from each event to the next, and the step of its bar on which that one falls, [...]."""
        bar = position[..., 1]
        if self._steady:
            step = position[..., 0] + 1
            over = step >= bar
            return over.long(), torch.where(over, 0, step)
        step = position[..., 0] + self._advance(events)
        return step // bar.clamp(min=1), step % bar.clamp(min=1)  # without bars, every step is one

    def _advance(self, events: Tensor) -> Tensor:
        """Steps that pass with each event, [...]."""
        tables = [look_up(getattr(self, f"_steps{f}"), events[..., f]) for f in range(self._n_fields)]
        return torch.stack(tables, -1).sum(-1)

    def _read(self, bar: Tensor, step: Tensor, period: Tensor) -> Tensor:
        count = bar * period + step
        return embedding(count % self._signs.shape[0], self._signs)
