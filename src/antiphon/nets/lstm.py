"""LSTM with Magenta's conventions (TensorFlow's BasicLSTMCell), and the plain stack of them.

`kernel` [inputs + size, 4 size] is applied to [x, h]; its columns are the gates i, j, f, o (j the candidate);
1 is added to f at run time and not stored: c' = c sigmoid(f + 1) + sigmoid(i) tanh(j); h' = tanh(c')
sigmoid(o).
"""

from __future__ import annotations

import torch
from torch import Tensor

from antiphon.nets.dense import Dense
from antiphon.nets.features import State
from antiphon.nets.stack import Layer, Stack
from antiphon.recipes import Lstm


class LSTMCell(Dense):
    """One layer of cells; a `nets.stack.Cell`."""

    _forget: Tensor

    def __init__(self, inputs: int, size: int) -> None:
        super().__init__(inputs + size, 4 * size)
        self.inputs, self.size = inputs, size
        self.state_shapes = {"c": (size,), "h": (size,)}
        self.register_buffer("_forget", torch.tensor([[0.0], [0], [1], [0]]), persistent=False)

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """[B, inputs] -> [B, size] and the next state."""
        gates = torch.cat([x, state["h"]], -1) @ self.kernel + self.bias
        i, j, f, o = gates.chunk(4, -1)
        c = state["c"] * (f + 1).sigmoid() + i.sigmoid() * j.tanh()
        h = c.tanh() * o.sigmoid()
        return h, {"c": c, "h": h}

    def sequence(self, x: Tensor, initial: State | None = None) -> Tensor:
        """[T, B, inputs] -> [T, B, size], from the state `initial`, zero where None, by torch's own LSTM."""
        weights = self._for_torch()
        zero = x.new_zeros(1, x.shape[1], self.size)
        h, c = (zero, zero) if initial is None else (initial["h"][None], initial["c"][None])
        return torch.lstm(x, (h, c), weights, True, 1, 0.0, self.training, False, False)[0]

    def _for_torch(self) -> list[Tensor]:
        """Weights as torch's LSTM wants them: gates i, f, j, o in rows, the forget bias inside the bias."""
        kernel = self.kernel.view(-1, 4, self.size)[:, [0, 2, 1, 3]].flatten(1).t()
        bias = (self.bias.view(4, self.size) + self._forget)[[0, 2, 1, 3]]
        from_x, from_h = torch.split(kernel, [self.inputs, self.size], 1)
        return [from_x.contiguous(), from_h.contiguous(), bias.flatten(), torch.zeros_like(self.bias)]


def plain_layers(width: int, sizes: tuple[int, ...], *, residual: bool, dropout: float) -> list[Layer]:
    """LSTM layers on an input of `width`; with `residual`, inputs are projected to a layer's size where they
    differ.
    """
    layers = []
    for size in sizes:
        cell = LSTMCell(size if residual else width, size)
        layers.append(Layer(cell, width, residual=residual, dropout=dropout))
        width = size
    return layers


def build(width: int, net: Lstm, dropout: float) -> Stack:
    """A stack of LSTM layers; with residual connections the first always has a projection, as in Magenta."""
    return Stack(plain_layers(width, net.layers, residual=net.residual, dropout=dropout))
