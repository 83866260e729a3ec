"""The learning rate at each optimiser step."""

from __future__ import annotations

import math

from antiphon.recipes import Training


def learning_rate(step: int, training: Training) -> float:
    """Rate of optimiser step `step` (0 is the first).

    Half a cosine from `learning_rate` at step 0 to `final_learning_rate` at `max_steps`; constant where the
    two are equal (the original's choice).
    """
    first, final = training.learning_rate, training.final_learning_rate
    done = min(step / max(training.max_steps, 1), 1.0)
    return final + (first - final) * (1 + math.cos(math.pi * done)) / 2
