"""A playing graph in ONNX as plain values, read from its protobuf without the `onnx` package.

Only what our exporter writes has a place in these values: a field that is not listed here, a field of one
value that comes twice, a group, a number that is too long are refused, so that no other reader can see in the
same bytes what this one does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.runtime.admission.protobuf import Refused, counted, message

DTYPES: Mapping[int, np.dtype[Any]] = MappingProxyType(
    {
        1: np.dtype("<f4"),
        6: np.dtype("<i4"),
        7: np.dtype("<i8"),
        9: np.dtype("bool"),
        10: np.dtype("<f2"),
        11: np.dtype("<f8"),
    }
)
"""Element types by ONNX's number."""

Attribute = Any


class Node(NamedTuple):
    """An operator with the names of what it takes and gives; '' for an optional input that is left out."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]


class Weight(NamedTuple):
    """A tensor that stands elsewhere: in the file `location`, `length` bytes from byte `offset` on."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    location: str
    offset: int
    length: int


class Port(NamedTuple):
    """An input or output of the graph: its type, and its shape with names for sizes that vary."""

    dtype: np.dtype[Any]
    shape: tuple[int | str, ...]


@dataclass
class OnnxGraph:
    """What a file holds, names in the order of the file."""

    opset: int = 0
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    weights: dict[str, Weight] = field(default_factory=dict)
    inputs: dict[str, Port] = field(default_factory=dict)
    outputs: dict[str, Port] = field(default_factory=dict)


def read(data: bytes) -> OnnxGraph:
    """The graph in the bytes of a file. Raises `Refused`."""
    try:
        with counted():
            return _read(data)
    except ValueError as error:  # numpy's, of shapes that no array can have
        raise error if isinstance(error, Refused) else Refused("a tensor has an impossible shape") from None


def _read(data: bytes) -> OnnxGraph:
    model = message(data, _MODEL, "the model")
    opsets = [message(each, _OPSET, "an operator set") for each in model.get(8, [])]
    if len(opsets) != 1 or opsets[0].get(1, b"") != b"" or 7 not in model:
        raise Refused("it needs one graph and operators of ONNX's own domain alone")
    graph = message(model[7], _GRAPH, "the graph")
    found = OnnxGraph(opset=opsets[0].get(2, 0), nodes=[_node(each) for each in graph.get(1, [])])
    for each in graph.get(5, []):
        name, tensor = _tensor(each)
        _put(found.weights if isinstance(tensor, Weight) else found.constants, name, tensor)
    for number, ports in ((11, found.inputs), (12, found.outputs)):
        for each in graph.get(number, []):
            _put(ports, *_port(each))
    if found.weights.keys() & found.constants.keys():
        raise Refused("a tensor has two values")
    return found


def _put(into: dict[str, Any], name: str, value: Any) -> None:
    if not name or name in into:
        raise Refused(f"the name '{name[:40]}' stands for nothing or for two things")
    into[name] = value


# The fields of each message; see `protobuf.message`.
_MODEL = {1: "i", 2: "b", 3: "b", 4: "b", 5: "i", 6: "b", 7: "b", 8: "B"}
_OPSET = {1: "b", 2: "i"}
_GRAPH = {1: "B", 2: "b", 5: "B", 10: "b", 11: "B", 12: "B"}
_NODE = {1: "B", 2: "B", 3: "b", 4: "b", 5: "B", 6: "b", 7: "b"}
_ATTRIBUTE = {1: "b", 2: "f", 3: "i", 4: "b", 5: "b", 7: "F", 8: "I", 13: "b", 20: "i"}
_TENSOR = {1: "I", 2: "i", 8: "b", 9: "b", 12: "b", 13: "B", 14: "i"}
_ENTRY = {1: "b", 2: "b"}
_VALUE_INFO = {1: "b", 2: "b", 3: "b"}
_TYPE = {1: "b"}
_TENSOR_TYPE = {1: "i", 2: "b"}
_SHAPE = {1: "B"}
_DIMENSION = {1: "i", 2: "b"}

_OF_TYPE = MappingProxyType({1: 2, 2: 3, 3: 4, 4: 5, 6: 7, 7: 8})
"""The field of an attribute's value, by the number of its type."""
_EXTERNAL = 1
_LONGEST, _DEEPEST = 1 << 31, 8
"""Numbers and dimensions of a tensor."""


def _node(data: bytes) -> Node:
    found = message(data, _NODE, "an operator")
    if found.get(7):
        raise Refused(f"an operator is of the domain '{_text(found[7])[:40]}'")
    attributes: dict[str, Attribute] = {}
    for each in found.get(5, []):
        _put(attributes, *_attribute(each))
    takes, gives = (tuple(map(_text, found.get(number, []))) for number in (1, 2))
    return Node(_text(found.get(4, b"")), takes, gives, attributes)


def _attribute(data: bytes) -> tuple[str, Attribute]:
    found = message(data, _ATTRIBUTE, "an attribute")
    name, kind = _text(found.get(1, b"")), found.get(20)
    place = _OF_TYPE.get(kind) if kind is not None else None
    others = found.keys() - {1, 13, 20, place}
    if place is None or others:
        raise Refused(
            f"the attribute '{name[:40]}' is none of a number, a text, a tensor or a list of numbers"
        )
    value = found.get(place, [] if place in (7, 8) else 0.0 if place == 2 else 0 if place == 3 else b"")
    if place == 5:
        _, tensor = _tensor(value)
        if isinstance(tensor, Weight):
            raise Refused(f"the attribute '{name[:40]}' stands elsewhere")
        return name, tensor
    return name, value


def _tensor(data: bytes) -> tuple[str, npt.NDArray[Any] | Weight]:
    found = message(data, _TENSOR, "a tensor")
    name, shape = _text(found.get(8, b"")), tuple(found.get(1, []))
    dtype = _dtype(found.get(2, 0), name)
    size = _size(shape) * dtype.itemsize
    if found.get(14, 0) == _EXTERNAL and 9 not in found:
        return name, _weight(name, dtype, shape, size, found.get(13, []))
    values = found.get(9, b"")
    if found.get(14, 0) or 13 in found or len(values) != size:
        raise Refused(f"the values of '{name[:40]}' are not those of its type and shape")
    if dtype.kind == "b" and values.strip(b"\0\1"):
        raise Refused(f"'{name[:40]}' holds what is neither true nor false")
    return name, np.frombuffer(values, dtype).reshape(shape)


def _weight(
    name: str, dtype: np.dtype[Any], shape: tuple[int, ...], size: int, entries: list[bytes]
) -> Weight:
    said: dict[str, str] = {}
    for each in entries:
        entry = message(each, _ENTRY, "a place")
        _put(said, _text(entry.get(1, b"")), _text(entry.get(2, b"")))
    numbers = [said.get(key, "") for key in ("offset", "length")]
    whole = all(n.isascii() and n.isdecimal() and len(n) < 20 for n in numbers)
    if said.keys() != {"location", "offset", "length"} or not whole:
        raise Refused(f"the place of '{name[:40]}' is not a file, an offset and a length")
    offset, length = map(int, numbers)
    if length != size:
        raise Refused(f"'{name[:40]}' has {length} bytes; its type and shape want {size}")
    return Weight(dtype, shape, said["location"], offset, length)


def _port(data: bytes) -> tuple[str, Port]:
    found = message(data, _VALUE_INFO, "an input or output")
    name = _text(found.get(1, b""))
    tensor = message(message(found.get(2, b""), _TYPE, "a type").get(1, b""), _TENSOR_TYPE, "a type")
    shape: list[int | str] = []
    for each in message(tensor.get(2, b""), _SHAPE, "a shape").get(1, []):
        size = message(each, _DIMENSION, "a size")
        if len(size) > 1:
            raise Refused(f"a size of '{name[:40]}' is a number and a name")
        shape.append(size[1] if 1 in size else _text(size.get(2, b"")))
    return name, Port(_dtype(tensor.get(1, 0), name), tuple(shape))


def _dtype(number: int, name: str) -> np.dtype[Any]:
    if number not in DTYPES:
        raise Refused(f"'{name[:40]}' has the type of number {number}, which playing graphs have not")
    return DTYPES[number]


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
        if not 0 <= n <= _LONGEST or size > _LONGEST or len(shape) > _DEEPEST:
            raise Refused(f"a tensor has the shape {shape!s:.60}")
    return size


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Refused("a name is no text") from None
