"""The learning rate at each optimiser step, and clipping gradients in the two manners a recipe may name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from types import MappingProxyType

import torch
from torch import Tensor

from antiphon.recipes import Training


def learning_rate(step: int, training: Training) -> float:
    """Rate of optimiser step `step` (0 is the first).

    Half a cosine from `learning_rate` at step 0 to `final_learning_rate` at `max_steps`; constant where the
    two are equal (the original's choice).
    """
    first, final = training.learning_rate, training.final_learning_rate
    done = min(step / max(training.max_steps, 1), 1.0)
    return final + (first - final) * (1 + math.cos(math.pi * done)) / 2


Gradients = list[Tensor]


def _by_tensor(gradients: Gradients, norms: Tensor, limit: float) -> None:
    scales = (limit / norms).clamp(max=1.0)
    torch._foreach_mul_(gradients, list(scales.unbind()))


def _by_global(gradients: Gradients, norms: Tensor, limit: float) -> None:
    torch._foreach_mul_(gradients, (limit / torch.linalg.vector_norm(norms)).clamp(max=1.0))


CLIPS: MappingProxyType[str, Callable[[Gradients, Tensor, float], None]] = MappingProxyType(
    {"tensor": _by_tensor, "global": _by_global}
)
"""'tensor': each gradient by its own L2 norm, as slim's `clip_gradient_norm` did; 'global': by the norm of
all together.
"""


def clip(parameters: Iterable[torch.nn.Parameter], limit: float, how: str) -> Tensor:
    """Clip the parameters' gradients in place to L2 norm `limit` (0: leave them); return the norm of all
    before, a scalar.

    Where that is no number (a recurrence whose gradient explodes over a long piece), every gradient becomes
    zero: one bad step costs itself only.
    """
    gradients = [p.grad for p in parameters if p.grad is not None]
    norms = torch.stack(torch._foreach_norm(gradients))
    total: Tensor = torch.linalg.vector_norm(norms)
    lost = ~total.isfinite()
    for gradient in gradients:
        gradient.masked_fill_(lost, 0.0)
    if limit > 0:
        CLIPS[how](gradients, norms.masked_fill(lost, 0.0), limit)
    return total
