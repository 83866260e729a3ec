"""From log-probabilities to an event: temperature, top-k, top-p, hard constraints, and a draw by inverse CDF.

One function for every event model, offline and live, for any number of rows. The random number of each row is
handed in (`antiphon.runtime.philox`), so a row draws the same event whoever its neighbours are.

Temperature divides the logits of *labels* and is applied inside the playing graph; only temperature 0, the
most probable event, is decided here. Order of the rest: constraints, then top-k, then top-p (Holtzman et al.,
'The curious case of neural text degeneration', 2020), each on what the one before left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.errors import OptionError

LogP = npt.NDArray[np.floating]
Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Sampling:
    """How an event is chosen. Raises `OptionError` for values outside their range."""

    temperature: float = 1.0
    """Above 0; higher is more adventurous. 0 always takes the most probable event."""
    top_k: int = 0
    """Choose among the k most probable events only; 0 is among all."""
    top_p: float = 1.0
    """Choose among the fewest most probable events that together have probability p; 1 is among all."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < float("inf"):
            raise OptionError(
                f"The temperature is {self.temperature}; expected 0 (the likeliest) or more, 1 is usual."
            )
        if self.top_k < 0:
            raise OptionError(f"top-k is {self.top_k}; expected 0 (all events) or a number of events.")
        if not 0 < self.top_p <= 1:
            raise OptionError(
                f"top-p is {self.top_p}; expected a probability above 0 and up to 1 (all events)."
            )

    @property
    def greedy(self) -> bool:
        """Whether the most probable event is taken instead of drawing."""
        return self.temperature == 0

    @property
    def graph_temperature(self) -> float:
        """The temperature the playing graph is given."""
        return self.temperature or 1.0


def choose(log_p: LogP, u: npt.NDArray[np.float64], how: Sampling, allowed: Mask | None = None) -> Ids:
    """One event id a row, int64 [B], from `log_p` [B, V], `u` [B] in (0, 1) and, if given, a mask bool [B,
    V].

    Raises `OptionError` where a row's constraints leave no event that the model gives any probability.
    """
    if allowed is not None:
        log_p = np.where(allowed, log_p, -np.inf)
    best = log_p.max(axis=1, keepdims=True)
    if best.min() == -np.inf:
        raise OptionError(
            "The constraints leave no event that the model can play; loosen the key or the range."
        )
    if how.greedy:
        return np.asarray(log_p.argmax(axis=1))
    p = np.exp(log_p - best, dtype=np.float64)
    if 0 < how.top_k < p.shape[1]:
        p = _top_k(p, how.top_k)
    if how.top_p < 1:
        p = _top_p(p, how.top_p)
    return _inverse_cdf(p, u)


def _inverse_cdf(p: npt.NDArray[np.float64], u: npt.NDArray[np.float64]) -> Ids:
    """The first id whose cumulated weight exceeds u times the row's total; never one of weight 0."""
    cumulated = p.cumsum(axis=1)
    threshold = u * cumulated[:, -1]
    ids: Ids = (cumulated > threshold[:, None]).argmax(axis=1)
    return ids


def _top_k(p: npt.NDArray[np.float64], k: int) -> npt.NDArray[np.float64]:
    """Weights below the k-th largest set to 0; equals of the k-th all stay: the order of ids has no say."""
    threshold = np.partition(p, -k, axis=1)[:, -k, None]
    return np.where(p >= threshold, p, 0.0)


def _top_p(p: npt.NDArray[np.float64], share: float) -> npt.NDArray[np.float64]:
    """Weights outside the smallest set of largest ones that reaches `share` of the row's total set to 0."""
    falling = np.sort(p, axis=1)[:, ::-1]
    cumulated = falling.cumsum(axis=1)
    last = (cumulated >= share * cumulated[:, -1:]).argmax(axis=1)
    threshold = falling[np.arange(len(p)), last]
    return np.where(p >= threshold[:, None], p, 0.0)
