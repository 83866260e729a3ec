"""Checkpoints: one safetensors file each, tensors and the facts about them together, so that both are
replaced at once; and `State`, what a run must know beside tensors.

Facts travel as JSON in the file's metadata. `last` holds net and optimiser and goes on exactly where it
stopped; `best` holds the net alone.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from antiphon.errors import RunError
from antiphon.files import atomic_path
from antiphon.train.optimisation import Adam


@dataclass
class State:
    """Place, best and clock of a run; `as_dict` and `from_dict` are inverses but for the clock."""

    step: int = 0
    """Optimiser steps done."""
    epoch: int = 0
    batch: int = 0
    """Batches of this epoch that are done."""
    best_nll: float | None = None
    """Lowest validation NLL, nats per step; see `metrics.judged`."""
    best_step: int = 0
    stale: int = 0
    """Evaluations since the best one."""
    elapsed_s: float = 0.0
    """Seconds of training, pauses between processes left out."""
    ended: str = ""
    """Why training is over; empty while it is not."""
    scaler: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Loss scaling of float16 training."""

    def as_dict(self) -> dict[str, Any]:
        """JSON types. The clock is left out: equal trainings give equal checkpoints however fast."""
        values = dataclasses.asdict(self)
        del values["elapsed_s"]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> State:
        """The state `as_dict` came from."""
        return cls(**values)

    def judge(self, nll: float, patience: int, max_steps: int) -> bool:
        """Take note of an evaluation; return whether it is the best so far, and end training where it is time
        to.
        """
        better = self.best_nll is None or nll < self.best_nll
        if better:
            self.best_nll, self.best_step, self.stale = nll, self.step, 0
        else:
            self.stale += 1
        if self.stale >= patience:
            self.ended = f"no improvement in {patience} evaluations"
        elif self.step >= max_steps:
            self.ended = f"all {max_steps:,} steps are done"
        return better


_FACTS = "antiphon"
_NET, _ADAM = "net.", "adam."


def save(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write tensors and facts (JSON types) to `path` whole or not at all. Raises `OutputError`."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic_path(path) as temporary:
        try:
            save_file(plain, temporary, metadata={_FACTS: json.dumps(facts)})
        except SafetensorError as error:  # wraps the OSError of a full disk, for instance
            raise OSError(str(error)) from error


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts of a checkpoint. Raises `RunError` where it is missing or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            return tensors, json.loads((file.metadata() or {})[_FACTS])
    except FileNotFoundError:
        raise RunError(f"No checkpoint '{path}'; train for a while first.") from None
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise RunError(
            f"The checkpoint '{path}' cannot be read ({error}); start anew in another folder."
        ) from error


def pack(net: torch.nn.Module, adam: Adam) -> dict[str, Tensor]:
    """Net and optimiser as named tensors; `unpack` is the inverse."""
    tensors = {_NET + name: tensor for name, tensor in net.state_dict().items()}
    for name, parameter in net.named_parameters():
        for slot, tensor in adam.state.get(parameter, {}).items():
            tensors[f"{_ADAM}{slot}.{name}"] = tensor
    return tensors


def unpack(tensors: dict[str, Tensor], net: torch.nn.Module, adam: Adam) -> None:
    """Put what `pack` returned back into net and optimiser. Raises `RunError` where they do not fit."""
    put_weights(net, net_of(tensors))
    slots = {k.removeprefix(_ADAM).split(".", 1)[0] for k in tensors if k.startswith(_ADAM)}
    for name, parameter in net.named_parameters():
        kept = {
            slot: tensors[f"{_ADAM}{slot}.{name}"] for slot in slots if f"{_ADAM}{slot}.{name}" in tensors
        }
        if kept:
            # Adam keeps its step count on the CPU and its moments beside the parameter.
            adam.state[parameter] = {s: t if s == "step" else t.to(parameter.device) for s, t in kept.items()}


def net_of(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The net's weights in what `pack` returned."""
    return {name.removeprefix(_NET): tensor for name, tensor in tensors.items() if name.startswith(_NET)}


def put_weights(net: torch.nn.Module, weights: dict[str, Tensor]) -> None:
    """Load `weights` into `net`. Raises `RunError` naming the first tensor that is missing, unknown, or of
    another shape.
    """
    wanted = net.state_dict()
    for name in sorted(wanted.keys() | weights.keys()):
        there, here = (tuple(t[name].shape) if name in t else None for t in (weights, wanted))
        if there != here:
            raise RunError(f"The weights do not fit the net: '{name}' has shape {there}, the net's {here}.")
    net.load_state_dict(weights)
