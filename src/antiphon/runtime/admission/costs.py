"""What operators cost at most, so that time is bounded before a graph runs.

Units are nanoseconds, about: of one thread of a small machine of 2026, measured for each operator with the
type it is slowest in, on tensors that no cache holds, and rounded up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from antiphon.runtime.admission.known import Known
from antiphon.runtime.admission.reader import Node

_USUAL = 8
_A_NUMBER: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("Constant", "Shape"), 0),
        **dict.fromkeys(
            (
                "Abs", "Add", "And", "Cast", "Clip", "Equal", "Expand", "Flatten", "Greater",
                "GreaterOrEqual", "Identity", "LayerNormalization", "Less", "LessOrEqual", "Max", "Min",
                "Mul", "Neg", "Not", "Or", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "Relu",
                "Reshape", "Squeeze", "Sub", "Unsqueeze",
            ),
            2,
        ),
        **dict.fromkeys(("CumSum", "Div", "Gather", "GatherElements", "Mod"), 48),
        **dict.fromkeys(("Erf", "Exp", "Gelu", "Log", "LogSoftmax", "Sigmoid", "Softmax", "Tanh"), 64),
        **dict.fromkeys(("Cos", "Pow", "Sin"), 128),
    }
)  # fmt: skip
"""For each number that is taken or made, whichever are more."""
_IN_SINGLE = 4
"""Times that single precision is quicker in functions."""
_QUICKER = frozenset({"Erf", "Exp", "Gelu", "Log", "LogSoftmax", "Sigmoid", "Softmax", "Tanh", "Cos", "Sin"})
_FROM_PLACES = frozenset({"Gather", "GatherElements", "Slice", "Split"})
"""Of what they take they touch what they give alone."""
_BY_INDEX, _AN_INDEX = frozenset({"GatherND", "ScatterElements", "ScatterND"}), 100
_A_NODE = 4_000
_PRODUCTS_A_UNIT = {np.dtype(np.float32): 2, np.dtype(np.float64): 1}
_SLOWEST_PRODUCT = 6


def cost(node: Node, given: Sequence[Known | None], made: Sequence[Known]) -> int:
    """Nanoseconds, about, that a node takes at most."""
    there = [known for known in given if known is not None]
    out = sum(math.prod(known.shape) for known in made)
    if node.op in ("MatMul", "Gemm"):
        products, kind = out * max(there[0].shape, default=1), there[0].dtype
        each = _PRODUCTS_A_UNIT.get(kind)
        return _A_NODE + (products // each if each else products * _SLOWEST_PRODUCT)
    if node.op in _BY_INDEX:
        return _A_NODE + 2 * out + _AN_INDEX * math.prod(there[1].shape)
    taken = 0 if node.op in _FROM_PLACES else sum(math.prod(known.shape) for known in there)
    each = _A_NUMBER.get(node.op, _USUAL)
    if node.op in _QUICKER and made[0].dtype == np.float32:
        each //= _IN_SINGLE
    return _A_NODE + each * max(out, taken)
