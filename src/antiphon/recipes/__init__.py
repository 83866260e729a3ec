"""Recipes: what each model is. A variant is one file here and one line in `_OURS`.

Somebody else's package adds recipes through the entry point group `antiphon.recipes`: each entry names a
module with a `RECIPE`, loaded through the same door as ours.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType

from antiphon.errors import NameNotFound
from antiphon.recipes.recipe import MAX_STEPS_PER_BAR, Codec, Recipe, Sizes, Training, View

__all__ = ["MAX_STEPS_PER_BAR", "Codec", "Recipe", "Sizes", "Training", "View", "find", "recipes"]

_OURS = (
    "antiphon.recipes.melody_basic",
    "antiphon.recipes.melody_mono",
    "antiphon.recipes.melody_lookback",
    "antiphon.recipes.melody_attention",
    "antiphon.recipes.melody_phrase",
)


@cache
def recipes() -> MappingProxyType[str, Recipe]:
    """Every known recipe by its name, ours first."""
    modules = [*_OURS, *(entry.value for entry in entry_points(group="antiphon.recipes"))]
    found = [import_module(module).RECIPE for module in modules]
    return MappingProxyType({recipe.name: recipe for recipe in found})


def find(name: str) -> Recipe:
    """The recipe called `name`; raises `NameNotFound` with the nearest one."""
    known = recipes()
    if name not in known:
        raise NameNotFound("recipe", name, known)
    return known[name]
