"""A playing graph in ONNX as plain values, read from its protobuf without the `onnx` package.

Only what our exporter writes has a place in these values: a field that is not listed here, a field of one
value that comes twice, a group, a number that is too long are refused, so that no other reader can see in the
same bytes what this one does not.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

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


class Refused(ValueError):
    """A graph holds what a playing graph may not."""


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
    model = _message(data, _MODEL, "the model")
    opsets = [_message(each, _OPSET, "an operator set") for each in model.get(8, [])]
    if len(opsets) != 1 or opsets[0].get(1, b"") != b"" or 7 not in model:
        raise Refused("it needs one graph and operators of ONNX's own domain alone")
    graph = _message(model[7], _GRAPH, "the graph")
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


# The fields of each message: 'i' a whole number, 'f' a float, 'b' bytes; in capitals any number of them.
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
_LONGEST = 1 << 31


def _node(data: bytes) -> Node:
    found = _message(data, _NODE, "an operator")
    if found.get(7):
        raise Refused(f"an operator is of the domain '{_text(found[7])[:40]}'")
    attributes: dict[str, Attribute] = {}
    for each in found.get(5, []):
        _put(attributes, *_attribute(each))
    takes, gives = (tuple(map(_text, found.get(number, []))) for number in (1, 2))
    return Node(_text(found.get(4, b"")), takes, gives, attributes)


def _attribute(data: bytes) -> tuple[str, Attribute]:
    found = _message(data, _ATTRIBUTE, "an attribute")
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
    found = _message(data, _TENSOR, "a tensor")
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
        entry = _message(each, _ENTRY, "a place")
        _put(said, _text(entry.get(1, b"")), _text(entry.get(2, b"")))
    numbers = [said.get(key, "") for key in ("offset", "length")]
    if said.keys() != {"location", "offset", "length"} or not all(
        n.isdecimal() and len(n) < 20 for n in numbers
    ):
        raise Refused(f"the place of '{name[:40]}' is not a file, an offset and a length")
    offset, length = map(int, numbers)
    if length != size:
        raise Refused(f"'{name[:40]}' has {length} bytes; its type and shape want {size}")
    return Weight(dtype, shape, said["location"], offset, length)


def _port(data: bytes) -> tuple[str, Port]:
    found = _message(data, _VALUE_INFO, "an input or output")
    name = _text(found.get(1, b""))
    tensor = _message(_message(found.get(2, b""), _TYPE, "a type").get(1, b""), _TENSOR_TYPE, "a type")
    shape: list[int | str] = []
    for each in _message(tensor.get(2, b""), _SHAPE, "a shape").get(1, []):
        size = _message(each, _DIMENSION, "a size")
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
        if n < 0 or size > _LONGEST:
            raise Refused(f"a tensor has the shape {shape!s:.60}")
    return size


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Refused("a name is no text") from None


# protobuf -------------------------------------------------------------------------------------------------


def _message(data: bytes, known: Mapping[int, str], what: str) -> dict[int, Any]:
    """The fields of a message, by number: the value, or a list where there may be several."""
    found: dict[int, Any] = {}
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at, end)
        number, wire = tag >> 3, tag & 7
        kind = known.get(number)
        if kind is None:
            raise Refused(f"{what} has a field {number}, which playing graphs have not")
        length = 0
        if wire == _BYTES:
            length, at = _varint(data, at, end)
        elif wire == _FIXED32:
            length = 4
        elif wire != _VARINT:
            raise Refused("a field is written in a way that playing graphs do not use")
        if wire == _VARINT:
            value, at = _varint(data, at, end)
        elif length > end - at:
            raise Refused("it is cut short")
        else:
            value, at = data[at : at + length], at + length  # type: ignore[assignment]
        if kind == "B" and wire == _BYTES:
            found.setdefault(number, []).append(value)
            continue
        values = [value] if kind == "b" and wire == _BYTES else _numbers(kind.lower(), wire, value)
        if kind.isupper():
            found.setdefault(number, []).extend(values)
        elif number in found or len(values) != 1:
            raise Refused(f"{what} has its field {number} twice")
        else:
            found[number] = values[0]
    return found


_VARINT, _BYTES, _FIXED32 = 0, 2, 5


def _numbers(kind: str, wire: int, value: Any) -> list[Any]:
    """A field's numbers, which may come packed."""
    if kind == "i" and wire == _VARINT:
        return [_signed(value)]
    if kind == "i" and wire == _BYTES:
        numbers, at = [], 0
        while at < len(value):
            number, at = _varint(value, at, len(value))
            numbers.append(_signed(number))
        return numbers
    if kind == "f" and wire in (_FIXED32, _BYTES) and len(value) % 4 == 0:
        return list(struct.unpack(f"<{len(value) // 4}f", value))
    raise Refused("a field is written in another way than its type is")


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The number that begins at `at`, before `end`, and where it ends."""
    if at < end and data[at] < 128:
        return data[at], at + 1
    number = shift = 0
    while shift < 70:
        if at >= end:
            raise Refused("it is cut short")
        byte = data[at]
        at += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number & _MASK, at
        shift += 7
    raise Refused("a number has more than 64 bits")


_MASK = (1 << 64) - 1


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number
