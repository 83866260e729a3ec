"""`EventScores`, one value per event, and `Figures`, their means: the same for nets, for their labels and for
counting.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

import numpy as np

from antiphon.score.notes import Bool, Float, Int


@dataclass(frozen=True)
class EventScores:
    """Predictions of S events, one after the other in no particular order.

    `nll` float64 [S] in nats, `hit` bool [S] whether the likeliest was the actual one, `silent` bool [S]
    whether the actual one was the default event, `steps` int64 [S] of time that passed with it,
    `steps_per_bar` int64 [S] of its sequence (0 without bars), `step_s` float64 [S] the seconds of a step
    there."""

    nll: Float
    hit: Bool
    silent: Bool
    steps: Int
    steps_per_bar: Int
    step_s: Float

    @classmethod
    def joined(cls, parts: Iterable[EventScores]) -> EventScores:
        """All parts as one."""
        kept = list(parts)
        return cls(*(np.concatenate([getattr(part, field.name) for part in kept]) for field in fields(cls)))


@dataclass(frozen=True)
class Figures:
    """Means over all scored events; nan where there is nothing to take the mean of.

    `nll_per_event`, `nll_per_step`, `nll_per_bar` (bars are the sequences' own) and `nll_per_second` in nats;
    `perplexity` = exp(nll_per_event), `accuracy` the share of events that were thought likeliest,
    `event_accuracy` among those that are not the default event, `no_event_accuracy` among the others.
    """

    nll_per_event: float
    nll_per_step: float
    nll_per_bar: float
    nll_per_second: float
    perplexity: float
    accuracy: float
    event_accuracy: float
    no_event_accuracy: float

    @classmethod
    def of(cls, scores: EventScores) -> Figures:
        """The means of `scores`, which hold one event at least."""
        total, mean = float(scores.nll.sum()), float(scores.nll.mean())
        bars = np.divide(
            scores.steps, scores.steps_per_bar, where=scores.steps_per_bar > 0, out=np.zeros(len(scores.nll))
        )
        return cls(
            nll_per_event=mean,
            nll_per_step=_over(total, float(scores.steps.sum())),
            nll_per_bar=_over(total, float(bars.sum())),
            nll_per_second=_over(total, float((scores.steps * scores.step_s).sum())),
            perplexity=perplexity(mean),
            accuracy=_share(scores.hit),
            event_accuracy=_share(scores.hit[~scores.silent]),
            no_event_accuracy=_share(scores.hit[scores.silent]),
        )

    def as_dict(self) -> dict[str, float | None]:
        """Numbers by name as JSON has them: None for nan and infinity."""
        return {name: value if math.isfinite(value) else None for name, value in asdict(self).items()}


def perplexity(nats: float) -> float:
    """e to the power of `nats` per event; infinite where that is more than a float holds."""
    return math.exp(nats) if nats < 700 else math.inf


def _share(hits: Bool) -> float:
    return float(hits.mean()) if len(hits) else math.nan


def _over(total: float, amount: float) -> float:
    return total / amount if amount else math.nan
