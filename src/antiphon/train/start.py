"""Where a run starts: a recipe with random weights, or a bundle that is to be fine-tuned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from antiphon import recipes
from antiphon.errors import OptionError
from antiphon.nets import EventBatch, EventModel
from antiphon.recipes import Recipe
from antiphon.runtime.bundle import Bundle, find
from antiphon.train.checkpoint import put_weights


@dataclass(frozen=True)
class Start:
    """The recipe with all its values, and the bundle that weights are taken from, if any."""

    recipe: Recipe
    bundle: Bundle | None = None

    def prepare(self, net: EventModel, examples: Iterable[EventBatch]) -> EventModel:
        """`net` with the bundle's weights; without a bundle with random ones, but for knowing how often each
        label occurs in the first of `examples`."""
        if self.bundle is not None:
            put_weights(net, {name: torch.from_numpy(w).float() for name, w in self.bundle.weights().items()})
        else:
            net.begin(_up_to(_COUNTED, examples))
        return net

    def facts(self) -> dict[str, Any] | None:
        """What `run.json` says about the bundle, with the optimiser steps its weights have behind them."""
        if self.bundle is None:
            return None
        return {
            "name": self.bundle.name,
            "sha256": self.bundle.sha256,
            "steps": self.bundle.provenance.get("steps", 0),
        }


_COUNTED = 1 << 20
"""Events of which labels are counted."""


def _up_to(n: int, batches: Iterable[EventBatch]) -> Iterator[EventBatch]:
    """Batches until they hold `n` events."""
    for batch in batches:
        yield batch
        n -= int(batch.lengths.sum())
        if n <= 0:
            return


def starting_point(
    recipe: Recipe | str | None, changes: Mapping[str, str], bundle: str | Path | None
) -> Start:
    """The start that is asked for.

    A bundle brings its recipe, of which only `training` may be changed, since its weights fit no other net.
    Raises `NameNotFound`, `OptionError`, `BundleError`.
    """
    named = recipes.find(recipe) if isinstance(recipe, str) else recipe
    if bundle is None:
        if named is None:
            raise OptionError(
                f"What shall be trained? Name a recipe ({next(iter(recipes.RECIPES))}), "
                "or a bundle with --from."
            )
        return Start(named.with_values(changes))
    opened = Bundle.open(find(bundle))
    if named is not None and named.name != opened.recipe.name:
        raise OptionError(f"'{bundle}' holds {opened.recipe.name}, not {named.name}; leave the recipe out.")
    changed = opened.recipe.with_values(changes)
    if replace(changed, training=opened.recipe.training) != opened.recipe:
        wrong = ", ".join(name for name in changes if not name.startswith("training."))
        raise OptionError(
            f"{wrong} cannot be changed with --from: the weights of '{bundle}' fit its own net only. Change "
            "training.* values, or train from scratch without --from."
        )
    return Start(changed, opened)
