"""Dropout whose mask is drawn four entries to a random number (torch's own costs as much on a CPU as a layer
of LSTM) and, while training, row by row: what is dropped of a sequence depends on its place in the whole
batch, never on which other rows are computed beside it. So any number of processes trains the same net.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

_CHANCES = 1 << 16


@dataclass
class _Draws:
    """Random bits for the rows `rows` of the batch named by `key`; each call draws from a stream of its
    own."""

    key: int
    rows: Sequence[int]
    calls: int = 0

    def bits(self, n: int) -> Tensor:
        """Int16 [B, n], by Philox 4x64 of (key, row), counted from (call, 0): more of them begin alike."""
        counter, n_words = [0, 0, 0, self.calls], -(-n // 4)
        self.calls += 1
        rows = [np.random.Philox(key=[self.key, row], counter=counter) for row in self.rows]
        words = np.stack([row.random_raw(n_words) for row in rows])
        return torch.from_numpy(words.view(np.int16)[:, :n])


_draws: list[_Draws] = []
"""What `of_rows` has opened, the innermost last."""


@contextmanager
def of_rows(key: int, rows: Sequence[int]) -> Iterator[None]:
    """Inside, `dropout` draws for the rows numbered `rows` of a batch; `key` (0 to 2^64 - 1) names the
    batch."""
    _draws.append(_Draws(key, rows))
    try:
        yield
    finally:
        _draws.pop()


def dropout(x: Tensor, share: float) -> Tensor:
    """`x` [..., B, size], or [B, size], with about `share` of its entries zero and the rest scaled up by
    1 / (1 - share).

    The share is rounded to a multiple of 1/65536; 0 leaves `x` as it is. Outside `of_rows`, and for tensors
    that are not on the CPU, torch's generator draws.
    """
    dropped = round(share * _CHANCES)
    if not dropped:
        return x
    kept = _bits(x) >= dropped - _CHANCES // 2
    return x * (kept.to(x.dtype) * (_CHANCES / (_CHANCES - dropped)))


def _bits(x: Tensor) -> Tensor:
    """Int16 of x's shape, uniformly distributed."""
    if _draws and x.device.type == "cpu":
        rows = x.shape[-2]
        bits = _draws[-1].bits(x.numel() // rows)  # [B, T * size]
        return bits.view(rows, *x.shape[:-2], x.shape[-1]).movedim(0, -2)  # [T, B, size]
    numbers = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=x.device).random_(-(2**63), None)
    return numbers.view(torch.int16)[: x.numel()].view(x.shape)
