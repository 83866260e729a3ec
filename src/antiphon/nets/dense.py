"""A linear map in TensorFlow's layout: `kernel` [inputs, outputs], `bias` [outputs], so that old weights load
by copying.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Dense(nn.Module):
    """x -> x kernel + bias; the kernel starts Glorot-uniform, the bias zero, as in TensorFlow."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.xavier_uniform_(self.kernel)

    def forward(self, x: Tensor) -> Tensor:
        """[..., inputs] -> [..., outputs]."""
        return x @ self.kernel + self.bias
