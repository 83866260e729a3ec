"""Figures of training steps, summed where they arise and read seldom, so that a GPU need not wait."""

from __future__ import annotations

import torch

from antiphon.nets import Loss
from antiphon.train.processes import Processes


class Tally:
    """Sums over steps since `take` was last asked."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._reset()

    def _reset(self) -> None:
        self.n_steps = 0
        self._sums = torch.zeros(7, device=self._device)
        self._norm = torch.zeros((), device=self._device)
