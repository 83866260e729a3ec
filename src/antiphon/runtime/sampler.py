"""From log-probabilities to an event: temperature, top-k, top-p, hard constraints, and a draw by inverse CDF.

One function for every event model, offline and live, for any number of rows. The random number of each row is
handed in (`antiphon.runtime.philox`), so a row draws the same event whoever its neighbours are.

Temperature divides the logits of *labels* and is applied inside the playing graph; only temperature 0, the
most probable event, is decided here. Order of the rest: constraints, then top-k, then top-p (Holtzman et al.,
'The curious case of neural text degeneration', 2020), each on what the one before left. The rule of the draw
is fixed to the last rounding, so that other languages draw the same; `docs/playing-contract.md` states it.
"""

from __future__ import annotations

import numpy as np

from antiphon.arrays import AnyFloat, Bool, Float64, Int64
from antiphon.errors import OptionError
from antiphon.runtime.sampling_options import Sampling

SAMPLER_VERSION = 1
"""Changes when the same distributions and random numbers come to give other events."""
OPENING_FLOOR = 1e-9
"""Added to the probability of each first event, so that none that the model knows is quite impossible."""


def sample(
    log_p: AnyFloat, u: Float64, how: Sampling, allowed: Bool | None = None, greedy: Bool | None = None
) -> Int64:
    """One id per row, int64 [B], from `log_p` [B, V], `u` [B] in (0, 1) and, if given, a mask bool [B, V].

    `greedy` bool [B] are rows that take the most probable one; None is those of `how`. Raises `OptionError`
    where a row's constraints leave no event that the model gives any probability.
    """
    if len(log_p) == 1 and greedy is None:
        return _sample_one(log_p[0], float(u[0]), how, None if allowed is None else allowed[0])
    if allowed is not None:
        log_p = np.where(allowed, log_p, -np.inf)
    best = log_p.max(axis=1, keepdims=True)
    if best.min() == -np.inf:
        raise OptionError(_NOTHING)
    if greedy is None and how.temperature == 0:
        return np.asarray(log_p.argmax(axis=1))
    drawn = _inverse_cdf(_limited(np.exp(log_p - best, dtype=np.float64), how), u)
    return drawn if greedy is None else np.where(greedy, log_p.argmax(axis=1), drawn)


_NOTHING = "The constraints leave no event that the model can play; loosen the key or the range."


def _sample_one(log_p: AnyFloat, u: float, how: Sampling, allowed: Bool | None) -> Int64:
    """The same for one row [V], which is most of what is asked live, with half the work."""
    if allowed is not None:
        log_p = np.where(allowed, log_p, -np.inf)
    best = np.maximum.reduce(log_p)  # less overhead per call than .max(); below likewise
    if best == -np.inf:
        raise OptionError(_NOTHING)
    if how.temperature == 0:
        return np.array([log_p.argmax()])
    p = np.exp((log_p - best).astype(np.float64))
    if how.top_k or how.top_p < 1:
        p = _limited(p[None], how)[0]
    cumulated = np.add.accumulate(p)
    return np.array([cumulated.searchsorted(u * cumulated[-1], "right")])


def _limited(p: Float64, how: Sampling) -> Float64:
    """Weights [B, V] with those that top-k and top-p leave out set to 0."""
    if 0 < how.top_k < p.shape[1]:
        p = _top_k(p, how.top_k)
    return _top_p(p, how.top_p) if how.top_p < 1 else p


def _inverse_cdf(p: Float64, u: Float64) -> Int64:
    """The first id whose cumulated weight exceeds u times the row's total; never one of weight 0."""
    cumulated = p.cumsum(axis=1)
    threshold = u * cumulated[:, -1]
    ids: Int64 = (cumulated > threshold[:, None]).argmax(axis=1)
    return ids


def _top_k(p: Float64, k: int) -> Float64:
    """Weights below the k-th largest set to 0; ties with the k-th all stay, so that the order of ids does not
    matter."""
    threshold = np.partition(p, -k, axis=1)[:, -k, None]
    return np.where(p >= threshold, p, 0.0)


def _top_p(p: Float64, share: float) -> Float64:
    """Weights outside the smallest set of largest ones that reaches `share` of the row's total set to 0."""
    falling = np.sort(p, axis=1)[:, ::-1]
    cumulated = falling.cumsum(axis=1)
    last = (cumulated >= share * cumulated[:, -1:]).argmax(axis=1)
    threshold = falling[np.arange(len(p)), last]
    return np.where(p >= threshold[:, None], p, 0.0)
