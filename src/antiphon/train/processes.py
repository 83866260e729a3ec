"""Several processes that train one net together: each computes its rows of every batch, and gradients are
added up.

What they have in common is one primitive, a sum that every process gets: between processes of this machine
through shared memory (`antiphon.train.helper_processes`), between machines by what torchrun set up, and alone
nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import torch
import torch.distributed as dist
from torch import Tensor

from antiphon.errors import OptionError


class Exchange(Protocol):
    """A way between processes."""

    def add(self, values: Tensor) -> None:
        """Replace `values`, contiguous and of one shape everywhere, by their sum over the processes. Blocks
        until every process has called it."""
        ...


class _Alone:
    """One process has the sum already."""

    def add(self, values: Tensor) -> None:
        """Nothing to add."""


class _Distributed:
    """Between processes that torchrun started."""

    def add(self, values: Tensor) -> None:
        """By NCCL or gloo."""
        dist.all_reduce(values)


@dataclass(frozen=True)
class Processes:
    """This process's `rank` among `n`."""

    rank: int = 0
    n: int = 1
    exchange: Exchange = field(default_factory=_Alone)

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes files and reports."""
        return self.rank == 0

    def add_gradients(self, parameters: Iterable[torch.nn.Parameter], stop: bool) -> bool:
        """Replace every gradient by its sum over the processes, in one exchange; whether any of them was
        asked to `stop`."""
        if self.n == 1:
            return stop
        trained = [p for p in parameters if p.requires_grad]
        flag = trained[0].new_tensor([float(stop)])
        parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in trained]
        flat = torch.cat([*(part.flatten() for part in parts), flag])
        self.exchange.add(flat)
        sums = torch.split(flat[:-1], [p.numel() for p in trained])
        for parameter, total in zip(trained, sums, strict=True):
            parameter.grad = total.view_as(parameter)
        return bool(flat[-1].item())

    def total(self, values: Tensor) -> Tensor:
        """`values` summed over the processes."""
        self.exchange.add(values)
        return values

    def wait(self, device: torch.device) -> None:
        """Return when every process has come here."""
        self.exchange.add(torch.zeros(1, device=device))


_FEWEST_ROWS = 8
"""Rows of a batch that are worth a process: half as many take nearly as long."""


def how_many(asked: int | None, threads: int | None, device: torch.device, batch_size: int) -> int:
    """Processes of this machine that train together: those `asked` for, else one for every core where a CPU
    trains, unless the batch is small or a number of threads was asked for. Raises `OptionError`."""
    if asked is None:
        alone = torchrun_started() or threads is not None or device.type != "cpu"
        return 1 if alone else max(1, min(cores(), batch_size // _FEWEST_ROWS))
    if asked < 1:
        raise OptionError(f"--processes {asked}: expected 1 or more.")
    if asked > batch_size:
        raise OptionError(f"--processes {asked}: the {batch_size} sequences of a batch keep fewer busy.")
    if asked > 1 and (torchrun_started() or device.type != "cpu"):
        raise OptionError(
            "--processes is for the cores of one machine; several GPUs or machines train by torchrun alone."
        )
    return asked


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def local_rank() -> int:
    """Which of torchrun's processes on this machine this is; 0 where it started none."""
    return int(os.environ["LOCAL_RANK"]) if torchrun_started() else 0


def torchrun_started() -> bool:
    """Whether this process is one of several that torchrun started."""
    return "TORCHELASTIC_RUN_ID" in os.environ


@contextmanager
def distributed(device: torch.device) -> Iterator[Processes]:
    """The processes torchrun started, joined by NCCL on CUDA and by gloo otherwise."""
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size(), _Distributed())
    finally:
        dist.destroy_process_group()
