"""Events as they come: a session played one event after the other, for as long as one wants."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import numpy as np

from antiphon.codecs.families import Float32
from antiphon.errors import OptionError
from antiphon.generate.plan import PiecePlan
from antiphon.runtime.session import PlayableModel
from antiphon.score.notes import Float, Int


class Sounding(NamedTuple):
    """One event of a stream."""

    step: int
    """Steps since the beginning, the primer's included."""
    step_in_bar: int
    event: Any
    """As the family writes it; `send` takes the same."""
    time_s: float
    """Seconds since the beginning."""
    value: tuple[float, ...] = ()
    """The continuous numbers that go with it."""


def stream(
    player: PlayableModel, opening: Float, plan: PiecePlan, *, seed: int, output: int = 0
) -> Generator[Sounding, Any, None]:
    """The events after the primer, for ever, or up to the length the options ask for.

    `send(event)` tells what sounded instead of what was proposed; a pitch that the model does not know is
    folded into its range. The same seed and output number give the events that `generate` gives.
    """
    options, recipe = plan.options, plan.recipe
    check_no_beam(plan)
    bounded = options.length.is_given
    session = plan.session(player, opening, [output], seed=seed, bounded=bounded)
    name = _namer(plan)
    while not bounded or session.time[0] < plan.end:
        played = session.propose()
        told = yield name(int(session.time[0]), played[0], session.value)
        if told is None:
            session.accept(played)
        else:
            session.hear(plan.heard(np.array([recipe.events.ids(told, recipe.view)], np.int64)))


def check_no_beam(plan: PiecePlan) -> None:
    """Raises `OptionError` where a beam is asked for: a search knows its first event only at its end."""
    if plan.options.search.width > 1:
        raise OptionError(
            "What is played as it comes cannot be searched; leave beam size and branch factor at 1."
        )


def _namer(plan: PiecePlan) -> Callable[[int, Int, Float32 | None], Sounding]:
    """From a step and the ids [F] that the model plays to what sounds, each event worked out once."""
    known: dict[tuple[int, ...], Any] = {}
    family, view, standing = plan.recipe.events, plan.recipe.view, plan.prompt.standing
    start, bar = standing.start_in_bar, plan.prompt.steps_per_bar
    step_s = plan.prompt.step_s(plan.options.length.qpm)

    def name(step: int, played: Int, value: Float32 | None) -> Sounding:
        ids = tuple(played.tolist())
        if ids not in known:
            known[ids] = family.event(plan.sounding(played), view)
        numbers = () if value is None else tuple(value[0].tolist())
        return Sounding(step, (start + step) % max(bar, 1), known[ids], step * step_s, numbers)

    return name
