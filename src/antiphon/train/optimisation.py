"""The optimiser: the learning rate at each step, clipping in the two manners a recipe may name, and Adam."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from types import MappingProxyType

import torch
from torch import Tensor, nn

from antiphon.recipes import Training


def learning_rate(step: int, training: Training) -> float:
    """Rate of optimiser step `step` (0 is the first).

    Half a cosine from `learning_rate` at step 0 to `final_learning_rate` at `max_steps`; constant where the
    two are equal (the original's choice).
    """
    first, final = training.learning_rate, training.final_learning_rate
    done = min(step / max(training.max_steps, 1), 1.0)
    return final + (first - final) * (1 + math.cos(math.pi * done)) / 2


SLOTS = ("step", "exp_avg", "exp_avg_sq")
"""What is kept of a parameter that has moved: how often it has, and its moments."""


class Adam:
    """Adam (Kingma and Ba, 2015) with its usual constants, to the bit what `torch.optim.Adam` computes.

    Making one of torch's imports its compiler, which costs every process 70 MB and seconds. `state` holds
    `exp_avg`, `exp_avg_sq` and `step` of each parameter that has moved, the count on the CPU; `param_groups`
    is as `torch.amp.GradScaler` reads it.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], rate: float = 0.001) -> None:
        self.rate = rate
        self.param_groups = [{"params": list(parameters)}]
        self.state: dict[nn.Parameter, dict[str, Tensor]] = {}

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.param_groups[0]["params"]:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient, against it."""
        for parameter in self.param_groups[0]["params"]:
            if parameter.grad is not None:
                self._move(parameter, parameter.grad)

    def _move(self, parameter: nn.Parameter, gradient: Tensor) -> None:
        moments = self.state.setdefault(parameter, {})
        if not moments:
            moments["step"] = torch.tensor(0.0)
            moments["exp_avg"] = torch.zeros_like(parameter)
            moments["exp_avg_sq"] = torch.zeros_like(parameter)
        moments["step"] += 1
        n = moments["step"].item()
        mean = moments["exp_avg"].lerp_(gradient, 1 - _BETA_1)
        square = moments["exp_avg_sq"].mul_(_BETA_2).addcmul_(gradient, gradient, value=1 - _BETA_2)
        scale = (square.sqrt() / (1 - _BETA_2**n) ** 0.5).add_(_EPSILON)
        parameter.addcdiv_(mean, scale, value=-self.rate / (1 - _BETA_1**n))


_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


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


def clip(parameters: Iterable[nn.Parameter], limit: float, how: str) -> Tensor:
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
