"""Nets: a codec's features and labels, and the architectures. An architecture is one module and one line in
`_BODIES`.

Somebody else's package adds one through the entry point group `antiphon.nets`, naming a function
'module:build' called with the input width, `recipes.Sizes` and the dropout, that gives a module with `size`,
`sequence`, `step` and `initial_state` as `nets.stack.Stack` has.
"""

from __future__ import annotations

from antiphon.nets import features
from antiphon.nets.model import EventModel, Loss, Scores
from antiphon.nets.registry import Registry
from antiphon.recipes import Recipe

__all__ = ["EventModel", "Loss", "Scores", "build"]

_BODIES = Registry(
    "net",
    "antiphon.nets",
    {
        "lstm": "antiphon.nets.lstm:build",
        "attention": "antiphon.nets.attention:build",
    },
)


def build(recipe: Recipe) -> EventModel:
    """A net of the recipe with random weights, in training mode. Raises `NameNotFound`, `OptionError`."""
    codec = features.build(recipe)
    body = _BODIES.find(recipe.net)(codec.width, recipe.sizes, recipe.training.dropout)
    return EventModel(recipe, codec, body)
