"""How long training takes: estimated before it starts, on batches of its own, and measured while it runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import islice

import torch

from antiphon.data.batches import Batch
from antiphon.nets import EventModel
from antiphon.train.device import Device
from antiphon.train.loader import Loader, tensors
from antiphon.train.metrics import duration

_LOOKED_AT, _TRIED = 12, 2


@dataclass(frozen=True)
class Estimate:
    """Seconds that an average step takes, and that judging one batch takes (no gradients)."""

    step_s: float
    judge_s: float

    def total_s(self, steps: int, evaluations: int, n_batches: int) -> float:
        """Seconds of `steps` steps with `evaluations` evaluations over `n_batches` batches."""
        return self.step_s * steps + self.judge_s * evaluations * n_batches


def estimate(net: EventModel, loader: Loader, device: Device) -> Estimate:
    """Try a few batches, without changing the net, and scale to the mean size of batches. Raises
    `CorpusError` without any.
    """
    batches = [batch for _, _, batch in islice(loader(0, 0), _LOOKED_AT)]
    mean = sum(batch.events.size for batch in batches) / len(batches)
    tried = sorted(batches, key=lambda batch: abs(batch.events.size - mean))[:_TRIED]
    _timed(net, tried[0], device, gradients=True)  # the first one pays for what is set up once
    seconds = sum(_timed(net, batch, device, gradients=True) for batch in tried)
    judging = _timed(net, tried[0], device, gradients=False)
    size = sum(batch.events.size for batch in tried)
    return Estimate(seconds * mean / size, judging * mean / tried[0].events.size)


def _timed(net: EventModel, batch: Batch, device: Device, *, gradients: bool) -> float:
    start = time.perf_counter()
    for micro_batch in batch.micro_batches(device.rows):
        _step(net, micro_batch, device, gradients=gradients)
    return time.perf_counter() - start


def _step(net: EventModel, batch: Batch, device: Device, *, gradients: bool = True) -> None:
    """One step of training but for the optimiser's, waited for to its end."""
    with torch.set_grad_enabled(gradients), device.autocast():
        loss = net.loss(tensors(batch, device.torch_device)).total
    if gradients:
        torch.autograd.backward(loss)
        net.zero_grad(set_to_none=True)
    loss.item()
    if device.torch_device.type == "cuda":
        torch.cuda.synchronize()


class Pace:
    """Exponential moving average of the seconds per step."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds

    def note(self, seconds: float, steps: int) -> None:
        """`steps` steps have just taken `seconds` together."""
        now = seconds / steps
        self.seconds = now if self.seconds is None else 0.8 * self.seconds + 0.2 * now

    @property
    def steps_per_s(self) -> float:
        """Steps a second; 0 before anything was measured."""
        return 1 / self.seconds if self.seconds else 0.0

    def left(self, steps: int) -> str:
        """How long `steps` more steps take, in words."""
        return duration(steps * (self.seconds or 0.0))
