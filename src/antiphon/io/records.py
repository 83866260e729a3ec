"""TFRecord files without TensorFlow: payloads one after the other, each between its length and checksums.

A record is its payload's length (8 bytes, little endian), a checksum of those 8 bytes, the payload, and a
checksum of the payload. Checksums are CRC-32C (Castagnoli), rotated right by 15 bits and moved by a constant.
Source: the record format of TensorFlow's `tf.io.TFRecordWriter`.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from antiphon.errors import FormatError
from antiphon.files import atomic_path
from antiphon.io.limits import DEFAULT
from antiphon.io.opening import opened

HEAD = struct.Struct("<QI")
_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
AROUND = HEAD.size + _CHECKSUM.size
"""Bytes of a record beside its payload."""
_DELTA, _MASK = 0xA282EAD8, 0xFFFFFFFF
_GZIP = b"\x1f\x8b"

MOST = 1 << 20
"""So many records of a file have places of their own."""


def pack(payload: bytes) -> bytes:
    """`payload` as a record."""
    length = _LENGTH.pack(len(payload))
    sums = (_CHECKSUM.pack(masked_checksum(part)) for part in (length, payload))
    return b"".join((length, next(sums), payload, next(sums)))


def unpack(record: bytes) -> bytes:
    """The payload of one record. Raises `FormatError` where it is cut short, damaged, or not one record."""
    length = _length(record[: HEAD.size])
    if len(record) < AROUND + length:
        raise FormatError(
            f"a record of {length} bytes of which {max(len(record) - AROUND, 0)} are there; the file is cut "
            "short. Copy it again."
        )
    payload = record[HEAD.size : HEAD.size + length]
    if _CHECKSUM.unpack_from(record, HEAD.size + length)[0] != masked_checksum(payload):
        raise FormatError(
            f"a record of {length} bytes that do not match their checksum. Copy or make the file again."
        )
    if len(record) > AROUND + length:
        raise FormatError(f"{len(record) - AROUND - length} bytes after the record; expected one record.")
    return payload


def spans(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """(start, stop) of each record of an open file, found by their lengths alone.

    Never raises for what is in the file: from a damaged length on, and from record `MOST` on, the rest of the
    file is one span, and a record cut short ends with the file.
    """
    end = file.seek(0, 2)
    start = 0
    for number in itertools.count():
        if start >= end:
            return
        file.seek(start)
        stop = _stop(file.read(HEAD.size), start) if number < MOST else None
        yield start, min(stop or end, end)
        start = stop or end


def read(path: Path, most: int = DEFAULT.bytes) -> Iterator[bytes]:
    """The payloads of the records in a file, in order; raises `FormatError` that names the record, one of
    more than `most` bytes among them.
    """
    with _opened(path) as file:
        for number in itertools.count(1):
            head = file.read(HEAD.size)
            if not head:
                return
            try:
                yield unpack(head + file.read(_bounded(_length(head), most) + _CHECKSUM.size))
            except FormatError as error:
                raise FormatError(f"'{path}', record {number}: {error}") from None


def write(path: Path, payloads: Iterable[bytes]) -> int:
    """Write a file of records, whole or not at all; how many there were. Raises `OutputError`."""
    count = 0
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        for payload in payloads:
            file.write(pack(payload))
            count += 1
    return count


def masked_checksum(data: bytes) -> int:
    """CRC-32C of `data` as TFRecords hold it."""
    import google_crc32c

    crc = int(google_crc32c.value(data))
    return ((crc >> 15 | crc << 17) + _DELTA) & _MASK


def _opened(path: Path) -> BinaryIO:
    try:
        return opened(path)
    except FormatError as error:
        raise FormatError(f"'{path}': {error}") from None
    except OSError as error:
        raise FormatError(f"Cannot read '{path}': {error.strerror or error}. Check the path.") from error


def _stop(head: bytes, start: int) -> int | None:
    """Where the record that begins with `head` at `start` ends; None where its length is damaged."""
    return start + AROUND + int(_LENGTH.unpack_from(head)[0]) if _is_whole(head) else None


def _is_whole(head: bytes) -> bool:
    return len(head) == HEAD.size and HEAD.unpack(head)[1] == masked_checksum(head[: _LENGTH.size])


def _length(head: bytes) -> int:
    if not head:
        raise FormatError("an empty file; expected TFRecords.")
    if head.startswith(_GZIP):
        raise FormatError("compressed with gzip; unpack it first (gunzip).")
    if len(head) < HEAD.size:
        raise FormatError(f"a record of {len(head)} bytes; the file is cut short. Copy it again.")
    if not _is_whole(head):
        raise FormatError(
            "no TFRecord begins here, or its length is damaged (the checksum differs), and nothing after it "
            "can be found. Copy or make the file again."
        )
    return int(_LENGTH.unpack_from(head)[0])


def _bounded(length: int, most: int) -> int:
    if length > most:
        raise FormatError(f"a record of {length >> 20} MiB; at most {most >> 20} MiB are read.")
    return length
