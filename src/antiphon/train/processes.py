"""Several processes training one net, started by torchrun; alone, everything here does nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True)
class Processes:
    """This process's `rank` among `n`; `local_rank` counts on this machine and names its GPU."""

    rank: int = 0
    n: int = 1
    local_rank: int = 0

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes files and talks."""
        return self.rank == 0

    def average_gradients(self, parameters: Iterable[torch.nn.Parameter]) -> None:
        """Replace every gradient by its mean over the processes, in one exchange."""
        if self.n == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.flatten() for g in gradients])
        dist.all_reduce(flat)
        flat /= self.n
        parts = torch.split(flat, [g.numel() for g in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def total(self, values: Tensor) -> Tensor:
        """`values` summed over the processes."""
        if self.n > 1:
            dist.all_reduce(values)
        return values

    def wait(self) -> None:
        """Return when every process has come here."""
        if self.n > 1:
            dist.barrier()

    def any(self, said: bool, device: torch.device) -> bool:
        """Whether any process says so."""
        if self.n == 1:
            return said
        flag = torch.tensor([float(said)], device=device)
        dist.all_reduce(flag, op=dist.ReduceOp.MAX)
        return bool(flag.item())


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """The processes torchrun started, joined by NCCL on CUDA and by gloo otherwise; one process where it
    started none.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        yield Processes()
        return
    cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size(), int(os.environ["LOCAL_RANK"]))
    finally:
        dist.destroy_process_group()
