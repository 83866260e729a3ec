"""`PiecePlan`: a prompt and options worked out for one model: what it hears, until when it plays, what it may
play, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from antiphon.arrays import AnyInt, Float64, Int64
from antiphon.codecs import pitches
from antiphon.codecs.rules import Rule, Until, first
from antiphon.codecs.timing import Bars
from antiphon.errors import OptionError, PromptError
from antiphon.generate import notation, tonality
from antiphon.generate.options import MAX_STEPS, Length, Options
from antiphon.generate.prompt import Given, Prompt, first_bars, prompt
from antiphon.recipes import MAX_STEPS_PER_BAR, Recipe
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.sampling_options import Sampling
from antiphon.runtime.session import Control, PlayableModel, Session
from antiphon.score.maps import Meter

DEFAULT_BARS, DEFAULT_SECONDS = 16, 30
BARS_AFTER_PRIMER, SECONDS_AFTER_PRIMER = 8, 10


@dataclass(frozen=True)
class PiecePlan:
    """A prompt and options worked out for one model. `ids` [T, F] are the prompt's events as the model hears
    them, `back` the semitones from there to the result.
    """

    recipe: Recipe
    options: Options
    prompt: Prompt
    ids: Int64
    back: int
    end: int
    """Steps in all, the prompt's included."""
    bars: Bars

    def sounding(self, ids: AnyInt) -> Int64:
        """Ids [..., F], as they sound, of ids that the model plays."""
        return pitches.moved(self.recipe.alphabet, ids, self.back)

    def heard(self, ids: AnyInt) -> Int64:
        """Ids [..., F], as the model hears them, of ids that sounded."""
        return pitches.moved(self.recipe.alphabet, ids, -self.back)

    def session(
        self,
        player: PlayableModel,
        opening: Float64,
        outputs: Sequence[int],
        *,
        seed: int = 0,
        sampling: Sampling | None = None,
        bounded: bool = True,
    ) -> Session:
        """A row for each output, all of which have heard the prompt; not `bounded`, they may go beyond the
        end."""
        alphabet = self.recipe.alphabet
        rules = [*self._rules(bounded), *([] if len(self.ids) else [self._opening])]
        session = Session(
            player,
            opening,
            self.bars,
            rules=rules,
            sampling=self.options.sampling if sampling is None else sampling,
            control=self._control,
            seed=seed,
        )
        if len(self.ids):
            session.hear_all(self.ids, self.prompt.numbers if alphabet.values else None)
            _ = session.log_p
            session.limit(*self._after_end())
        return session.fork(np.zeros(len(outputs), np.int64), outputs)

    def _rules(self, bounded: bool) -> Sequence[Rule]:
        alphabet = self.recipe.alphabet
        grammar = self.recipe.events.grammar(alphabet)
        timed = () if alphabet.steady or not bounded else (Until(alphabet, self.end),)
        return (*grammar, *tonality.rules(self.recipe, self.options, self.back), *timed)

    @cached_property
    def _opening(self) -> Rule:
        return tonality.opening(self.recipe, self.options.tonality.key, self.back)

    def _after_end(self) -> Sequence[Rule]:
        """What may follow the prompt: no longer holding, where its last note is finished."""
        masks = self.recipe.events.after_end(self.recipe.alphabet) if self.prompt.finished else None
        return () if masks is None else (first(*masks),)

    @cached_property
    def _control(self) -> Control | None:
        part, asked = self.recipe.control, self.options.conditions.control
        if part is None:
            return None
        read: Control = part.read(asked)
        return read


def prepare(bundle: Bundle, given: Given | Prompt, options: Options, bars: Bars | None = None) -> PiecePlan:
    """Primer and options worked out for the bundle's model; `bars` are those of the music, where its meter
    changes. Raises `PromptError`, `OptionError`."""
    recipe = bundle.recipe
    tonality.check(recipe, options)
    if options.conditions.control is not None and recipe.control is None:
        raise OptionError(f"'{bundle.name}' is conditioned on nothing: leave out --control.")
    meter = options.length.meter or (_usual_meter(bundle) if given is None else None)
    given = prompt(given, recipe, meter, options.tonality.transpose)
    given = given if options.primed.primer_bars is None else first_bars(given, options.primed.primer_bars)
    _check_meter(given)
    ids, shift = tonality.heard(given)
    back = tonality.way_back(recipe, options.tonality.key, -shift)
    bars = bars or Bars.of(given.standing.start_in_bar, given.steps_per_bar)
    return PiecePlan(recipe, options, given, ids, back, _end(given, options), bars)


def _usual_meter(bundle: Bundle) -> Meter:
    """That of most of the pieces that the model learnt from; 4/4 where nothing is known."""
    return notation.meter(next(iter(bundle.defaults.get("meters", {})), "4/4"))


def _end(given: Prompt, options: Options) -> int:
    """Steps in all. Raises `PromptError` where the primer is as long as what is asked for."""
    length, step_s = options.length, given.step_s(options.length.qpm)
    asked = length.steps or (round(length.seconds / step_s) if length.seconds else _usual_end(given, length))
    if asked < 1:
        raise OptionError(f"{length.seconds:g} seconds are less than a step; ask for more.")
    if asked > MAX_STEPS:
        raise OptionError(f"The length is {asked} steps; expected up to {MAX_STEPS}. A stream has no end.")
    if asked <= given.n_steps:
        unit, words, flag = (
            (given.steps_per_bar, "bars", "--bars") if given.steps_per_bar else (1 / step_s, "s", "--seconds")
        )
        raise PromptError(
            f"The primer is {given.n_steps} steps long ({given.n_steps / unit:g} {words}), and {asked} "
            f"({asked / unit:g} {words}) are asked for with it; ask for more with {flag} or --steps, or take "
            "less of the primer with --primer-bars."
        )
    return asked


def _usual_end(given: Prompt, length: Length) -> int:
    """Steps in all of so many bars, or of a length that suits the primer."""
    if given.standing.steps_per_second and not length.bars:
        step_s = given.step_s()
        after = given.n_steps + round(SECONDS_AFTER_PRIMER / step_s) if given.n_steps else 0
        return max(round(DEFAULT_SECONDS / step_s), after)
    bar = given.counted_bar()
    begun = -(-(given.n_steps - given.pickup) // bar)
    bars = length.bars or max(DEFAULT_BARS, begun + BARS_AFTER_PRIMER if given.n_steps else 0)
    return given.pickup + bars * bar


def _check_meter(given: Prompt) -> None:
    standing = given.standing
    if standing.steps_per_second:
        return
    steps = standing.steps_per_quarter * standing.meter.quarters
    if steps != round(steps) or not 1 <= steps <= MAX_STEPS_PER_BAR:
        limit = f"whole steps of 1/{4 * standing.steps_per_quarter}, {MAX_STEPS_PER_BAR} at most"
        raise OptionError(
            f"A bar of {standing.meter} has {steps:g} steps; the models count {limit}. "
            "Choose another --meter."
        )
