"""Types and sizes of what makes, joins, parts and orders tensors, operator by operator of ONNX, opset 18."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from antiphon.runtime.admission.known import (
    FEW,
    INT,
    Given,
    Known,
    Rule,
    axis_of,
    broadcast,
    need,
    numbers,
    of_value,
)
from antiphon.runtime.admission.reader import Node


def _constant(node: Node, given: Given) -> list[Known]:
    ((name, value),) = node.attributes.items()
    kinds = {
        "value": None,
        "value_int": INT,
        "value_ints": INT,
        "value_float": "<f4",
        "value_floats": "<f4",
    }
    dtype = kinds[name]
    need((dtype is None) == isinstance(value, np.ndarray), node)
    return [of_value(np.asarray(value, dtype))]


_FLOAT = np.dtype(np.float32)
_PLAIN = {"value_int": INT, "value_ints": INT, "value_float": _FLOAT, "value_floats": _FLOAT}


def _identity(node: Node, given: Given) -> list[Known]:
    return [given[0]]


def _shape(node: Node, given: Given) -> list[Known]:
    first, last = (node.attributes.get(name, default) for name, default in (("start", 0), ("end", 1 << 30)))
    return [of_value(np.array(given[0].shape[first:last], np.int64))]


def _concat(node: Node, given: Given) -> list[Known]:
    rank = len(given[0].shape)
    axis = axis_of(node, rank)
    rests = {(known.dtype, known.shape[:axis], known.shape[axis + 1 :], len(known.shape)) for known in given}
    need(len(rests) == 1 and rank > 0, node)
    shape = list(given[0].shape)
    shape[axis] = sum(known.shape[axis] for known in given)
    values = [known.value for known in given]
    small = all(value is not None for value in values) and math.prod(shape) <= FEW
    return [Known(given[0].dtype, tuple(shape), np.concatenate(values, axis) if small else None)]


def _expand(node: Node, given: Given) -> list[Known]:
    wanted = tuple(numbers(node, given[1]))
    need(all(n >= 0 for n in wanted), node)
    return [Known(given[0].dtype, broadcast(node, [given[0].shape, wanted]))]


def _reshape(node: Node, given: Given) -> list[Known]:
    wanted, n = numbers(node, given[1]), math.prod(given[0].shape)
    if not node.attributes.get("allowzero", 0):
        wanted = [given[0].shape[i] if size == 0 else size for i, size in enumerate(wanted)]
    need(wanted.count(-1) <= 1 and all(size >= -1 for size in wanted), node)
    rest = math.prod(size for size in wanted if size != -1)
    need(n % rest == 0 if -1 in wanted and rest else rest == n, node)
    shape = tuple(n // rest if size == -1 else size for size in wanted)
    value = given[0].value
    return [Known(given[0].dtype, shape, None if value is None else value.reshape(shape))]


def _flatten(node: Node, given: Given) -> list[Known]:
    shape, axis = given[0].shape, node.attributes.get("axis", 1)
    need(-len(shape) <= axis <= len(shape), node)
    axis = axis % len(shape) if axis < 0 else axis
    return [Known(given[0].dtype, (math.prod(shape[:axis]), math.prod(shape[axis:])))]


def _transpose(node: Node, given: Given) -> list[Known]:
    rank = len(given[0].shape)
    order = node.attributes.get("perm", list(reversed(range(rank))))
    need(sorted(order) == list(range(rank)), node)
    return [Known(given[0].dtype, tuple(given[0].shape[axis] for axis in order))]


def _axes(node: Node, rank: int, known: Known | None) -> list[int]:
    axes = numbers(node, known)
    need(all(-rank <= axis < rank for axis in axes) and len({a % rank for a in axes}) == len(axes), node)
    return [axis % rank for axis in axes]


def _unsqueeze(node: Node, given: Given) -> list[Known]:
    rank = len(given[0].shape) + len(numbers(node, given[1]))
    axes, sizes = _axes(node, rank, given[1]), iter(given[0].shape)
    shape = tuple(1 if axis in axes else next(sizes) for axis in range(rank))
    value = given[0].value
    return [Known(given[0].dtype, shape, None if value is None else value.reshape(shape))]


def _squeeze(node: Node, given: Given) -> list[Known]:
    shape = given[0].shape
    named = len(given) > 1 and given[1] is not None
    axes = _axes(node, len(shape), given[1]) if named else [i for i, n in enumerate(shape) if n == 1]
    need(all(shape[axis] == 1 for axis in axes), node)
    left = tuple(n for i, n in enumerate(shape) if i not in axes)
    value = given[0].value
    return [Known(given[0].dtype, left, None if value is None else value.reshape(left))]


def _slice(node: Node, given: Given) -> list[Known]:
    shape = given[0].shape
    starts, ends = numbers(node, given[1]), numbers(node, given[2])
    axes = _axes(node, len(shape), given[3]) if len(given) > 3 and given[3] else list(range(len(starts)))
    steps = numbers(node, given[4]) if len(given) > 4 and given[4] else [1] * len(starts)
    need(len(starts) == len(ends) == len(axes) == len(steps) and 0 not in steps, node)
    parts = [slice(None)] * len(shape)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        below = end if step > 0 or end >= -shape[axis] else None  # to the first one, backwards
        parts[axis] = slice(start, below, step)
    sizes = tuple(len(range(*part.indices(n))) for part, n in zip(parts, shape, strict=True))
    value = given[0].value
    return [Known(given[0].dtype, sizes, None if value is None else value[tuple(parts)])]


def _split(node: Node, given: Given) -> list[Known]:
    shape = given[0].shape
    axis, n = axis_of(node, len(shape), default=0), len(node.outputs)
    if len(given) > 1 and given[1] is not None:
        sizes = numbers(node, given[1])
    else:
        need(node.attributes.get("num_outputs") == n, node)
        each = -(-shape[axis] // n)
        sizes = [each] * (n - 1) + [shape[axis] - each * (n - 1)]
    need(len(sizes) == n and sum(sizes) == shape[axis] and min(sizes) >= 0, node)
    return [Known(given[0].dtype, (*shape[:axis], size, *shape[axis + 1 :])) for size in sizes]


def _gather(node: Node, given: Given) -> list[Known]:
    data, index = given
    axis = axis_of(node, len(data.shape), default=0)
    need(index.dtype.kind == "i", node)
    shape = (*data.shape[:axis], *index.shape, *data.shape[axis + 1 :])
    value = None
    if data.value is not None and index.value is not None and math.prod(shape) <= FEW:
        value = np.take(data.value, index.value, axis)
    return [Known(data.dtype, shape, value)]


def _gather_elements(node: Node, given: Given) -> list[Known]:
    data, index = given
    axis = axis_of(node, len(data.shape), default=0)
    fits = len(data.shape) == len(index.shape) and index.dtype.kind == "i"
    need(
        fits
        and all(m <= n for a, (m, n) in enumerate(zip(index.shape, data.shape, strict=True)) if a != axis),
        node,
    )
    return [Known(data.dtype, index.shape)]


def _gather_nd(node: Node, given: Given) -> list[Known]:
    data, index = given
    b, depth = node.attributes.get("batch_dims", 0), index.shape[-1]
    need(0 <= b < len(index.shape) and b + depth <= len(data.shape) and index.dtype.kind == "i", node)
    need(data.shape[:b] == index.shape[:b], node)
    return [Known(data.dtype, (*index.shape[:-1], *data.shape[b + depth :]))]


def _scatter(node: Node, given: Given) -> list[Known]:
    data, index, updates = given
    need(index.dtype.kind == "i" and updates.dtype == data.dtype, node)
    if node.op == "ScatterElements":
        axis_of(node, len(data.shape), default=0)
        need(index.shape == updates.shape and len(index.shape) == len(data.shape), node)
    else:
        depth = index.shape[-1]
        need(depth <= len(data.shape) and updates.shape == (*index.shape[:-1], *data.shape[depth:]), node)
    return [Known(data.dtype, data.shape)]


def _range(node: Node, given: Given) -> list[Known]:
    first, end, step = (numbers(node, known)[0] for known in given)
    need(step != 0, node)
    n = max(0, -(-(end - first) // step))
    return [Known(given[0].dtype, (n,), np.arange(first, end, step) if n <= FEW else None)]


RULES: Mapping[str, Rule] = MappingProxyType(
    {
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
        "Range": _range,
    }
)
"""The rules of operators that make, join, part and order tensors."""
