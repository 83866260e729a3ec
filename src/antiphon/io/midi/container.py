"""The outside of a Standard MIDI File: RIFF wrapping, header, track chunks; what both readers and the writer
need to know of its events.

Source: Standard MIDI Files 1.0 (RP-001); RMID wrapping (RP-029).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from antiphon.errors import FormatError

HEADER = struct.Struct(">4sIHHH")
_CHUNK = struct.Struct(">4sI")
SEQUENTIAL = 2  # the format whose chunks are pieces of their own, to be played one after the other
NAME, LYRIC, MARKER, END, TEMPO, METER, KEY = 0x03, 0x05, 0x06, 0x2F, 0x51, 0x58, 0x59
"""Kinds of meta events."""


class Header(NamedTuple):
    """`format` 0, 1 or 2; `division` as it stands: ticks per quarter, or SMPTE where bit 15 is set; `end`
    of the chunk.
    """

    format: int
    n_tracks: int
    division: int
    end: int

    @property
    def is_smpte(self) -> bool:
        """Whether ticks divide seconds instead of quarters."""
        return self.division >= 0x8000


def unwrapped(data: bytes) -> bytes:
    """The MIDI inside a RIFF (.rmi) file; other data as it is."""
    if data[:4] != b"RIFF":
        return data
    at = data.find(b"MThd", 0, 4096) if data[8:12] == b"RMID" else -1
    if at < 0:
        raise FormatError("A RIFF file without MIDI inside; expected a .mid or .rmi file.")
    return data[at:]


def header(data: bytes) -> Header:
    """The header of (unwrapped) MIDI data. Raises `FormatError` for what can be no MIDI file."""
    if len(data) < HEADER.size or data[:4] != b"MThd":
        what = f"no MIDI file (it begins with {data[:4].decode('latin-1')!r})" if data else "an empty file"
        raise FormatError(f"{what}; MIDI begins with 'MThd' and a header of 14 bytes.")
    _, length, kind, n_tracks, division = HEADER.unpack_from(data)
    if division == 0:
        raise FormatError(
            "MIDI with 0 ticks per quarter note; its times mean nothing. Export the file again."
        )
    if kind > SEQUENTIAL or length < 6:
        raise FormatError(
            f"MIDI of an unknown kind (format {kind}, a header of {length} bytes); expected format 0, 1 or 2."
        )
    return Header(kind, n_tracks, division, 8 + length)


def tracks(data: bytes, start: int) -> Iterator[tuple[int, int]]:
    """(start, end) of the body of each track chunk from `start` on; the last `end` may lie beyond the file.

    Other chunks are passed over, and so is whatever follows the last chunk.
    """
    while start + _CHUNK.size <= len(data):
        name, length = _CHUNK.unpack_from(data, start)
        start += _CHUNK.size
        if name == b"MTrk":
            yield start, start + length
        start += length


def text(body: bytes) -> str:
    """Text of a MIDI event: UTF-8 where it is that, else Latin-1."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("latin-1")
