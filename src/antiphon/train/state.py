"""Where a run stands: everything a checkpoint must know beside tensors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass
class State:
    """Place, best and clock of a run; `as_dict` and `from_dict` are inverses but for the clock."""

    step: int = 0
    """Optimiser steps done."""
    epoch: int = 0
    batch: int = 0
    """Batches of this epoch that are done."""
    best_nll: float | None = None
    """Lowest validation NLL of events, nats a step."""
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
