"""What is known of a tensor before a graph runs, and what the rules of all operators ask of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.runtime.admission.protobuf import Refused
from antiphon.runtime.admission.reader import Node

Shape = tuple[int, ...]
FEW = 1 << 12
"""Most numbers of a tensor that is computed here."""


class Known(NamedTuple):
    """What is known of a tensor: its type, its shape, and its value where that is known."""

    dtype: np.dtype[Any]
    shape: Shape
    value: npt.NDArray[Any] | None = None


def of_value(value: npt.NDArray[Any]) -> Known:
    """What is known of a constant."""
    return Known(value.dtype, value.shape, value if value.size <= FEW else None)


Given = list[Any]
"""Of `Known`, and None for optional inputs that are left out."""
Rule = Callable[[Node, Given], list[Known]]

BOOL, INT = np.dtype(bool), np.dtype(np.int64)


def need(right: bool, node: Node) -> None:
    """Raises `Refused` unless sizes are `right`."""
    if not right:
        raise Refused(f"the sizes of its '{node.op}' do not fit")


def axis_of(node: Node, rank: int, name: str = "axis", default: int | None = None) -> int:
    """The axis that an attribute names, from 0. Raises `Refused` where there is none."""
    axis = node.attributes.get(name, default)
    if not isinstance(axis, int) or not -rank <= axis < max(rank, 1):
        raise Refused(f"its '{node.op}' names an axis that is not there")
    return axis % max(rank, 1)


def numbers(node: Node, known: Known | None) -> list[int]:
    """The whole numbers that a tensor holds; they must be known."""
    if known is None or known.value is None or known.dtype.kind != "i":
        raise Refused(f"a size of its '{node.op}' depends on what is heard")
    return [int(n) for n in known.value.ravel()]


def broadcast(node: Node, shapes: Sequence[Shape]) -> Shape:
    """The shape that `shapes` have together. Raises `Refused`."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise Refused(f"the sizes of its '{node.op}' do not fit") from None
