"""Ranges of a recipe's values: outside them no net can be built, or none that a machine could hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from antiphon.errors import OptionError

RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "view.min_pitch": (0, 127),
        "view.max_pitch": (1, 128),
        "view.key": (0, 11),
        "view.steps_per_quarter": (1, 96),
        "codec.lookback_bars": (1, 64),
        "codec.clock_bits": (0, 16),
        "sizes.layers": (1, 8192),
        "sizes.attention_length": (0, 4096),
        "training.batch_size": (1, 65_536),
        "training.learning_rate": (0, 1),
        "training.final_learning_rate": (0, 1),
        "training.dropout": (0, math.nextafter(1, 0)),
        "training.clip_norm": (0, math.inf),
        "training.transpose": (-127, 127),
        "training.max_length": (2, math.inf),
        "training.max_steps": (1, math.inf),
        "training.evaluate_every": (1, math.inf),
        "training.patience": (1, math.inf),
    }
)
"""Lowest and highest value by dotted name; of lists, of each item."""


def check(recipe: Mapping[str, Any]) -> None:
    """Check a recipe as plain data (`Recipe.as_dict`). Raises `OptionError` for values out of range."""
    for name, (low, high) in RANGES.items():
        group, _, leaf = name.partition(".")
        _check_value(name, recipe[group][leaf], low, high)
    if not recipe["sizes"]["layers"]:
        raise OptionError("sizes.layers is empty; expected one size or more, such as 128,128.")
    lowest, above = recipe["view"]["min_pitch"], recipe["view"]["max_pitch"]
    if lowest >= above:
        raise OptionError(f"view.min_pitch is {lowest}; expected less than view.max_pitch, which is {above}.")
    down, up = recipe["training"]["transpose"]
    if down > up:
        raise OptionError(f"training.transpose is {down},{up}; expected the lower interval first.")


def _check_value(name: str, value: Any, low: float, high: float) -> None:
    for item in value if isinstance(value, list | tuple) else (value,):
        if item is not None and not low <= item <= high:
            raise OptionError(f"{name} is {item}; expected {_between(low, high)}.")


def _between(low: float, high: float) -> str:
    if high == math.inf:
        return f"{low} or more"
    return f"{low} to {high}" if high == round(high) else f"{low} to below {math.ceil(high)}"
