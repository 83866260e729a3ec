"""Reads any MIDI file byte by byte: slow (milliseconds a file), exact, forgiving where that is safe.

It serves what the fast reader refuses or blurs: SMPTE times, format 2, long headers, chunks that claim to be longer
than the file, lyrics, names that are not UTF-8. A chunk that ends inside an event, or has a data byte above 127, is
damaged and refused.

Format 2: the chunks are patterns of their own, laid end to end; each starts again at 120 quarters a minute and 4/4.
Notes of one pitch that overlap are closed first in, first out; notes never closed are left out. A control or bend
belongs to the part whose program holds then, and before that part's first note to the channel's next one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from antiphon.errors import FormatError
from antiphon.io.limits import Limits
from antiphon.io.midi.container import SEQUENTIAL, Header, tracks
from antiphon.io.midi.parts import DRUM_CHANNEL, MICROSECONDS_A_MINUTE, Columns, Contents, Part

_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_SYSTEM_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, 0xF8: 0, 0xFA: 0, 0xFB: 0, 0xFC: 0, 0xFE: 0}
_SYSEX = (0xF0, 0xF7)
_META = 0xFF
_END_OF_TRACK = 0x2F
_NOMINAL_QPM = 120.0
_DROP_FRAME = 29  # stands for 30000/1001 frames a second

Row = tuple[int, ...]


def read(data: bytes, header: Header, limits: Limits) -> Contents:
    """What is in (unwrapped) MIDI `data`. Raises `FormatError` where a chunk is damaged or holds too many notes."""
    if len(data) > limits.odd_bytes:
        raise FormatError(
            f"MIDI of an unusual kind and {len(data)} bytes; at most {limits.odd_bytes} are read of that kind. "
            "Export it again as a plain format 1 file."
        )
    contents, qpm = _timing(header)
    offset = 0
    for number, (start, end) in enumerate(tracks(data, header.end)):
        track = Track(data, start, end, limits)
        track.read()
        track.add_to(contents, offset, is_title=number == 0 and header.format == 1)
        if header.format == SEQUENTIAL:
            offset += track.time
    return contents
