"""Recurrent layers one upon another, each with what Magenta may wrap round it: input projection, residual,
dropout.

A *cell* is a module with `inputs`, `size`, `sequence(x [T, B, inputs], state) -> [T, B, size]` from a state
or from zero, `step(x [B, inputs], state) -> (y [B, size], state)` and `state_shapes`, the shape of each named
state tensor without the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from antiphon.nets.dense import Dense
from antiphon.nets.dropout import dropout
from antiphon.nets.features import State


class Cell(Protocol):
    """See the module."""

    inputs: int
    size: int

    @property
    def state_shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Name -> shape without the batch."""
        ...

    def sequence(self, x: Tensor, initial: State | None = None) -> Tensor:
        """[T, B, inputs] -> [T, B, size], from the state `initial`, zero where None."""
        ...

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """[B, inputs] -> [B, size] and the next state."""
        ...


class Body(Protocol):
    """What stands between features and the head: `size` outputs an event, in two speeds.

    A body may have `rings`, names of state tensors of which a step overwrites one row and leaves the rest,
    and `prefill(x [T, B, width], state) -> (y [B, size], state)`, which hears many events at once."""

    size: int

    def sequence(self, x: Tensor, initial: State | None = None) -> Tensor:
        """[T, B, width] -> [T, B, size], from the state `initial`, zero where None."""
        ...

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """[B, width] -> [B, size] and the next state; other entries of `state` are left alone."""
        ...

    def initial_state(self, batch: int) -> State:
        """Zeros, batch first."""
        ...


class Layer(nn.Module):
    """A cell; if `width` is not the cell's input width, a linear map before it; `residual` adds the cell's
    input to its output.
    """

    def __init__(self, cell: Cell, width: int, *, residual: bool, dropout: float) -> None:
        super().__init__()
        self.cell = cell
        self.residual = residual
        self.dropout = dropout
        self.projection = Dense(width, cell.inputs) if residual and width != cell.inputs else None

    def sequence(self, x: Tensor, initial: State | None = None) -> Tensor:
        """[T, B, width] -> [T, B, size]; drops out while training."""
        x = x if self.projection is None else self.projection(x)
        y = self.cell.sequence(x, initial)
        y = y + x if self.residual else y
        return dropout(y, self.dropout) if self.training else y

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """[B, width] -> [B, size] and the next state; never drops out."""
        x = x if self.projection is None else self.projection(x)
        y, after = self.cell.step(x, state)
        return (y + x if self.residual else y), after


class Stack(nn.Module):
    """Layers from the bottom up. Its state tensors are named '<layer>_<name in the cell>'."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.size: int = layers[-1].cell.size

    def _each(self) -> list[Layer]:
        return cast(list[Layer], list(self.layers))

    def sequence(self, x: Tensor, initial: State | None = None) -> Tensor:
        """[T, B, width] -> [T, B, size], from the state `initial`, zero where None."""
        for n, layer in enumerate(self._each()):
            x = layer.sequence(x, None if initial is None else self._own(n, layer, initial))
        return x

    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """[B, width] -> [B, size] and the next state."""
        after: State = {}
        for n, layer in enumerate(self._each()):
            x, new = layer.step(x, self._own(n, layer, state))
            after |= {f"{n}_{name}": value for name, value in new.items()}
        return x, after

    @staticmethod
    def _own(n: int, layer: Layer, state: State) -> State:
        """What of a stack's state is that of layer `n`."""
        return {name: state[f"{n}_{name}"] for name in layer.cell.state_shapes}

    def initial_state(self, batch: int) -> State:
        """Zeros, batch first."""
        some = next(self.parameters())
        shapes = {
            f"{n}_{k}": s for n, layer in enumerate(self._each()) for k, s in layer.cell.state_shapes.items()
        }
        return {
            name: torch.zeros(batch, *shape, dtype=some.dtype, device=some.device)
            for name, shape in shapes.items()
        }
