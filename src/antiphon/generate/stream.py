"""Events as they come: the one generator behind files, streams and live playing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from typing import NamedTuple

import numpy as np

from antiphon.errors import OptionError
from antiphon.generate.plan import Plan
from antiphon.runtime.philox import Draws
from antiphon.runtime.sampler import Ids, Sampling, choose
from antiphon.runtime.walk import Automaton, Walk
from antiphon.score.notes import Float


class Sounding(NamedTuple):
    """One step of a stream."""

    step: int
    """Steps since the beginning, the primer's included."""
    step_in_bar: int
    event: int
    """0-127 a note begins, -1 it ends, -2 whatever was goes on."""
    time_s: float
    """Seconds since the beginning."""


def proposals(walk: Walk, draws: Draws, how: Sampling) -> Generator[Ids, Ids | None, None]:
    """The next events of all rows, int64 [B], for ever. What is sent in their place is what the rows hear."""
    while True:
        proposed = choose(walk.log_p, draws.at(walk.step)[:, 0], how, walk.allowed)
        heard = yield proposed
        walk.hear(proposed if heard is None else heard)


def stream(
    player: Automaton, opening: Float, plan: Plan, *, seed: int, output: int = 0
) -> Generator[Sounding, int | None, None]:
    """The events after the primer, for ever, or up to the length the options ask for.

    `send(event)` tells what sounded instead of what was proposed. The same seed and output number give the
    events that `generate` gives. Raises `OptionError` where a beam is asked for: a search knows its first
    event only at its end.
    """
    if plan.options.beam.width > 1:
        raise OptionError("A stream cannot be searched; leave beam size and branch factor at 1.")
    walk = plan.walk(player, opening, 1)
    source = proposals(walk, Draws(seed, [output]), plan.options.sampling)
    name = _namer(plan)
    bounded = plan.options.bars or plan.options.steps
    heard: Ids | None = None
    for step in range(walk.step, plan.n_steps) if bounded else itertools.count(walk.step):
        told = yield name(step, int(source.send(heard)[0]))
        heard = None if told is None else np.array([plan.heard(told)])


def _namer(plan: Plan) -> Callable[[int, int], Sounding]:
    """From a step and the id that the model plays to what sounds, all else worked out beforehand."""
    events = plan.sounding(np.arange(plan.family.n_events)).tolist()
    start, bar = plan.clock
    step_s = 60 / (plan.options.qpm or plan.primer.qpm) / plan.primer.melody.steps_per_quarter
    return lambda step, played: Sounding(step, (start + step) % bar, events[played], step * step_s)
