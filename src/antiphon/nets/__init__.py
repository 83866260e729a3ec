"""Nets: a codec's features and labels, and the architectures.

A part of a recipe says where its module is: `builds = 'module:callable'`. An architecture's callable is given
the width of its input, its part of the recipe and the share of dropout, and gives a `nets.stack.Body`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import torch

from antiphon.errors import NameNotFound, OptionError
from antiphon.nets.features import EventBatch, Heard, State
from antiphon.nets.model import EventModel, Likelihoods, Loss
from antiphon.recipes import Recipe
from antiphon.recipes.parts import CODECS, HEADS, NETS
from antiphon.schema import Opaque

__all__ = ["EventBatch", "EventModel", "Heard", "Likelihoods", "Loss", "State", "build", "shapes"]


def build(recipe: Recipe) -> EventModel:
    """A net of the recipe with random weights, in training mode. Raises `NameNotFound` for a part that is not
    installed here, `OptionError` for parts that do not go together."""
    return _built(recipe, torch.get_default_device())


def shapes(recipe: Recipe) -> dict[str, tuple[int, ...]] | None:
    """The shapes that weights of a net of the recipe have, by name, without the memory that they would take.

    None where somebody else's part can only be built whole. Raises as `build` does.
    """
    try:
        net = _built(recipe, torch.device("meta"))
    except RuntimeError:  # it asks for the values of tensors
        return None
    return {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}


def _built(recipe: Recipe, weights: torch.device) -> EventModel:
    """The net with its `weights` on a device. What a codec keeps is small and has its values."""
    codec = _builder(recipe.codec, CODECS)(recipe, recipe.codec)
    _check(recipe)
    with weights:
        body = _builder(recipe.net, NETS)(codec.width, recipe.net, recipe.training.dropout)
        head = _builder(recipe.head, HEADS)(body.size, codec.label_sizes, recipe.head)
        return EventModel(recipe, codec, body, head)


def _check(recipe: Recipe) -> None:
    """Raises `OptionError` where a part would ignore what there is, or wait for what there is not."""
    values = bool(recipe.alphabet.values)
    for name, there in (("control", recipe.control is not None), ("value", values)):
        if there and name not in recipe.codec.takes:
            without = "control=none" if name == "control" else "a view without continuous numbers"
            raise OptionError(
                f"The codec '{recipe.codec.name}' would not hear the {name} of '{recipe.name}'; use "
                f"'onehot', or {without}."
            )
    if recipe.head.draws != values:
        has = "has continuous numbers, which" if values else "has no continuous numbers, as"
        verb = "does not give" if values else "expects"
        raise OptionError(f"'{recipe.name}' {has} the head '{recipe.head.name}' {verb}; choose another head.")


def _builder(part: Any, parts: Any) -> Any:
    """What builds the module of a part."""
    if isinstance(part, Opaque):
        raise NameNotFound(parts.sort, part.name, parts)
    module, _, attribute = part.builds.partition(":")
    return getattr(import_module(module), attribute)
