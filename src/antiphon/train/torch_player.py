"""Adapter: a net in memory as a model that sessions play, to hear it as it trains and to compare it with
its graphs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from antiphon import nets
from antiphon.arrays import Int64
from antiphon.errors import RunError
from antiphon.nets import EventModel
from antiphon.runtime.graph import StepInput, StepOutput


class _Memory(dict[str, Tensor]):
    """A net's state."""

    def take(self, rows: Int64) -> _Memory:
        """The rows at `rows`."""
        return _Memory({name: tensor[torch.from_numpy(rows)] for name, tensor in self.items()})


class TorchPlayer:
    """A `runtime.session.PlayableModel` of a net."""

    can_prefill = False
    wants = frozenset(StepInput._fields)

    def __init__(self, net: EventModel, device: torch.device | None = None) -> None:
        self.alphabet = net.alphabet
        self.n_uniform = net.output.n_uniform
        self._net, self._device = net, device or torch.device("cpu")

    def start(self, n: int) -> _Memory:
        """Memories of `n` pieces in which nothing has sounded yet."""
        return _Memory({name: tensor.to(self._device) for name, tensor in self._net.initial_state(n).items()})

    @torch.no_grad()
    def step(self, heard: StepInput, state: Mapping[str, Tensor], *, keep: bool = True) -> StepOutput:
        """What follows an event. Raises `RunError` where the net gives no numbers."""
        given = heard._asdict()
        tensors = {
            n: None if a is None else torch.from_numpy(np.array(a)).to(self._device) for n, a in given.items()
        }
        temperature, uniform = tensors.pop("temperature"), tensors.pop("uniform")
        assert temperature is not None, "every step has a temperature"
        said = self._net.step(nets.Heard(**tensors), temperature, dict(state), uniform)  # type: ignore[arg-type]
        drawn, log_p = None if said.drawn is None else said.drawn.cpu().numpy(), said.log_p.cpu().numpy()
        if not np.add.reduce(log_p, axis=None) < np.inf:  # -inf stands where an event is impossible
            raise RunError("The net gives no numbers for the next event; start from other weights.")
        return StepOutput(log_p, _Memory(said.state), drawn=drawn)  # type: ignore[arg-type]

    def prefill(self, heard: StepInput, state: Mapping[str, Tensor], *, keep: bool = True) -> StepOutput:
        """A net in memory hears event by event."""
        raise AssertionError("this automaton says that it cannot")
