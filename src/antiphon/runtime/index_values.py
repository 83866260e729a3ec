"""Values of a bundle's index, which a stranger may have written: each is of its type and within its bounds,
or `TypeError` or `ValueError` says what was found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from antiphon.arrays import Float64
from antiphon.codecs.alphabet import Alphabet

Tensor = tuple[str, tuple[int, ...]]
"""A tensor's type ('int64' or 'float32') and its shape without the batch."""
_LONGEST_NAME = 200


def tensors(values: Mapping[str, Any]) -> dict[str, Tensor]:
    """Types and shapes by name."""
    return {text(each): (kind(sort), tuple(map(count, shape))) for each, (sort, shape) in values.items()}


def kind(value: Any) -> str:
    """A type of tensor."""
    if value not in ("int64", "float32"):
        raise ValueError(f"expected a type of tensor, found {value!r:.40}")
    return str(value)


def distribution(values: list[float], alphabet: Alphabet) -> Float64:
    """How often each id begins a piece; the shares of each field sum to 1."""
    found = np.array(values, dtype=np.float64)
    if found.shape != (alphabet.n_events,) or not np.isfinite(found).all() or (found < 0).any():
        raise ValueError("the opening distribution is not a list of probabilities")
    for part in alphabet.slices:
        total = math.fsum(found[part].clip(max=2))
        if not math.isclose(total, 1.0, rel_tol=1e-6):
            raise ValueError(f"the opening distribution sums to {total:.3g}")
    return found


def text(value: Any) -> str:
    """Text."""
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {value!r:.40}")
    return value


def name(value: Any) -> str:
    """A bundle's name: short, and such as can be printed."""
    found = text(value)
    if not found.isprintable() or not 0 < len(found) <= _LONGEST_NAME:
        raise ValueError(f"expected a name that can be printed, found {found!r:.40}")
    return found


def provenance(value: Any) -> dict[str, Any]:
    """Where weights come from."""
    found = mapping(value)
    mapping(found.get("corpus") or {})
    steps = found.get("steps", 0)
    if type(steps) is not int or steps < 0:
        raise ValueError(f"expected a number of steps, found {steps!r:.40}")
    return found


def defaults(value: Any) -> dict[str, Any]:
    """What music of the corpus is like."""
    found = mapping(value)
    for share in mapping(found.get("meters", {})).values():
        if not isinstance(share, int | float):
            raise TypeError(f"expected shares of meters, found {share!r:.40}")
    return found


def mapping(value: Any) -> dict[str, Any]:
    """Values by name."""
    if not isinstance(value, dict):
        raise TypeError(f"expected values by name, found {value!r:.40}")
    return value


def count(value: Any) -> int:
    """A size of 1 or more."""
    if not isinstance(value, int) or not 0 < value <= 1 << 24:
        raise ValueError(f"expected a size, found {value!r:.40}")
    return value


def place(value: Any) -> int:
    """A place, from 0 on."""
    if not isinstance(value, int) or not 0 <= value <= 1 << 24:
        raise ValueError(f"expected a place, found {value!r:.40}")
    return value
