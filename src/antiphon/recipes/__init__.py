"""Recipes: what each model is. A variant is one file here and one line in `RECIPES`.

Somebody else's package adds recipes through the entry-point group `antiphon.recipes`; see
`antiphon.registry`."""

from __future__ import annotations

from antiphon.recipes.parts import Attention, Categorical, KeyMelody, Lookback, Lstm, OneHot
from antiphon.recipes.recipe import MAX_STEPS_PER_BAR, Recipe, Training
from antiphon.registry import Registry

__all__ = [
    "MAX_STEPS_PER_BAR",
    "RECIPES",
    "Attention",
    "Categorical",
    "KeyMelody",
    "Lookback",
    "Lstm",
    "OneHot",
    "Recipe",
    "Training",
    "find",
]

RECIPES: Registry[Recipe] = Registry(
    "recipe",
    "antiphon.recipes",
    {
        "melody/basic": "antiphon.recipes.melody_basic:RECIPE",
        "melody/mono": "antiphon.recipes.melody_mono:RECIPE",
        "melody/lookback": "antiphon.recipes.melody_lookback:RECIPE",
        "melody/attention": "antiphon.recipes.melody_attention:RECIPE",
        "melody/phrase": "antiphon.recipes.melody_phrase:RECIPE",
        "drums/one-drum": "antiphon.recipes.drums_one_drum:RECIPE",
        "drums/drum-kit": "antiphon.recipes.drums_drum_kit:RECIPE",
    },
    fits=lambda thing: isinstance(thing, Recipe),
)


def find(name: str) -> Recipe:
    """The recipe called `name`; raises `NameNotFound` with the nearest one."""
    return RECIPES.find(name)
