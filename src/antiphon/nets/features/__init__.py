"""Codecs' arithmetic for nets. A codec is one module here and one line in `_OURS`.

Somebody else's package adds one through the entry point group `antiphon.features`, naming a class
'module:Class'.
"""

from __future__ import annotations

from antiphon.nets.features.features import Features, Moment, State
from antiphon.nets.registry import Registry
from antiphon.recipes import MAX_STEPS_PER_BAR, Recipe

__all__ = ["MAX_STEPS_PER_BAR", "Features", "Moment", "State", "build"]

_CODECS = Registry(
    "codec",
    "antiphon.features",
    {
        "onehot": "antiphon.nets.features.onehot:OneHot",
        "lookback": "antiphon.nets.features.lookback:Lookback",
        "key_melody": "antiphon.nets.features.key_melody:KeyMelody",
    },
)


def build(recipe: Recipe) -> Features:
    """Features of the recipe's codec; raises `NameNotFound` with the nearest codec."""
    made: Features = _CODECS.find(recipe.codec.name)(recipe)
    return made
