"""A bundle's check: events, and how likely they are to be, by which any runtime anywhere can test itself.

The events are those that the model plays from nothing with the recorded seed, output 0, at temperature 1, in
bars of sixteen steps and without a control (zeros); so a runtime can check its random numbers and its draw
too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from antiphon.arrays import Int64
from antiphon.codecs.rules import first
from antiphon.codecs.timing import Bars
from antiphon.errors import AntiphonError, BundleError
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.container import brief
from antiphon.runtime.player import Player
from antiphon.runtime.session import Session

N_EVENTS = 64
SEED = 0
STEPS_PER_BAR = 16
_MOST_EVENTS = 128
TOLERANCE = 1e-4
"""Nats per event by which runtimes may differ."""


def recorded(bundle: Bundle) -> dict[str, Any]:
    """The check of a bundle, in JSON types."""
    events, log_likelihood = _played(bundle, SEED, STEPS_PER_BAR, None)
    return {
        "seed": SEED,
        "steps_per_bar": STEPS_PER_BAR,
        "events": events.tolist(),
        "log_likelihood": log_likelihood,
    }


def verify(bundle: Bundle) -> float:
    """Nats per event by which this machine differs from the one that recorded the bundle's check. Raises
    `BundleError` where it is more than rounding can explain, or where there is no check."""
    check = bundle.check
    try:
        events, wanted = np.array(check["events"], np.int64), float(check["log_likelihood"])
        if events.ndim != 2 or not 0 < len(events) <= _MOST_EVENTS:
            raise ValueError(f"expected 1 to {_MOST_EVENTS} events")
        _, found = _played(bundle, check["seed"], check["steps_per_bar"], events)
        apart = abs(found - wanted) / len(events)
    except (LookupError, TypeError, ValueError, ArithmeticError, AntiphonError) as error:
        raise BundleError(f"'{bundle.name}' has no check that can be run ({brief(error)}).") from None
    if not apart <= TOLERANCE:
        raise BundleError(
            f"'{bundle.name}' gives its own events {found:.3f} nats here, {wanted:.3f} where it was made; "
            "get it anew, or update onnxruntime."
        )
    return apart


def _played(bundle: Bundle, seed: int, steps_per_bar: int, given: Int64 | None) -> tuple[Int64, float]:
    """Events [T, F] played, or `given`, and the log-likelihood of all but the first."""
    family, alphabet = bundle.recipe.events, bundle.alphabet
    control = bundle.recipe.control
    width = 0 if control is None else control.width
    session = Session(
        Player(bundle),
        bundle.opening,
        Bars.of(0, steps_per_bar),
        rules=[*family.grammar(alphabet), first(*family.opening(alphabet))],
        control=None if control is None else lambda steps: np.zeros((len(steps), width), np.float32),
        seed=seed,
    )
    events: list[Int64] = []
    total = 0.0
    for t in range(N_EVENTS if given is None else len(given)):
        event = session.propose() if given is None else given[t][None]
        parts = zip(alphabet.slices, event[0].tolist(), strict=True)
        total += sum(float(session.log_p[0, part][i]) for part, i in parts) if t else 0.0
        session.hear(event)
        events.append(event[0])
    return np.array(events), total
