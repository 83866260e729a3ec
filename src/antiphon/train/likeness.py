"""Whether a bundle's graph plays what its recipe and weights give. A stranger's graph may play anything."""

from __future__ import annotations

import numpy as np

from antiphon.arrays import Float64
from antiphon.codecs.timing import Bars
from antiphon.errors import BundleError, RunError
from antiphon.nets import EventModel
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.player import Player
from antiphon.runtime.session import PlayableModel, Session
from antiphon.train.torch_player import TorchPlayer

_N_EVENTS = 20
_APART = 1e-3
"""Nats by which rounding may make them differ."""
_BARS = Bars.of(0, 16)


def unlikeness(bundle: Bundle, net: EventModel) -> str:
    """What is wrong with the graph of `bundle`, in words, where it gives a few events other probabilities
    than `net`, which has its weights, or cannot be played; '' where it is right."""
    training = net.training
    try:
        played = _said(bundle, Player(bundle))
        wanted = _said(bundle, TorchPlayer(net.eval()))
    except (BundleError, RunError) as error:
        return f"its graph cannot be played ({error})"
    finally:
        net.train(training)
    alike = np.allclose(played, wanted, rtol=0, atol=_APART)
    return "" if alike else "its graph does not play what its recipe and weights give"


def _said(bundle: Bundle, automaton: PlayableModel) -> Float64:
    """Log-probabilities after each of some events that the model knows, [T, V]."""
    ids = [np.flatnonzero(field.known) for field in bundle.alphabet.fields]
    width = bundle.recipe.control.width if bundle.recipe.control else 0
    control = (lambda steps: np.full((len(steps), width), 0.5, np.float32)) if width else None
    session = Session(automaton, bundle.opening, _BARS, control=control)
    found = []
    for event in np.stack([np.resize(known, _N_EVENTS) for known in ids], axis=1):
        session.hear(event[None])
        found.append(np.where(np.isfinite(session.log_p[0]), session.log_p[0], 0))
    return np.array(found)
