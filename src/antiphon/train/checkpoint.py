"""Checkpoints: one safetensors file each, tensors and the facts about them together, so that both are
replaced at once; and `State`, what a run must know beside tensors.

Facts travel as JSON in the file's metadata. `last` holds net and optimiser and goes on exactly where it
stopped; `best` holds the net alone.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from antiphon import plain_json
from antiphon.errors import RunError, one_line
from antiphon.files import atomic_path
from antiphon.train.optimisation import SLOTS, Adam


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
        """The state `as_dict` came from. Raises `ValueError` for other values."""
        known = {field.name: field.default for field in dataclasses.fields(cls)}
        for name, value in values.items():
            like = known.get(name)
            fits = {
                "best_nll": value is None or _is_number(value),
                "scaler": isinstance(value, dict) and all(map(_is_number, value.values())),
                "elapsed_s": _is_number(value),
            }.get(name, type(value) is type(like) and (type(value) is not int or value >= 0))
            if name not in known or not fits:
                raise ValueError(f"its '{one_line(name, 40)}' is {one_line(repr(value), 40)}")
        missing = known.keys() - values.keys() - {"elapsed_s", "scaler"}
        if missing:
            raise ValueError(f"it lacks '{min(missing)}'")
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


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_FACTS = "antiphon"
_NET, _ADAM = "net.", "adam."


def save(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write tensors and facts (JSON types) to `path` whole or not at all. Raises `OutputError`."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic_path(path) as temporary:
        try:
            save_file(plain, temporary, metadata={_FACTS: json.dumps(facts)})
        except SafetensorError as error:  # wraps the OSError of a full disk, for instance
            number = re.search(r"os error (\d+)|code: (\d+)", str(error))
            raise OSError(int(number[1] or number[2]) if number else 0, one_line(error)) from error


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts of a checkpoint. Raises `RunError` where it is missing or damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            facts = plain_json.loads((file.metadata() or {})[_FACTS], gaps=True)
            if not isinstance(facts, dict):
                raise ValueError("what is known about it is no group of values")
            return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118 (not a dict)
    except FileNotFoundError:
        raise RunError(f"No checkpoint '{path}'; train for a while first.") from None
    except (OSError, SafetensorError, LookupError, TypeError, ValueError, RuntimeError) as error:
        why = "nothing is said about it" if isinstance(error, KeyError) else error
        raise damaged(path, why) from None


def damaged(path: Path, why: object) -> RunError:
    """The error to raise where a checkpoint is not what this version writes."""
    return RunError(
        f"The checkpoint '{path}' cannot be read ({one_line(why, 200)}); start anew in another folder."
    )


def state_of(path: Path, facts: Mapping[str, Any]) -> State:
    """The state in the facts of the checkpoint at `path`. Raises `RunError`."""
    try:
        return State.from_dict(facts)
    except ValueError as error:
        raise damaged(path, error) from None


def figures_of(path: Path, facts: Mapping[str, Any]) -> tuple[int, dict[str, float | None]]:
    """The optimiser step that the checkpoint at `path` is of, and its figures, None for what is no number;
    the latter are those of `best` alone. Raises `RunError`."""
    step, figures = facts.get("step"), facts.get("metrics", {})
    if type(step) is not int or step < 0:
        raise damaged(path, f"its step is {one_line(repr(step), 40)}")
    if not isinstance(figures, dict) or not all(v is None or _is_number(v) for v in figures.values()):
        raise damaged(path, "its figures are no numbers")
    return step, figures


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
    left = {name for name in tensors if name.startswith(_ADAM)}
    for name, parameter in net.named_parameters():
        kept = {
            slot: tensors[f"{_ADAM}{slot}.{name}"] for slot in SLOTS if f"{_ADAM}{slot}.{name}" in tensors
        }
        if kept:
            _check_slots(name, kept, parameter)
            left -= {f"{_ADAM}{slot}.{name}" for slot in kept}
            # Adam keeps its step count on the CPU and its moments beside the parameter.
            adam.state[parameter] = {s: t if s == "step" else t.to(parameter.device) for s, t in kept.items()}
    if left:
        raise RunError(f"The checkpoint has '{one_line(min(left), 80)}', which the net knows nothing of.")


def _check_slots(name: str, kept: Mapping[str, Tensor], parameter: Tensor) -> None:
    """Raises `RunError` where the optimiser's tensors of a parameter are not all there, of its shape."""
    for slot in SLOTS:
        wanted = () if slot == "step" else tuple(parameter.shape)
        found = kept.get(slot)
        if found is None or tuple(found.shape) != wanted or found.dtype != torch.float32:
            raise RunError(
                f"The optimiser's '{slot}' of '{name}' does not fit; start anew in another folder."
            )
    if not kept["step"] >= 0:
        raise RunError(f"The optimiser's count of '{name}' is no number; start anew in another folder.")


def net_of(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The net's weights in what `pack` returned."""
    return {name.removeprefix(_NET): tensor for name, tensor in tensors.items() if name.startswith(_NET)}


def put_weights(net: torch.nn.Module, weights: dict[str, Tensor]) -> None:
    """Load `weights` into `net`. Raises `RunError` naming the first tensor that is missing, unknown, or of
    another shape.
    """
    wanted = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    wrong = misfit({name: tuple(tensor.shape) for name, tensor in weights.items()}, wanted)
    wrong = wrong or next(
        (f"'{n}' holds no floats" for n, t in weights.items() if not t.is_floating_point()), ""
    )
    if wrong:
        raise RunError(f"The weights do not fit the net: {wrong}.")
    net.load_state_dict(weights)


Shapes = Mapping[str, tuple[int, ...]]


def misfit(there: Shapes, wanted: Shapes | None) -> str:
    """In words the first weight that is missing, unknown or of another shape than a net wants it; '' where
    all fit, or where nobody knows what is `wanted`."""
    if wanted is None:
        return ""
    for name in sorted(wanted.keys() | there.keys()):
        if there.get(name) != wanted.get(name):
            shown = one_line(name, 80)
            return f"'{shown}' has shape {there.get(name)}, the net's {wanted.get(name)}"
    return ""
