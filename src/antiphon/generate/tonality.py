"""Keys and ranges: how a model that thinks in one key and range plays in another. For families with pitches;
others are told that they have no key.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antiphon.arrays import Bool, Int64
from antiphon.codecs import pitches
from antiphon.codecs.alphabet import Field
from antiphon.codecs.pitches import MAJOR_SCALE, PitchView
from antiphon.codecs.rules import Automaton, first, only
from antiphon.errors import OptionError, PromptError
from antiphon.generate.notation import MODES
from antiphon.generate.options import Options
from antiphon.generate.prompt import Prompt
from antiphon.recipes import Recipe
from antiphon.score.maps import Key

_EVERY = frozenset(range(12))


def relative_major(key: Key) -> int:
    """Pitch class of the major key with the same notes (D minor: 5, which is F)."""
    return (key.tonic - MODES[key.mode]) % 12


def scale(key: Key) -> frozenset[int]:
    """The key's seven pitch classes."""
    return frozenset((relative_major(key) + step) % 12 for step in MAJOR_SCALE)


def tonic_chord(key: Key) -> frozenset[int]:
    """Pitch classes of the first, third and fifth degree."""
    rising = sorted(scale(key), key=lambda pitch_class: (pitch_class - key.tonic) % 12)
    return frozenset(rising[0:5:2])


def way_to(key: Key, home: int, near: int = 0) -> int:
    """Semitones from music in the major key `home` (or its modes) to `key`: of all octaves the nearest to
    `near`.
    """
    return near + (relative_major(key) - home - near + 6) % 12 - 6


def check(recipe: Recipe, options: Options) -> None:
    """Raises `OptionError` where a key or a transposition is asked of music without pitches."""
    asked = options.given("key", "transpose")
    if asked and not recipe.alphabet.is_pitched:
        raise OptionError(
            f"'{recipe.name}' plays {recipe.family}, which have no pitches: leave out --{asked[0]}."
        )


def heard(prompt: Prompt) -> tuple[Int64, int]:
    """The prompt's ids [T, F] as the model hears them, and the semitones by which they were moved. Raises
    `PromptError` where they do not fit its range."""
    recipe, view = prompt.recipe, prompt.recipe.view
    if not isinstance(view, PitchView):
        return prompt.ids, 0
    if prompt.shift is not None:
        return pitches.moved(recipe.alphabet, prompt.ids, prompt.shift), prompt.shift
    outside = pitches.out_of_range(pitches.sounding(recipe.alphabet, prompt.ids), view)
    if outside is not None:
        offer = f" Use --transpose {outside.transpositions[0]}." if outside.transpositions else ""
        raise PromptError(f"The primer does not fit '{recipe.name}'. {outside}{offer}")
    return pitches.to_view(recipe.alphabet, prompt.ids, view)


def way_back(recipe: Recipe, key: Key | None, unmoved: int) -> int:
    """Semitones from the music as the model hears it to the music as it shall sound: `unmoved` where no key
    is asked for."""
    home = recipe.view.key if isinstance(recipe.view, PitchView) else None
    return unmoved if key is None or home is None else way_to(key, home, near=unmoved)


def rules(recipe: Recipe, options: Options, back: int) -> Sequence[Automaton]:
    """What the options forbid: notes of other scales, where the music is to stay in its key."""
    key = options.tonality.key
    if not options.tonality.in_key or key is None:
        return ()
    wrong = _EVERY - scale(key)
    return (only(*(~_onsets_of(field, wrong, back) for field in recipe.alphabet.fields)),)


def opening(recipe: Recipe, key: Key | None, back: int) -> Automaton:
    """How music begins that is made from nothing: with a note, where there is a key one of its tonic
    chord."""
    chord = tonic_chord(key) if key else _EVERY
    masks = zip(recipe.events.opening(recipe.alphabet), recipe.alphabet.fields, strict=True)
    return first(*(mask & ~_onsets_of(field, _EVERY - chord, back) for mask, field in masks))


def _onsets_of(field: Field, pitch_classes: frozenset[int], back: int) -> Bool:
    """Ids that begin a note which, moved by `back` semitones, is of `pitch_classes`; bool [V]."""
    tuned = field.onset & (field.pitch >= 0)
    return np.asarray(tuned & np.isin((field.pitch + back) % 12, list(pitch_classes)))
