"""`Prompt`: what a model is asked to continue, whatever family it plays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from antiphon.codecs import pitches
from antiphon.codecs.families import Float32
from antiphon.codecs.kinds import Standing
from antiphon.codecs.pitches import pitch_name
from antiphon.errors import FormatError, InputError, OptionError, PromptError
from antiphon.generate import notation
from antiphon.generate.options import typed
from antiphon.recipes import MAX_STEPS_PER_BAR, Recipe
from antiphon.score.maps import Key, Meter, MeterMap
from antiphon.score.notes import Int
from antiphon.score.pedal import sustained
from antiphon.score.quantize import quantize
from antiphon.score.score import Score

Given = Score | Sequence[Any] | Any | None
"""What a primer can be given as: a score (its first sequence is taken), a sequence of the model's family,
events as the family writes them, or nothing."""

_TYPES = {
    "events": str, "steps_per_quarter": int, "meter": str, "start_in_bar": int, "program": int, "qpm": float,
    "name": str, "key": str | None, "finished": bool, "shift": int | None,
}  # fmt: skip
_RANGES = {
    "steps_per_quarter": (0, 96), "steps_per_second": (0, 1000), "start_in_bar": (0, MAX_STEPS_PER_BAR - 1),
    "program": (0, 127), "qpm": (1e-3, 1e6), "shift": (-127, 127),
}  # fmt: skip
"""What a prompt in a record may hold: types in JSON, and least and greatest."""


@dataclass(frozen=True, eq=False)
class Prompt:
    """Music for a model of `recipe` to continue (of no events where it starts from nothing)."""

    recipe: Recipe
    ids: Int
    """Events of the family [T, F], at the pitches at which the music stands."""
    standing: Standing
    """Where and on which grid they stand."""
    qpm: float = 120.0
    name: str = ""
    """Of its part."""
    key: Key | None = None
    finished: bool = False
    """Whether its last note ends where the music ends; if not, the model may hold it on."""
    shift: int | None = None
    """Semitones from here to what the model hears, where it is known; None finds the key and octave that suit
    it.
    """
    value: Float32 | None = None
    """The continuous numbers that go with the events, [T, G]; None where they are the usual ones."""

    @cached_property
    def n_steps(self) -> int:
        """Its length in steps."""
        return int(self.recipe.alphabet.steps(self.ids).sum())

    def step_s(self, qpm: float | None = None) -> float:
        """Seconds in a step, at a tempo in quarters per minute or at its own."""
        standing = self.standing
        return (
            1 / standing.steps_per_second
            if standing.steps_per_second
            else (60 / (qpm or self.qpm) / standing.steps_per_quarter)
        )

    def counted_bar(self) -> int:
        """Steps in a bar; raises `OptionError` for music that has none."""
        if not self.steps_per_bar:
            raise OptionError(
                f"'{self.recipe.name}' plays by the clock and knows no bars; say how long with --seconds."
            )
        return self.steps_per_bar

    @property
    def steps_per_bar(self) -> int:
        """Steps in a bar; 0 in music that is counted by the clock."""
        return round(self.standing.steps_per_quarter * self.standing.meter.quarters)

    @property
    def pickup(self) -> int:
        """Steps before its first bar line."""
        return -self.standing.start_in_bar % max(self.steps_per_bar, 1)

    @property
    def sequence(self) -> Any:
        """The music as a sequence of the family."""
        return self.recipe.events.decode(self.ids, self.standing, self.recipe.view, self.value)

    @property
    def numbers(self) -> Float32:
        """The continuous numbers that go with the events, [T, G], with the usual ones as zeros."""
        if self.value is not None:
            return self.value
        return np.zeros((len(self.ids), len(self.recipe.alphabet.values)), np.float32)

    @property
    def has_notes(self) -> bool:
        """Whether a note begins in it."""
        return bool(self.recipe.alphabet.onsets(self.ids).any())

    def first_steps(self, n: int) -> Prompt:
        """What begins within its first n steps, and ends with them."""
        alphabet = self.recipe.alphabet
        times = alphabet.times(self.ids)
        kept = int((times < n).sum())
        ids = self.ids[:kept].copy()
        if kept and times[kept - 1] + alphabet.steps(ids[-1]) > n:
            shorter = alphabet.shortened(ids[-1], n - int(times[kept - 1]))
            ids = ids[:-1] if shorter is None else np.concatenate([ids[:-1], shorter[None]])
        value, rest = _as_long(self.value, len(ids)), min(n, self.n_steps) - int(alphabet.steps(ids).sum())
        ids = np.concatenate([ids, self.recipe.events.silence(alphabet, rest)]) if rest else ids
        return replace(self, ids=ids, value=_as_long(value, len(ids)), finished=True)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types; `from_dict` is the inverse."""
        family, standing = self.recipe.events, self.standing
        return {
            "events": family.text([family.event(row, self.recipe.view) for row in self.ids]),
            "steps_per_quarter": standing.steps_per_quarter,
            "meter": str(standing.meter),
            "start_in_bar": standing.start_in_bar,
            "program": standing.program,
            "qpm": self.qpm,
            "name": self.name,
            "key": None if self.key is None else str(self.key),
            "finished": self.finished,
            "shift": self.shift,
            **({"steps_per_second": standing.steps_per_second} if standing.steps_per_second else {}),
            **({} if self.value is None else {"value": self.value.tolist()}),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], recipe: Recipe) -> Prompt:
        """A prompt for a model of `recipe` from `as_dict`'s result. Raises `FormatError`, `PromptError` and
        `OptionError`."""
        by_the_clock = {"steps_per_second": int} if "steps_per_second" in values else {}
        said = {"steps_per_second": 0, **typed(values, {**_TYPES, **by_the_clock})}
        for name, (low, high) in _RANGES.items():
            if said[name] is not None and not low <= said[name] <= high:
                raise PromptError(f"The primer's {name} is {said[name]}; expected {low:g} to {high:g}.")
        if (said["steps_per_quarter"] > 0) == (said["steps_per_second"] > 0):
            raise PromptError("The primer has steps of a quarter or of a second; expected one of the two.")
        standing = Standing(
            meter=notation.meter(said["meter"]),
            steps_per_quarter=said["steps_per_quarter"],
            steps_per_second=said["steps_per_second"],
            start_in_bar=said["start_in_bar"],
            track=0,
            program=said["program"],
        )
        key = None if said["key"] is None else notation.key(said["key"])
        ids = _of_events(recipe.events.read(said["events"], recipe.view), recipe)
        value = _numbers(values.get("value"), len(ids), recipe)
        rest = (said["name"], key, said["finished"], said["shift"], value)
        return cls(recipe, ids, standing, said["qpm"], *rest)


def prompt(given: Given | Prompt, recipe: Recipe, meter: Meter | None = None, transpose: int = 0) -> Prompt:
    """What was given as a prompt for a model of `recipe`; `meter` overrides its own.

    Of a score the first sequence is taken that the family's extractor finds, up to the end of its last note;
    a pick-up keeps its place in the bar. Raises `PromptError` where there are no notes or transposition
    leaves MIDI's range."""
    if isinstance(given, Prompt):
        found = _of_prompt(given, recipe, meter)
    elif isinstance(given, Score):
        found = _of_score(given, recipe, meter)
    elif isinstance(given, recipe.events.extractor.sequence):
        found = _of_sequence(given, recipe, meter)
    else:
        quarter, second = recipe.view.grid
        standing = Standing(meter or Meter(), quarter, second, track=0)
        found = Prompt(recipe, _of_events(given, recipe), standing, name=recipe.family.capitalize())
    from_nothing = given is None or (isinstance(given, Prompt) and not len(given.ids))
    if not from_nothing and not found.has_notes:
        raise PromptError("The primer has no notes; give at least one, or leave the primer out.")
    return _transposed(found, transpose)


def first_bars(found: Prompt, n: int) -> Prompt:
    """The prompt's first n bars, and a pick-up before them; a note that goes on beyond is cut there.

    Raises `PromptError` where they hold no note.
    """
    end = found.pickup + n * found.counted_bar()
    if end >= found.n_steps:
        return found
    shorter = found.first_steps(end)
    if not shorter.has_notes:
        raise PromptError(f"The primer's first bars ({n}) hold no note; take more of them.")
    return shorter


def to_bar_line(found: Prompt) -> Prompt:
    """The prompt filled up with a rest to the end of its last bar; one that ends there already stays as it
    is.
    """
    missing = -(found.standing.start_in_bar + found.n_steps) % found.counted_bar()
    if not missing:
        return found
    ids = np.concatenate([found.ids, found.recipe.events.silence(found.recipe.alphabet, missing)])
    return replace(found, ids=ids, value=_as_long(found.value, len(ids)), finished=False)


def _as_long(value: Float32 | None, n: int) -> Float32 | None:
    """The continuous numbers of n events: cut there, or filled up with the usual ones."""
    if value is None:
        return None
    return np.pad(value[:n], ((0, max(n - len(value), 0)), (0, 0)))


def _of_score(score: Score, recipe: Recipe, meter: Meter | None) -> Prompt:
    family = recipe.events
    if meter is not None:
        score = score.replace(meters=MeterMap.of([(0, *meter)]))
    options = family.prompt_options(recipe.view)
    grid, pedal = family.extractor.reading(options, recipe.view.grid[0])
    found = family.extractor.extract(quantize(sustained(score) if pedal else score, grid), options)
    if not found.sequences:
        reasons = ", ".join(found.losses) or "no notes"
        raise PromptError(f"The primer '{score.source}' has no {family.name} to continue: {reasons}.")
    sequence = found.sequences[0]
    standing = Standing.of(sequence)
    return Prompt(
        recipe,
        family.encode(sequence, recipe.view),
        standing,
        float(score.tempos.qpm[0]),
        score.track_name(standing.track) or family.name.capitalize(),
        score.keys[0].key if score.keys else None,
        finished=True,
        value=family.value(sequence, recipe.view),
    )


def _of_prompt(given: Prompt, recipe: Recipe, meter: Meter | None) -> Prompt:
    if given.recipe.family != recipe.family:
        raise PromptError(
            f"The primer is of {given.recipe.events.plural}; '{recipe.name}' plays {recipe.events.plural}."
        )
    if bool(given.standing.steps_per_second) != bool(recipe.view.grid[1]):
        raise PromptError(
            f"The primer is counted by the {'clock' if given.standing.steps_per_second else 'beat'}, "
            f"'{recipe.name}' is not."
        )
    return replace(given, recipe=recipe, standing=_in_meter(given.standing, meter))


def _in_meter(standing: Standing, meter: Meter | None) -> Standing:
    """The same in bars of another meter, where one is asked for."""
    if meter is None:
        return standing
    bar = round(standing.steps_per_quarter * meter.quarters)
    return standing._replace(meter=meter, start_in_bar=standing.start_in_bar % max(bar, 1))


def _of_sequence(sequence: Any, recipe: Recipe, meter: Meter | None) -> Prompt:
    try:
        ids = recipe.events.encode(sequence, recipe.view)
    except InputError as error:
        raise PromptError(f"The primer cannot be used: {error}") from None
    standing = _in_meter(Standing.of(sequence), meter)
    value = recipe.events.value(sequence, recipe.view)
    return Prompt(recipe, ids, standing, name=recipe.family.capitalize(), value=value)


def _numbers(value: Any, n: int, recipe: Recipe) -> Float32 | None:
    """A record's continuous numbers of n events; raises `FormatError` for what is none."""
    if value is None:
        return None
    try:
        found = np.array(value, np.float32)
    except (TypeError, ValueError, OverflowError):
        found = np.empty(0, np.float32)
    if found.shape != (n, len(recipe.alphabet.values)) or not np.isfinite(found).all():
        raise FormatError(f"The record's 'value' does not go with {n} events of '{recipe.name}'.")
    return found


def _of_events(given: Any, recipe: Recipe) -> Int:
    """Events as the family writes them, as ids: before the first note nothing can end."""
    family = recipe.events
    if given is not None and not isinstance(given, Sequence | np.ndarray):
        raise PromptError(f"The primer is {given!r:.40}; expected a score, {family.plural}, or events.")
    rows = [family.ids(event, recipe.view) for event in ([] if given is None else given)]
    return family.excerpt(np.array(rows, np.int64).reshape(len(rows), recipe.alphabet.n_fields), 0)


def _transposed(found: Prompt, semitones: int) -> Prompt:
    if not semitones:
        return found
    if not len(found.ids):
        raise PromptError("There is no primer to transpose; give one, or say with --key where to play.")
    alphabet = found.recipe.alphabet
    before = pitches.sounding(alphabet, found.ids)
    lost = before[(before + semitones < 0) | (before + semitones > 127)]
    if len(lost):
        names = ", ".join(pitch_name(int(pitch)) for pitch in np.unique(lost))
        raise PromptError(
            f"The primer's {names} transposed by {semitones:+d} leaves MIDI's range; transpose by less."
        )
    key = found.key and found.key._replace(tonic=(found.key.tonic + semitones) % 12)
    moved = pitches.moved(alphabet, found.ids, semitones)
    return replace(found, ids=moved, key=key, shift=None if found.shift is None else found.shift - semitones)
