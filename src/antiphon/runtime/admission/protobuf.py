"""The wire format of protobuf, read field by field against a list of those that may be there.

A field that is not listed, one of one value that comes twice, a group, a number that is too long, or more
values than any graph of ours has, is refused.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any


class Refused(ValueError):
    """A graph holds what a playing graph may not."""


_MOST_VALUES = 1 << 16
"""Of one field."""
_MOST_IN_ALL = 1 << 18
"""Values of all fields of a file, a hundred times those of our largest graph: reading them takes a second."""

_values: ContextVar[list[int]] = ContextVar("values")


@contextmanager
def counted() -> Iterator[None]:
    """Inside, `message` refuses to read more values than any graph has."""
    token = _values.set([0])
    try:
        yield
    finally:
        _values.reset(token)


def _count(n: int) -> None:
    counter = _values.get(None)
    if counter is not None:
        counter[0] += n
        if counter[0] > _MOST_IN_ALL:
            raise Refused(f"it has more than {_MOST_IN_ALL:,} values")


def message(data: bytes, known: Mapping[int, str], what: str) -> dict[int, Any]:
    """The fields of a message, by number: the value, or a list where there may be several.

    `known` says of each number what is written there: 'i' a whole number, 'f' a float, 'b' bytes; in capitals
    any number of them. Raises `Refused`, which speaks of the message as `what`.
    """
    found: dict[int, Any] = {}
    at, end, n_values = 0, len(data), 0
    while at < end:
        tag, at = (data[at], at + 1) if data[at] < 128 else _varint(data, at, end)
        number, wire = tag >> 3, tag & 7
        kind = known.get(number)
        if kind is None:
            raise Refused(f"{what} has a field {number}, which playing graphs have not")
        if wire == _BYTES:
            length, at = _varint(data, at, end)
        elif wire == _VARINT:
            length = 0
        elif wire == _FIXED32:
            length = 4
        else:
            raise Refused("a field is written in a way that playing graphs do not use")
        value: Any
        if wire == _VARINT:
            value, at = _varint(data, at, end)
        elif length > end - at:
            raise Refused("it is cut short")
        else:
            value, at = data[at : at + length], at + length
        values = [value] if wire == _BYTES and kind in "bB" else _numbers(kind, wire, value)
        n_values += 1 + len(values)
        if kind.isupper():
            before = found.setdefault(number, [])
            if len(before) + len(values) > _MOST_VALUES:
                raise Refused(f"{what} has more than {_MOST_VALUES:,} values in its field {number}")
            before.extend(values)
        elif number in found:
            raise Refused(f"{what} has its field {number} twice")
        else:
            (found[number],) = values
    _count(n_values)
    return found


_VARINT, _BYTES, _FIXED32 = 0, 2, 5


def _numbers(kind: str, wire: int, value: Any) -> list[Any]:
    """A field's numbers; where there may be several, they may come packed."""
    packed = kind.isupper() and wire == _BYTES
    if kind in "iI" and wire == _VARINT:
        return [_signed(value)]
    if kind == "I" and packed:
        numbers: list[int] = []
        at = 0
        while at < len(value) and len(numbers) <= _MOST_VALUES:
            number, at = _varint(value, at, len(value))
            numbers.append(_signed(number))
        return numbers
    if kind in "fF" and (packed or wire == _FIXED32) and len(value) % 4 == 0:
        count = min(len(value) // 4, _MOST_VALUES + 1)
        return list(struct.unpack_from(f"<{count}f", value))
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
