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

from antiphon.errors import OptionError
from antiphon.nets.dense import Dense
from antiphon.nets.dropout import dropout
from antiphon.nets.features import State
from antiphon.nets.lstm import LSTMCell, plain_layers
from antiphon.nets.recurrence import attend
from antiphon.nets.stack import Layer, Stack
from antiphon.recipes import Sizes


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

    def sequence(self, x: Tensor) -> Tensor:
        """[T, B, inputs] -> [T, B, size], from the zero state; fast where one layer is inside."""
        return attend(self, x) if len(self.cells) == 1 else self.unrolled(x)

    def unrolled(self, x: Tensor) -> Tensor:
        """The same, step by step."""
        state = {name: x.new_zeros(x.shape[1], *shape) for name, shape in self.state_shapes.items()}
        outputs = []
        for moment in x:
            y, state = self.step(moment, state)
            outputs.append(y)
        return torch.stack(outputs)


def build(width: int, sizes: Sizes, dropout: float) -> Stack:
    """The stack that the sizes describe; raises `OptionError` for what has no meaning."""
    if sizes.attention_length < 1:
        raise OptionError(
            f"'sizes.attention_length' is {sizes.attention_length}; attention needs at least 1 step."
        )
    if sizes.attention_around == "stack":
        return _round_the_stack(width, sizes, dropout)
    if sizes.attention_around != "first":
        raise OptionError(
            f"'sizes.attention_around' is '{sizes.attention_around}'; expected 'first' or 'stack'."
        )
    first, *others = sizes.layers
    cell = AttentionCell(first if sizes.residual else width, (first,), sizes.attention_length, dropout)
    bottom = Layer(cell, width, residual=sizes.residual, dropout=dropout)
    return Stack([bottom, *plain_layers(first, tuple(others), residual=sizes.residual, dropout=dropout)])


def _round_the_stack(width: int, sizes: Sizes, dropout: float) -> Stack:
    if sizes.residual:
        raise OptionError(
            "Attention round the stack has no residual connections; set 'sizes.residual=false'."
        )
    cell = AttentionCell(width, sizes.layers, sizes.attention_length, dropout)
    return Stack([Layer(cell, width, residual=False, dropout=0.0)])
