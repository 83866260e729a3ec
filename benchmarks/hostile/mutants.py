"""Bundles altered by chance, the same for the same number."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import onnx
from onnx import numpy_helper

from antiphon.runtime.admission.operators import RULES
from hostile.archives import ODD
from hostile.kit import INDEX, STEP, Members, members, packed, split_weights, with_weights

_SOURCES = ("melody-lookback", "melody-attention", "drums-one-drum", "melody-basic")
_WHOLE = (0, -1, 1, 2, 7, 1 << 20, 1 << 31, 1 << 40, 1 << 62, -(1 << 63))
_OTHER_OPS = (
    "Loop",
    "If",
    "Tile",
    "Pad",
    "TopK",
    "NonZero",
    "ConstantOfShape",
    "OneHot",
    "RandomUniformLike",
    "LSTM",
)


def mutant(seed: int, number: int) -> bytes:
    """The file of mutant `number`."""
    rng = random.Random(f"{seed}:{number}")
    parts = members(rng.choice(_SOURCES))
    how = rng.choice((_of_index, _of_index, _of_graph, _of_graph, _of_graph, _of_bytes, _of_header, None))
    if how is not None:
        return packed(how(parts, rng))
    return _damaged(packed(parts), rng)


def _damaged(data: bytes, rng: random.Random) -> bytes:
    """Bytes changed, many of them near the end, where an archive's list of members is."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 3, 20))):
        near_end = rng.random() < 0.6
        found[len(found) - 1 - rng.randrange(400) if near_end else rng.randrange(len(found))] = rng.randrange(
            256
        )
    chance = rng.random()
    if chance < 0.1:
        return bytes(found[: rng.randrange(len(found))])
    return bytes(found + found if chance < 0.15 else found)


def _of_index(parts: Members, rng: random.Random) -> Members:
    index = json.loads(parts[INDEX])
    places = [path for path in _places(index) if path and path[0] != "sha256"]
    for _ in range(rng.choice((1, 1, 2, 4))):
        path = rng.choice(places)
        inner: Any = index
        try:
            for key in path[:-1]:
                inner = inner[key]
            if rng.random() < 0.8:
                inner[path[-1]] = rng.choice(ODD)
            else:
                del inner[path[-1]]
        except (LookupError, TypeError):
            continue
    return {**parts, INDEX: json.dumps(index).encode()}


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value[:3]):
            yield from _places(inner, (*path, number))


def _of_graph(parts: Members, rng: random.Random) -> Members:
    proto = onnx.load_from_string(parts[STEP])
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        rng.choice((_other_op, _other_input, _other_constant, _other_attribute, _other_port, _fewer))(
            proto.graph, rng
        )
    return {**parts, STEP: proto.SerializeToString()}


def _other_op(graph: Any, rng: random.Random) -> None:
    rng.choice(graph.node).op_type = rng.choice((*RULES, *_OTHER_OPS))


def _other_input(graph: Any, rng: random.Random) -> None:
    node = rng.choice(graph.node)
    names = (
        [name for each in graph.node for name in each.output]
        + [each.name for each in graph.initializer]
        + [""]
    )
    if node.input:
        node.input[rng.randrange(len(node.input))] = rng.choice(names)


def _other_constant(graph: Any, rng: random.Random) -> None:
    if not graph.initializer:
        return
    tensor = rng.choice(graph.initializer)
    kind = rng.randrange(4)
    if kind == 0 and tensor.dims:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(_WHOLE)
    elif kind == 1:
        tensor.data_type = rng.randrange(25)
    elif kind == 2 and tensor.external_data:
        rng.choice(tensor.external_data).value = rng.choice(("0", "-1", "9" * 15, "/etc/passwd", "x", ""))
    elif tensor.raw_data and tensor.data_type == 7:
        values = numpy_helper.to_array(tensor).copy()
        if values.size:
            values.reshape(-1)[rng.randrange(values.size)] = rng.choice(_WHOLE)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _other_attribute(graph: Any, rng: random.Random) -> None:
    node = rng.choice([node for node in graph.node if node.attribute] or list(graph.node))
    if node.attribute:
        attribute = rng.choice(node.attribute)
        if attribute.type == 2:
            attribute.i = rng.choice(_WHOLE)
        elif attribute.ints:
            attribute.ints[0] = rng.choice(_WHOLE)
        else:
            attribute.type = rng.randrange(12)


def _other_port(graph: Any, rng: random.Random) -> None:
    port = rng.choice([*graph.input, *graph.output])
    tensor = port.type.tensor_type
    if tensor.shape.dim and rng.random() < 0.5:
        tensor.shape.dim[rng.randrange(len(tensor.shape.dim))].dim_value = rng.choice(_WHOLE)
    elif rng.random() < 0.5:
        tensor.elem_type = rng.randrange(17)
    else:
        port.name = rng.choice(("x", "event", "log_p", ""))


def _fewer(graph: Any, rng: random.Random) -> None:
    if len(graph.node) > 1:
        del graph.node[rng.randrange(len(graph.node))]


def _of_bytes(parts: Members, rng: random.Random) -> Members:
    data = bytearray(parts[STEP])
    for _ in range(rng.choice((1, 2, 5, 30))):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return {**parts, STEP: bytes(data[: rng.randrange(len(data))] if rng.random() < 0.15 else data)}


def _of_header(parts: Members, rng: random.Random) -> Members:
    header, data = split_weights(parts)
    name = rng.choice([name for name in header if name != "__metadata__"])
    entry = header[name]
    kind = rng.randrange(4)
    if kind == 0:
        entry["dtype"] = rng.choice(("F16", "F64", "BF16", "I64", "BOOL", "F8_E5M2", "nope", 3, None))
    elif kind == 1:
        entry["shape"] = rng.choice(
            ([], [0], [-1], [1 << 62], [*entry["shape"], 1], entry["shape"][::-1], "x", None, [1.5])
        )
    elif kind == 2:
        entry["data_offsets"] = rng.choice(([0, 0], [5, 1], [-1, 4], [0, 1 << 60], [0], "x", None))
    else:
        data = data[: rng.randrange(len(data))]
    size = None if rng.random() < 0.9 else rng.choice((0, 1, 1 << 40, (1 << 64) - 1))
    return {**parts, "weights.safetensors": with_weights(header, data, size)["weights.safetensors"]}
