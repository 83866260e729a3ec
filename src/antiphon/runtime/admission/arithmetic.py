"""Types and sizes that arithmetic gives, operator by operator of ONNX, opset 18."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from antiphon.runtime.admission.known import (
    BOOL,
    FEW,
    INT,
    Given,
    Known,
    Rule,
    axis_of,
    broadcast,
    need,
    numbers,
)
from antiphon.runtime.admission.protobuf import Refused
from antiphon.runtime.admission.reader import DTYPES, Node


def _like(node: Node, given: Given) -> list[Known]:
    """One tensor of the type and shape of the first."""
    need(all(other is None or len(other.shape) <= len(given[0].shape) for other in given), node)
    return [Known(given[0].dtype, given[0].shape)]


def _softmax(node: Node, given: Given) -> list[Known]:
    axis_of(node, len(given[0].shape), default=-1)
    return [Known(given[0].dtype, given[0].shape)]


def _elementwise(dtype: np.dtype[Any] | None = None, compute: Callable[..., Any] | None = None) -> Rule:
    """Of broadcast inputs; of their type unless `dtype` is said; computed where all are known whole
    numbers."""

    def rule(node: Node, given: Given) -> list[Known]:
        kinds = {known.dtype for known in given}
        need(bool(given) and len(kinds) == 1, node)
        shape = broadcast(node, [known.shape for known in given])
        value = None
        known_all = all(known.value is not None and known.dtype == INT for known in given)
        if compute is not None and known_all and math.prod(shape) <= FEW:
            with np.errstate(over="ignore"):
                value = np.asarray(compute(*(known.value for known in given)))
        return [Known(dtype or given[0].dtype, shape, value)]

    return rule


def _divide(compute: Callable[..., Any]) -> Rule:
    """Division of whole numbers by 0, or of the least by -1, ends the process on some machines."""
    plain = _elementwise(compute=compute)

    def rule(node: Node, given: Given) -> list[Known]:
        if given[0].dtype.kind == "i" and (given[1].value is None or (given[1].value < 1).any()):
            raise Refused(f"its '{node.op}' divides whole numbers by what need not be above 0")
        return plain(node, given)

    return rule


def _where(node: Node, given: Given) -> list[Known]:
    need(given[0].dtype == BOOL and given[1].dtype == given[2].dtype, node)
    return [Known(given[1].dtype, broadcast(node, [known.shape for known in given]))]


def _cast(node: Node, given: Given) -> list[Known]:
    to = node.attributes["to"]
    if to not in DTYPES:
        raise Refused("its 'Cast' makes a type that playing graphs have not")
    value = given[0].value
    kept = value if value is not None and DTYPES[to] == given[0].dtype == INT else None
    return [Known(DTYPES[to], given[0].shape, kept)]


def _matmul(node: Node, given: Given) -> list[Known]:
    a, b = given
    left = a.shape if len(a.shape) > 1 else (1, *a.shape)
    right = b.shape if len(b.shape) > 1 else (*b.shape, 1)
    need(bool(a.shape and b.shape) and left[-1] == right[-2] and a.dtype == b.dtype, node)
    shape = [*broadcast(node, [left[:-2], right[:-2]]), left[-2], right[-1]]
    if len(a.shape) == 1:
        del shape[-2]
    if len(b.shape) == 1:
        del shape[-1]
    return [Known(a.dtype, tuple(shape))]


def _gemm(node: Node, given: Given) -> list[Known]:
    a, b = given[0].shape, given[1].shape
    need(len(a) == len(b) == 2 and given[0].dtype == given[1].dtype, node)
    a = a[::-1] if node.attributes.get("transA", 0) else a
    b = b[::-1] if node.attributes.get("transB", 0) else b
    need(a[1] == b[0], node)
    if len(given) > 2 and given[2] is not None:
        need(broadcast(node, [given[2].shape, (a[0], b[1])]) == (a[0], b[1]), node)
    return [Known(given[0].dtype, (a[0], b[1]))]


def _reduce(node: Node, given: Given) -> list[Known]:
    shape = given[0].shape
    axes = node.attributes.get("axes")
    if len(given) > 1 and given[1] is not None:
        axes = numbers(node, given[1])
    if not axes:
        if node.attributes.get("noop_with_empty_axes", 0):
            return [Known(given[0].dtype, shape)]
        axes = range(len(shape))
    need(all(-len(shape) <= axis < len(shape) for axis in axes), node)
    gone = {axis % len(shape) for axis in axes}
    keep = node.attributes.get("keepdims", 1)
    left = tuple(1 if i in gone else n for i, n in enumerate(shape) if keep or i not in gone)
    return [Known(given[0].dtype, left)]


_UNARY = (
    "Abs", "Clip", "Cos", "CumSum", "Erf", "Exp", "Gelu", "LayerNormalization", "Log", "Neg", "Not",
    "Reciprocal", "Relu", "Sigmoid", "Sign", "Sin", "Sqrt", "Tanh",
)  # fmt: skip

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        **dict.fromkeys(_UNARY, _like),
        **dict.fromkeys(("Softmax", "LogSoftmax"), _softmax),
        **dict.fromkeys(("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"), _elementwise(BOOL)),
        **dict.fromkeys(("And", "Or"), _elementwise()),
        "Add": _elementwise(compute=np.add),
        "Sub": _elementwise(compute=np.subtract),
        "Mul": _elementwise(compute=np.multiply),
        "Max": _elementwise(compute=lambda *given: np.max(np.broadcast_arrays(*given), 0)),
        "Min": _elementwise(compute=lambda *given: np.min(np.broadcast_arrays(*given), 0)),
        "Div": _divide(lambda a, b: np.where(a < 0, -(-a // b), a // b)),
        "Mod": _divide(np.mod),
        "Pow": lambda node, given: [Known(given[0].dtype, broadcast(node, [k.shape for k in given]))],
        "Where": _where,
        "Cast": _cast,
        "MatMul": _matmul,
        "Gemm": _gemm,
        **dict.fromkeys(("ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum"), _reduce),
    }
)
"""The rules of arithmetic operators."""
