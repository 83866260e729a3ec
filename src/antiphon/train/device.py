"""Where training computes, and how finely: the device, mixed precision, threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import torch

from antiphon.errors import NameNotFound, OptionError

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True)
class Device:
    """A torch device and the type that products are computed in; `half` None is float32 throughout."""

    torch_device: torch.device
    half: torch.dtype | None = None

    @property
    def rows(self) -> int:
        """See `rows_at_once`."""
        return rows_at_once(self.torch_device)

    def autocast(self) -> AbstractContextManager[object]:
        """Context in which a training step runs: mixed precision where the device has it."""
        if self.half is None:
            return nullcontext()
        return torch.autocast(self.torch_device.type, dtype=self.half)

    def scaler(self) -> torch.amp.GradScaler:
        """Loss scaler, at work only in float16, whose small gradients would vanish without it."""
        return torch.amp.GradScaler(self.torch_device.type, enabled=self.half is torch.float16)

    def __str__(self) -> str:
        kind = (
            self.torch_device.type.upper()
            if self.torch_device.type != "cuda"
            else torch.cuda.get_device_name(self.torch_device)
        )
        return kind if self.half is None else f"{kind} in {str(self.half).removeprefix('torch.')}"


def choose_device(name: str, local_rank: int = 0) -> Device:
    """The device called `name`; 'auto' takes the first of CUDA, MPS and CPU that is there.

    On CUDA, products run in bfloat16 where the GPU has it, else in float16 with loss scaling. Raises
    `NameNotFound` for an unknown name and `OptionError` for a device this machine lacks.
    """
    if name not in DEVICES:
        raise NameNotFound("device", name, DEVICES)
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    kind = next(k for k in there if there[k]) if name == "auto" else name
    if not there[kind]:
        raise OptionError(f"This machine has no {kind} device that torch can use; take --device auto.")
    if kind != "cuda":
        return Device(torch.device(kind))
    torch.cuda.set_device(local_rank)
    half = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return Device(torch.device("cuda", local_rank), half)


def rows_at_once(place: torch.device) -> int:
    """Rows of a batch that are best computed at once: on a CPU, what a step of a recurrence touches shall fit
    its cache, and fewer rows take less memory."""
    return 32 if place.type == "cpu" else 1 << 30


@contextmanager
def using_threads(n: int | None) -> Iterator[None]:
    """Inside, torch uses `n` threads (None: as many as it likes). Raises `OptionError` for less than 1."""
    before = torch.get_num_threads()
    if n is not None:
        if n < 1:
            raise OptionError(f"--threads {n}: expected 1 or more.")
        torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)
