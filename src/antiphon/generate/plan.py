"""`Plan`: a primer and options worked out for one model: what it hears, how long, what it may play, and the
way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from antiphon.codecs import Family, family
from antiphon.errors import OptionError, PromptError
from antiphon.extract.melody import NO_EVENT
from antiphon.generate import keys
from antiphon.generate.options import MAX_STEPS, Options
from antiphon.generate.primer import Primer
from antiphon.recipes import MAX_STEPS_PER_BAR, Recipe
from antiphon.runtime.constraints import Constraints
from antiphon.runtime.sampler import Ids, LogP, Mask
from antiphon.runtime.walk import Automaton, Clock, Walk
from antiphon.score.notes import Float, Int

DEFAULT_BARS = 16
BARS_AFTER_PRIMER = 8


@dataclass(frozen=True)
class Plan:
    """One way to go: `ids` are the primer's events as the model hears them, `back` the semitones from there
    to the result.
    """

    recipe: Recipe
    options: Options
    primer: Primer
    ids: Int
    back: int
    n_steps: int
    """Events in all, the primer's included."""

    @property
    def family(self) -> Family[Any]:
        """The kind of events."""
        return family(self.recipe.family)

    @property
    def clock(self) -> Clock:
        """Where the first event stands in its bar."""
        return Clock(self.primer.melody.start_in_bar, self.primer.melody.steps_per_bar)

    def sounding(self, ids: Ids) -> Int:
        """Melody events, as they sound, of ids [...] that the model plays."""
        moved: Int = self.family.transpose(ids, self.back) + NO_EVENT
        return moved

    def heard(self, event: int) -> int:
        """The id, as the model hears it, of a melody event that sounded."""
        return int(self.family.transpose(np.array([event - NO_EVENT]), -self.back)[0])

    def walk(self, player: Automaton, opening: Float, n: int, temperature: float | None = None) -> Walk:
        """n rows that have heard the primer, or stand before the first event where there is none."""
        constraints = Constraints(self.family, 1, self._in_key())
        at = self.options.sampling.graph_temperature if temperature is None else temperature
        walk = Walk(player, self._log_opening(opening), 1, self.clock, at, constraints)
        for event in self.ids:
            walk.hear(np.array([event], dtype=np.int64))
        _ = walk.log_p
        first = self._first()
        if first is not None:
            constraints.limit_next(first)
        return walk.take(np.zeros(n, dtype=np.int64))

    def _in_key(self) -> Mask | None:
        """All events that are no note of another scale, where the piece is to stay in its key."""
        if not self.options.in_key or self.options.key is None:
            return None
        every, scale = frozenset(range(12)), keys.scale(self.options.key)
        return np.asarray(~keys.onsets(every - scale, self.back))

    def _first(self) -> Mask | None:
        """What may follow the primer: no longer holding, where its last note is finished. Without one: a
        first note.
        """
        if not len(self.ids):
            chord = keys.tonic_chord(self.options.key) if self.options.key else frozenset(range(12))
            return keys.onsets(chord, self.back)
        if not self.primer.finished:
            return None
        mask = np.ones(self.family.n_events, dtype=np.bool_)
        mask[self.family.default_id] = False
        return mask

    def _log_opening(self, opening: Float) -> LogP:
        """Log-distribution of first events; none that the model knows is quite impossible, so a chord can be
        asked for.
        """
        known = self.family.in_view(self.recipe.view)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(np.where(known, opening + 1e-9, 0.0)))


def plan(recipe: Recipe, primer: Primer, options: Options) -> Plan:
    """Work it out. Raises `PromptError` for a primer the model cannot hear, `OptionError` for a meter it
    cannot count.
    """
    _check_meter(primer)
    ids, shift = _heard(recipe, primer)
    return Plan(recipe, options, primer, ids, _way_back(recipe, options, -shift), _length(primer, options))


def _heard(recipe: Recipe, primer: Primer) -> tuple[Int, int]:
    """The primer's ids as the model hears them, and by how much they were moved."""
    kind = family(recipe.family)
    written = kind.encode(primer.melody)
    if primer.shift is not None:
        return kind.transpose(written, primer.shift), primer.shift
    outside = kind.out_of_range(written, recipe.view)
    if outside is not None:
        offer = f" Use --transpose {outside.transpositions[0]}." if outside.transpositions else ""
        raise PromptError(f"The primer does not fit '{recipe.name}'. {outside}{offer}")
    return kind.to_view(written, recipe.view)


def _length(primer: Primer, options: Options) -> int:
    """Steps in all. Raises `PromptError` where the primer is as long as what is asked for."""
    start, bar = primer.melody.start_in_bar, primer.melody.steps_per_bar
    pickup = bar - start if start else 0
    bars = options.bars or max(DEFAULT_BARS, _bars_after(primer, pickup))
    asked = options.steps or pickup + bars * bar
    if asked > MAX_STEPS:
        raise OptionError(f"The length is {asked} steps; expected up to {MAX_STEPS}. A stream has no end.")
    if asked <= len(primer):
        raise PromptError(
            f"The primer is {len(primer)} steps long ({len(primer) / bar:g} bars), and {asked} "
            f"({asked / bar:g} bars) are asked for with it; ask for more with --bars or --steps, or take "
            "less of the primer with --primer-bars."
        )
    return asked


def _bars_after(primer: Primer, pickup: int) -> int:
    """Bars that the primer has, with some more."""
    begun = -(-(len(primer) - pickup) // primer.melody.steps_per_bar)
    return begun + BARS_AFTER_PRIMER if len(primer) else 0


def _check_meter(primer: Primer) -> None:
    melody = primer.melody
    steps = melody.steps_per_quarter * melody.meter.quarters
    if steps != round(steps) or not 1 <= steps <= MAX_STEPS_PER_BAR:
        limit = f"whole steps of 1/{4 * melody.steps_per_quarter}, {MAX_STEPS_PER_BAR} at most"
        raise OptionError(
            f"A bar of {melody.meter} has {steps:g} steps; the models count {limit}. Choose another --meter."
        )


def _way_back(recipe: Recipe, options: Options, unmoved: int) -> int:
    home = recipe.view.key
    if options.key is None or home is None:
        return unmoved
    return keys.way_to(options.key, home, near=unmoved)
