"""Where a run starts: a recipe with random weights, or a bundle that is to be fine-tuned, all of it or a
part.

With low rank (Hu et al., 2021) each matrix W of the body stays as it is, and what is learnt is a product of
two small ones, W + down up; biases and the head train as ever. What is saved as the best is the sum, so a
bundle tuned in this way is like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from antiphon import nets, recipes
from antiphon.errors import BundleError, NameNotFound, OptionError
from antiphon.nets import EventBatch, EventModel
from antiphon.recipes import Recipe
from antiphon.runtime.bundle import Bundle, find
from antiphon.runtime.weights import weight_places
from antiphon.train.checkpoint import misfit, put_weights

FREEZE = ("body", "all-but-output")
"""What fine-tuning may leave as it is."""


@dataclass(frozen=True)
class Tuning:
    """What of a bundle is trained: all where both are left out. `freeze`: see `FREEZE`; `rank` of what is
    added to the body's matrices."""

    freeze: str | None = None
    rank: int | None = None

    def check(self, *, fine_tuning: bool) -> None:
        """Raises `OptionError`, `NameNotFound`."""
        if self.freeze is not None and self.freeze not in FREEZE:
            raise NameNotFound("part to freeze", self.freeze, FREEZE)
        if self.rank is not None and self.rank < 1:
            raise OptionError(f"--low-rank {self.rank}: expected 1 or more; 4 to 16 are usual.")
        if None not in (self.freeze, self.rank):
            raise OptionError(
                "--freeze and --low-rank exclude each other: low rank keeps the body's matrices."
            )
        if (self.freeze, self.rank) != (None, None) and not fine_tuning:
            flag = "--freeze" if self.freeze else "--low-rank"
            raise OptionError(f"{flag} is for fine-tuning: name a bundle with --from.")

    def apply(self, net: EventModel) -> EventModel:
        """Leave `net` with gradients for what is trained, and with the low-rank products, which change
        nothing yet."""
        if self.freeze is not None:
            frozen = "body." if self.freeze == "body" else ""
            for name, parameter in net.named_parameters():
                parameter.requires_grad_(name.startswith("output.") or not name.startswith(frozen))
        if self.rank is not None:
            for module, name, matrix in _matrices(net.body, self.rank):  # type: ignore[arg-type]
                parametrize.register_parametrization(module, name, _LowRank(matrix, self.rank))
                module.parametrizations[name].original.requires_grad_(False)  # type: ignore[index, union-attr]
        return net


class _LowRank(nn.Module):
    """W [inputs, outputs] -> W + down [inputs, rank] up [rank, outputs]; `up` starts at zero."""

    def __init__(self, matrix: Tensor, rank: int) -> None:
        super().__init__()
        inputs, outputs = matrix.shape
        self.down = nn.Parameter(torch.randn(inputs, rank) / inputs**0.5)
        self.up = nn.Parameter(torch.zeros(rank, outputs))

    def forward(self, matrix: Tensor) -> Tensor:
        """What the layer multiplies by."""
        return matrix + self.down @ self.up


def _matrices(body: nn.Module, rank: int) -> list[tuple[nn.Module, str, Tensor]]:
    """The parameters of two dimensions that a product of `rank` is smaller than, each with its module."""
    return [
        (module, name, parameter)
        for module in body.modules()
        for name, parameter in list(module.named_parameters(recurse=False))
        if parameter.dim() == 2 and rank * sum(parameter.shape) < parameter.numel()
    ]


_PARAMETRIZATIONS, _ORIGINAL = "parametrizations.", ".original"


def plain_weights(net: EventModel) -> dict[str, Tensor]:
    """The weights of `net` under the names they have without low-rank products, which are added in."""
    weights = {}
    for name, tensor in net.state_dict().items():
        before, low_rank, after = name.partition(_PARAMETRIZATIONS)
        if not low_rank:
            weights[name] = tensor
        elif after.endswith(_ORIGINAL):
            attribute = after.removesuffix(_ORIGINAL)
            weights[before + attribute] = getattr(net.get_submodule(before.rstrip(".")), attribute).detach()
    return weights


@dataclass(frozen=True)
class Start:
    """The recipe with all its values, the bundle that weights are taken from, if any, and what of it is
    trained."""

    recipe: Recipe
    bundle: Bundle | None = None
    tuning: Tuning = Tuning()

    def prepare(self, net: EventModel, examples: Iterable[EventBatch]) -> EventModel:
        """`net` with the bundle's weights, ready to be tuned; without a bundle with random ones, but for
        knowing how often each label occurs in the first of `examples`."""
        if self.bundle is not None:
            put_weights(net, {name: torch.from_numpy(w).float() for name, w in self.bundle.weights().items()})
        else:
            net.init_output_bias(_up_to(_COUNTED, examples))
        return self.tuning.apply(net)

    def facts(self) -> dict[str, Any] | None:
        """What `run.json` says about the bundle, with the optimiser steps its weights have behind them."""
        if self.bundle is None:
            return None
        return {
            "name": self.bundle.name,
            "sha256": self.bundle.sha256,
            "steps": self.bundle.provenance.get("steps", 0),
            **{name: value for name, value in asdict(self.tuning).items() if value is not None},
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
    recipe: Recipe | str | None,
    changes: Mapping[str, str],
    bundle: str | Path | None,
    tuning: Tuning = Tuning(),
) -> Start:
    """The start that is asked for.

    A bundle brings its recipe, of which only `training` may be changed, since its weights fit no other net.
    Raises `NameNotFound`, `OptionError`, `BundleError`.
    """
    tuning.check(fine_tuning=bundle is not None)
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
    check_sizes(opened)
    return Start(changed, opened, tuning)


def check_sizes(bundle: Bundle) -> None:
    """Raises `BundleError` where the weights are not those of the recipe's net; before such a net is made,
    which may take any amount of memory."""
    places = weight_places(bundle.safetensors)
    wrong = misfit({name: place.shape for name, place in places.items()}, nets.shapes(bundle.recipe))
    if wrong:
        raise BundleError(
            f"The weights of '{bundle.name}' do not fit its recipe: {wrong}. Get the bundle anew."
        )
