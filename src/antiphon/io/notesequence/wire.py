"""Bytes of a NoteSequence to its message, with what a stranger's bytes may hold bounded before it is made."""

from __future__ import annotations

from typing import Any

from antiphon.errors import FormatError
from antiphon.io.limits import Limits
from antiphon.io.notesequence.messages import note_sequence

_SMALL = 1 << 20
"""So many bytes cannot swell to much, whatever they are."""
_NOTES, _BENDS, _CONTROLS = 8, 10, 11
_NESTED = frozenset({19, 21})
"""Metadata and section groups, which hold lists themselves; a few thousand bytes are usual."""
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5


def parsed(data: bytes, limits: Limits) -> Any:
    """The message. Raises `FormatError` where the bytes are none, cut short, or outside `limits`."""
    from google.protobuf.message import DecodeError

    if not data:
        raise FormatError("an empty file; expected a NoteSequence.")
    if len(data) > _SMALL:
        _check_size(data, limits)
    message = note_sequence()["NoteSequence"]()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise FormatError(
            "no NoteSequence, or one that is cut short or damaged. Make the file again."
        ) from error
    if not message.ListFields():
        raise FormatError("a message of another kind; expected a NoteSequence.")
    return message


def _check_size(data: bytes, limits: Limits) -> None:
    """Counts the fields of a long message: two bytes of it can become a hundred."""
    most = {_NOTES: limits.notes, _BENDS: limits.controls, _CONTROLS: limits.controls}
    counts: dict[int, int] = {}
    at = nested = 0
    while at < len(data):
        key, at = _varint(data, at)
        tag, kind = key >> 3, key & 7
        counts[tag] = counts.get(tag, 0) + 1
        size, at = _size(data, at, kind)
        nested += size if tag in _NESTED else 0
        if counts[tag] > most.get(tag, limits.changes) or max(size, nested) > _SMALL:
            raise FormatError(
                f"a NoteSequence with {counts[tag]} entries of kind {tag}, one of {size} bytes; fewer or "
                "smaller ones are read. The file is probably damaged."
            )
        at += size


def _size(data: bytes, at: int, kind: int) -> tuple[int, int]:
    """(bytes of the value, where it begins)."""
    if kind == _BYTES:
        return _varint(data, at)
    if kind == _VARINT:
        return 0, _varint(data, at)[1]
    if kind in (_FIXED_64, _FIXED_32):
        return 8 if kind == _FIXED_64 else 4, at
    raise _damaged()


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        if at >= len(data):
            break
        byte, at = data[at], at + 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
    raise _damaged()


def _damaged() -> FormatError:
    return FormatError("no NoteSequence, or one that is cut short or damaged. Make the file again.")
