"""Types and shapes of all that a playing graph computes, for given shapes of its inputs.

Sizes follow from sizes, and from numbers that are known without running the graph: constants, sizes, and what
is computed of these. Where one would depend on what is heard, the graph is refused, so what it can take is
known before it runs. The rules are those of ONNX's operators, opset 18.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.runtime.onnx_reader import DTYPES, Node, Refused

Shape = tuple[int, ...]
_FEW = 1 << 12
"""Most numbers of a tensor that is computed here."""


class Known(NamedTuple):
    """What is known of a tensor: its type, its shape, and its value where that is known."""

    dtype: np.dtype[Any]
    shape: Shape
    value: npt.NDArray[Any] | None = None


def infer(node: Node, given: Sequence[Known | None]) -> list[Known]:
    """What a node gives, of what it takes. Raises `Refused` for an operator that no playing graph has, and
    where what it gives is not determined."""
    rule = RULES.get(node.op)
    if rule is None:
        raise Refused(f"it has the operator '{node.op[:40]}', which playing graphs have not")
    try:
        found = rule(node, list(given))
    except (IndexError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"its '{node.op}' is not written as ONNX has it") from None
    if len(found) != len(node.outputs) and not (node.op == "LayerNormalization" and len(node.outputs) == 1):
        raise Refused(f"its '{node.op}' gives another number of tensors than it should")
    for known in found:
        if any(n < 0 for n in known.shape):
            raise Refused(f"its '{node.op}' gives a tensor of negative size")
    return found


def of_value(value: npt.NDArray[Any]) -> Known:
    """What is known of a constant."""
    return Known(value.dtype, value.shape, value if value.size <= _FEW else None)


Given = list[Any]
"""Of `Known`, and None for optional inputs that are left out."""
Rule = Callable[[Node, Given], list[Known]]

_BOOL, _INT = np.dtype(bool), np.dtype(np.int64)


def _need(right: bool, node: Node) -> None:
    if not right:
        raise Refused(f"the sizes of its '{node.op}' do not fit")


def _axis(node: Node, rank: int, name: str = "axis", default: int | None = None) -> int:
    axis = node.attributes.get(name, default)
    if not isinstance(axis, int) or not -rank <= axis < max(rank, 1):
        raise Refused(f"its '{node.op}' names an axis that is not there")
    return axis % max(rank, 1)


def _numbers(node: Node, known: Known | None) -> list[int]:
    """The whole numbers that a tensor holds; they must be known."""
    if known is None or known.value is None or known.dtype.kind != "i":
        raise Refused(f"a size of its '{node.op}' depends on what is heard")
    return [int(n) for n in known.value.ravel()]


def _broadcast(node: Node, shapes: Sequence[Shape]) -> Shape:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise Refused(f"the sizes of its '{node.op}' do not fit") from None


def _like(node: Node, given: Given) -> list[Known]:
    """One tensor of the type and shape of the first."""
    _need(all(other is None or len(other.shape) <= len(given[0].shape) for other in given), node)
    return [Known(given[0].dtype, given[0].shape)]


def _softmax(node: Node, given: Given) -> list[Known]:
    _axis(node, len(given[0].shape), default=-1)
    return [Known(given[0].dtype, given[0].shape)]


def _elementwise(dtype: np.dtype[Any] | None = None, compute: Callable[..., Any] | None = None) -> Rule:
    """Of broadcast inputs; of their type unless `dtype` is said; computed where all are known whole
    numbers."""

    def rule(node: Node, given: Given) -> list[Known]:
        kinds = {known.dtype for known in given}
        _need(bool(given) and len(kinds) == 1, node)
        shape = _broadcast(node, [known.shape for known in given])
        value = None
        known_all = all(known.value is not None and known.dtype == _INT for known in given)
        if compute is not None and known_all and math.prod(shape) <= _FEW:
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
    _need(given[0].dtype == _BOOL and given[1].dtype == given[2].dtype, node)
    return [Known(given[1].dtype, _broadcast(node, [known.shape for known in given]))]


def _cast(node: Node, given: Given) -> list[Known]:
    to = node.attributes["to"]
    if to not in DTYPES:
        raise Refused("its 'Cast' makes a type that playing graphs have not")
    value = given[0].value
    kept = value if value is not None and DTYPES[to] == given[0].dtype == _INT else None
    return [Known(DTYPES[to], given[0].shape, kept)]


def _constant(node: Node, given: Given) -> list[Known]:
    ((name, value),) = node.attributes.items()
    kinds = {
        "value": None,
        "value_int": _INT,
        "value_ints": _INT,
        "value_float": "<f4",
        "value_floats": "<f4",
    }
    dtype = kinds[name]
    _need((dtype is None) == isinstance(value, np.ndarray), node)
    return [of_value(np.asarray(value, dtype))]


_FLOAT = np.dtype(np.float32)
_PLAIN = {"value_int": _INT, "value_ints": _INT, "value_float": _FLOAT, "value_floats": _FLOAT}


def _identity(node: Node, given: Given) -> list[Known]:
    return [given[0]]


def _shape(node: Node, given: Given) -> list[Known]:
    first, last = (node.attributes.get(name, default) for name, default in (("start", 0), ("end", 1 << 30)))
    return [of_value(np.array(given[0].shape[first:last], np.int64))]


def _concat(node: Node, given: Given) -> list[Known]:
    rank = len(given[0].shape)
    axis = _axis(node, rank)
    rests = {(known.dtype, known.shape[:axis], known.shape[axis + 1 :], len(known.shape)) for known in given}
    _need(len(rests) == 1 and rank > 0, node)
    shape = list(given[0].shape)
    shape[axis] = sum(known.shape[axis] for known in given)
    values = [known.value for known in given]
    small = all(value is not None for value in values) and math.prod(shape) <= _FEW
    return [Known(given[0].dtype, tuple(shape), np.concatenate(values, axis) if small else None)]


def _expand(node: Node, given: Given) -> list[Known]:
    wanted = tuple(_numbers(node, given[1]))
    _need(all(n >= 0 for n in wanted), node)
    return [Known(given[0].dtype, _broadcast(node, [given[0].shape, wanted]))]


def _reshape(node: Node, given: Given) -> list[Known]:
    wanted, n = _numbers(node, given[1]), math.prod(given[0].shape)
    if not node.attributes.get("allowzero", 0):
        wanted = [given[0].shape[i] if size == 0 else size for i, size in enumerate(wanted)]
    _need(wanted.count(-1) <= 1 and all(size >= -1 for size in wanted), node)
    rest = math.prod(size for size in wanted if size != -1)
    _need(n % rest == 0 if -1 in wanted and rest else rest == n, node)
    shape = tuple(n // rest if size == -1 else size for size in wanted)
    value = given[0].value
    return [Known(given[0].dtype, shape, None if value is None else value.reshape(shape))]


def _flatten(node: Node, given: Given) -> list[Known]:
    shape, axis = given[0].shape, node.attributes.get("axis", 1)
    _need(-len(shape) <= axis <= len(shape), node)
    axis = axis % len(shape) if axis < 0 else axis
    return [Known(given[0].dtype, (math.prod(shape[:axis]), math.prod(shape[axis:])))]


def _transpose(node: Node, given: Given) -> list[Known]:
    rank = len(given[0].shape)
    order = node.attributes.get("perm", list(reversed(range(rank))))
    _need(sorted(order) == list(range(rank)), node)
    return [Known(given[0].dtype, tuple(given[0].shape[axis] for axis in order))]


def _axes(node: Node, rank: int, known: Known | None) -> list[int]:
    axes = _numbers(node, known)
    _need(all(-rank <= axis < rank for axis in axes) and len({a % rank for a in axes}) == len(axes), node)
    return [axis % rank for axis in axes]


def _unsqueeze(node: Node, given: Given) -> list[Known]:
    rank = len(given[0].shape) + len(_numbers(node, given[1]))
    axes, sizes = _axes(node, rank, given[1]), iter(given[0].shape)
    shape = tuple(1 if axis in axes else next(sizes) for axis in range(rank))
    value = given[0].value
    return [Known(given[0].dtype, shape, None if value is None else value.reshape(shape))]


def _squeeze(node: Node, given: Given) -> list[Known]:
    shape = given[0].shape
    named = len(given) > 1 and given[1] is not None
    axes = _axes(node, len(shape), given[1]) if named else [i for i, n in enumerate(shape) if n == 1]
    _need(all(shape[axis] == 1 for axis in axes), node)
    left = tuple(n for i, n in enumerate(shape) if i not in axes)
    value = given[0].value
    return [Known(given[0].dtype, left, None if value is None else value.reshape(left))]


def _slice(node: Node, given: Given) -> list[Known]:
    shape = given[0].shape
    starts, ends = _numbers(node, given[1]), _numbers(node, given[2])
    axes = _axes(node, len(shape), given[3]) if len(given) > 3 and given[3] else list(range(len(starts)))
    steps = _numbers(node, given[4]) if len(given) > 4 and given[4] else [1] * len(starts)
    _need(len(starts) == len(ends) == len(axes) == len(steps) and 0 not in steps, node)
    parts = [slice(None)] * len(shape)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        below = end if step > 0 or end >= -shape[axis] else None  # to the first one, backwards
        parts[axis] = slice(start, below, step)
    sizes = tuple(len(range(*part.indices(n))) for part, n in zip(parts, shape, strict=True))
    value = given[0].value
    return [Known(given[0].dtype, sizes, None if value is None else value[tuple(parts)])]


def _split(node: Node, given: Given) -> list[Known]:
    shape = given[0].shape
    axis, n = _axis(node, len(shape), default=0), len(node.outputs)
    if len(given) > 1 and given[1] is not None:
        sizes = _numbers(node, given[1])
    else:
        _need(node.attributes.get("num_outputs") == n, node)
        each = -(-shape[axis] // n)
        sizes = [each] * (n - 1) + [shape[axis] - each * (n - 1)]
    _need(len(sizes) == n and sum(sizes) == shape[axis] and min(sizes) >= 0, node)
    return [Known(given[0].dtype, (*shape[:axis], size, *shape[axis + 1 :])) for size in sizes]


def _gather(node: Node, given: Given) -> list[Known]:
    data, index = given
    axis = _axis(node, len(data.shape), default=0)
    _need(index.dtype.kind == "i", node)
    shape = (*data.shape[:axis], *index.shape, *data.shape[axis + 1 :])
    value = None
    if data.value is not None and index.value is not None and math.prod(shape) <= _FEW:
        value = np.take(data.value, index.value, axis)
    return [Known(data.dtype, shape, value)]


def _gather_elements(node: Node, given: Given) -> list[Known]:
    data, index = given
    axis = _axis(node, len(data.shape), default=0)
    fits = len(data.shape) == len(index.shape) and index.dtype.kind == "i"
    _need(
        fits
        and all(m <= n for a, (m, n) in enumerate(zip(index.shape, data.shape, strict=True)) if a != axis),
        node,
    )
    return [Known(data.dtype, index.shape)]


def _gather_nd(node: Node, given: Given) -> list[Known]:
    data, index = given
    b, depth = node.attributes.get("batch_dims", 0), index.shape[-1]
    _need(0 <= b < len(index.shape) and b + depth <= len(data.shape) and index.dtype.kind == "i", node)
    _need(data.shape[:b] == index.shape[:b], node)
    return [Known(data.dtype, (*index.shape[:-1], *data.shape[b + depth :]))]


def _scatter(node: Node, given: Given) -> list[Known]:
    data, index, updates = given
    _need(index.dtype.kind == "i" and updates.dtype == data.dtype, node)
    if node.op == "ScatterElements":
        _axis(node, len(data.shape), default=0)
        _need(index.shape == updates.shape and len(index.shape) == len(data.shape), node)
    else:
        depth = index.shape[-1]
        _need(depth <= len(data.shape) and updates.shape == (*index.shape[:-1], *data.shape[depth:]), node)
    return [Known(data.dtype, data.shape)]


def _matmul(node: Node, given: Given) -> list[Known]:
    a, b = given
    left = a.shape if len(a.shape) > 1 else (1, *a.shape)
    right = b.shape if len(b.shape) > 1 else (*b.shape, 1)
    _need(bool(a.shape and b.shape) and left[-1] == right[-2] and a.dtype == b.dtype, node)
    shape = [*_broadcast(node, [left[:-2], right[:-2]]), left[-2], right[-1]]
    if len(a.shape) == 1:
        del shape[-2]
    if len(b.shape) == 1:
        del shape[-1]
    return [Known(a.dtype, tuple(shape))]


def _gemm(node: Node, given: Given) -> list[Known]:
    a, b = given[0].shape, given[1].shape
    _need(len(a) == len(b) == 2 and given[0].dtype == given[1].dtype, node)
    a = a[::-1] if node.attributes.get("transA", 0) else a
    b = b[::-1] if node.attributes.get("transB", 0) else b
    _need(a[1] == b[0], node)
    if len(given) > 2 and given[2] is not None:
        _need(_broadcast(node, [given[2].shape, (a[0], b[1])]) == (a[0], b[1]), node)
    return [Known(given[0].dtype, (a[0], b[1]))]


def _range(node: Node, given: Given) -> list[Known]:
    first, end, step = (_numbers(node, known)[0] for known in given)
    _need(step != 0, node)
    n = max(0, -(-(end - first) // step))
    return [Known(given[0].dtype, (n,), np.arange(first, end, step) if n <= _FEW else None)]


def _reduce(node: Node, given: Given) -> list[Known]:
    shape = given[0].shape
    axes = node.attributes.get("axes")
    if len(given) > 1 and given[1] is not None:
        axes = _numbers(node, given[1])
    if not axes:
        if node.attributes.get("noop_with_empty_axes", 0):
            return [Known(given[0].dtype, shape)]
        axes = range(len(shape))
    _need(all(-len(shape) <= axis < len(shape) for axis in axes), node)
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
        **dict.fromkeys(("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"), _elementwise(_BOOL)),
        **dict.fromkeys(("And", "Or"), _elementwise()),
        "Add": _elementwise(compute=np.add),
        "Sub": _elementwise(compute=np.subtract),
        "Mul": _elementwise(compute=np.multiply),
        "Max": _elementwise(compute=lambda *given: np.max(np.broadcast_arrays(*given), 0)),
        "Min": _elementwise(compute=lambda *given: np.min(np.broadcast_arrays(*given), 0)),
        "Div": _divide(lambda a, b: np.where(a < 0, -(-a // b), a // b)),
        "Mod": _divide(np.mod),
        "Pow": lambda node, given: [Known(given[0].dtype, _broadcast(node, [k.shape for k in given]))],
        "Where": _where,
        "Cast": _cast,
        "Constant": _constant,
        "Identity": _identity,
        "Shape": _shape,
        "Concat": _concat,
        "Expand": _expand,
        "Reshape": _reshape,
        "Flatten": _flatten,
        "Transpose": _transpose,
        "Unsqueeze": _unsqueeze,
        "Squeeze": _squeeze,
        "Slice": _slice,
        "Split": _split,
        "Gather": _gather,
        "GatherElements": _gather_elements,
        "GatherND": _gather_nd,
        **dict.fromkeys(("ScatterElements", "ScatterND"), _scatter),
        "MatMul": _matmul,
        "Gemm": _gemm,
        "Range": _range,
        **dict.fromkeys(("ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum"), _reduce),
    }
)
"""What each operator gives, of all that a playing graph may have."""
