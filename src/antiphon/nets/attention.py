"""LSTM that attends to its own last outputs (Bahdanau's additive attention, as Magenta's
AttentionCellWrapper).

With q the states [c, h] of every layer inside, M the last `length` outputs (zeros before the beginning take
part):
    u = [x, attended] input;  the layers inside make h of u;  score_t = v . tanh(M_t memory + q query)
    attended' = softmax(score) M;  output = [h, attended'] output, which is then remembered.
Round the 'first' layer only, the others come above it; round the 'stack', all are inside (bundles of
2016-17).
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from antiphon.nets.dense import Dense
from antiphon.nets.dropout import dropout
from antiphon.nets.features import State
from antiphon.nets.lstm import LSTMCell, plain_layers
from antiphon.nets.recurrence import attend
from antiphon.nets.stack import Layer, Stack
from antiphon.recipes import Attention


class AttentionCell(nn.Module):
    """Attention round LSTM cells of the given sizes; a `nets.stack.Cell`.

    State: `c` and `h` of each cell inside (`c1`, `h1`, ... above the first), `attended` [size], `memory`
    [length, size] oldest first, and `keys` [length, size], the same rows already multiplied by the memory
    kernel.
    """

    def __init__(self, inputs: int, sizes: tuple[int, ...], length: int, dropout: float) -> None:
        super().__init__()
        size = sizes[-1]
        self.inputs, self.size, self.length, self.dropout = inputs, size, length, dropout
        self.cells = nn.ModuleList(LSTMCell(a, b) for a, b in zip((inputs, *sizes), sizes, strict=False))
        self.input = Dense(inputs + size, inputs)
        self.query = Dense(2 * sum(sizes), size)
        self.memory = nn.Parameter(nn.init.xavier_uniform_(torch.empty(size, size)))
        self.score = nn.Parameter(
            nn.init.uniform_(torch.empty(size), -((3 / size) ** 0.5), (3 / size) ** 0.5)
        )
        self.output = Dense(2 * size, size)
        states = {f"{name}{n or ''}": (s,) for n, s in enumerate(sizes) for name in "ch"}
        self.state_shapes = {**states, "attended": (size,), "memory": (length, size), "keys": (length, size)}

    def lstms(self) -> list[LSTMCell]:
        """The layers inside, from the bottom up."""
        return cast(list[LSTMCell], list(self.cells))

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """[B, inputs] -> [B, size] and the next state."""
        h = self.input(torch.cat([x, state["attended"]], -1))
        after: State = {}
        for n, cell in enumerate(self.lstms()):
            suffix = str(n or "")
            h, new = cell.step(h, {"c": state[f"c{suffix}"], "h": state[f"h{suffix}"]})
            after |= {f"{name}{suffix}": value for name, value in new.items()}
            h = dropout(h, self.dropout) if self.training and n + 1 < len(self.cells) else h
        query = self.query(torch.cat(list(after.values()), -1))
        scores = ((state["keys"] + query[:, None]).tanh() * self.score).sum(-1)
        attended = (scores.softmax(-1)[:, None] @ state["memory"])[:, 0]
        y = self.output(torch.cat([h, attended], -1))
        after["attended"] = attended
        after["memory"] = torch.cat([state["memory"][:, 1:], y[:, None]], 1)
        after["keys"] = torch.cat([state["keys"][:, 1:], (y @ self.memory)[:, None]], 1)
        return y, after

    def sequence(self, x: Tensor, initial: State | None = None) -> Tensor:
        """[T, B, inputs] -> [T, B, size], from the state `initial`, zero where None; fast from zero and where
        one layer is inside."""
        return attend(self, x) if initial is None and len(self.cells) == 1 else self.unrolled(x, initial)

    def unrolled(self, x: Tensor, initial: State | None = None) -> Tensor:
        """The same, step by step."""
        state = initial or {n: x.new_zeros(x.shape[1], *shape) for n, shape in self.state_shapes.items()}
        outputs = []
        for moment in x:
            y, state = self.step(moment, state)
            outputs.append(y)
        return torch.stack(outputs)


def build(width: int, net: Attention, dropout: float) -> Stack:
    """The stack that the recipe's part describes."""
    if net.around == "stack":
        cell = AttentionCell(width, net.layers, net.length, dropout)
        return Stack([Layer(cell, width, residual=False, dropout=0.0)])
    first, *others = net.layers
    cell = AttentionCell(first if net.residual else width, (first,), net.length, dropout)
    bottom = Layer(cell, width, residual=net.residual, dropout=dropout)
    return Stack([bottom, *plain_layers(first, tuple(others), residual=net.residual, dropout=dropout)])
