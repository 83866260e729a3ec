"""One track chunk, read event by event.

Notes of one pitch that overlap are closed first in, first out; notes never closed are left out. A control or
bend belongs to the part whose program holds then; before that part's first note, to the channel's next part.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field

import numpy as np

from antiphon.errors import FormatError
from antiphon.io.midi.container import END, KEY, LYRIC, MARKER, METER, NAME, TEMPO, text
from antiphon.io.midi.parts import DRUM_CHANNEL, IntColumn, MidiPart

_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_SYSTEM_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, 0xF8: 0, 0xFA: 0, 0xFB: 0, 0xFC: 0, 0xFE: 0}
_SYSEX = (0xF0, 0xF7)
_META = 0xFF
_TITLE_WITHIN = 1 << 17  # bytes of a conductor's chunk that are looked at
_LONGEST_NUMBER = 4  # bytes of a variable-length number

Row = tuple[int, ...]


@dataclass
class PartRows:
    """A part while its chunk is read. Rows of `notes` are (note-on number, start, end, pitch, velocity), of
    `controls` (time, number, value), of `bends` (time, value).
    """

    notes: list[Row] = field(default_factory=list)
    controls: list[Row] = field(default_factory=list)
    bends: list[Row] = field(default_factory=list)


@dataclass
class Track:
    """What one chunk says; `length` is the time of its last event. `parts` by (channel, program)."""

    name: str = ""
    length: int = 0
    parts: dict[tuple[int, int], PartRows] = field(default_factory=dict)
    lyrics: list[tuple[int, str]] = field(default_factory=list)
    markers: list[tuple[int, str]] = field(default_factory=list)
    tempos: list[tuple[int, float]] = field(default_factory=list)
    meters: list[tuple[int, int, int]] = field(default_factory=list)
    keys: list[tuple[int, int, int]] = field(default_factory=list)

    def columns(self, offset: int) -> tuple[list[MidiPart], list[tuple[int, str]]]:
        """The parts, `offset` ticks later, the lyrics with the first of them; and the lyrics where there
        is no part.
        """
        sung = [(time + offset, words) for time, words in self.lyrics]
        parts = []
        for (channel, program), rows in sorted(self.parts.items()):
            notes = _columns(sorted(rows.notes), 5)[1:]
            controls, bends = _columns(rows.controls, 3), _columns(rows.bends, 2)
            for times in (*notes[:2], controls[0], bends[0]):
                times += offset
            parts.append(MidiPart(self.name, program, channel == DRUM_CHANNEL, notes, controls, bends, sung))
            sung = []
        return parts, sung


def read_track(data: bytes, start: int, end: int) -> Track:
    """The chunk whose body is `data[start:end]`. Raises `FormatError` where it is damaged or cut off."""
    reader = _Reader(data, start, end)
    while reader.position < reader.end and not reader.ended:
        reader.event()
    if end > len(data) and not reader.ended:
        raise FormatError("Damaged MIDI: the file ends inside a track. Export or download it again.")
    reader.track.length = reader.time
    return reader.track


def conductor_title(data: bytes, start: int, end: int) -> str:
    """Name of a chunk in which nothing is played on any channel; an empty string for other chunks."""
    if data.find(bytes([_META, NAME]), start, end) < 0:
        return ""
    reader = _Reader(data, start, end)
    while reader.position < reader.end and not reader.ended:
        reader.event()
        if reader.running or reader.position - start > _TITLE_WITHIN:
            return ""
    return reader.track.name


def _columns(rows: list[Row], n: int) -> list[IntColumn]:
    return list(np.array(rows, dtype=np.int64).reshape(-1, n).T.copy())


class _Reader:
    """A cursor in a chunk, and what running status, programs and open notes hold at that place."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.data, self.position, self.end = data, start, min(end, len(data))
        self.time = self.running = self.n_notes = 0
        self.ended = False
        self.track = Track()
        self.programs = [0] * 16
        self.open: defaultdict[tuple[int, int], deque[tuple[int, int, int, PartRows]]] = defaultdict(deque)
        # Controls and bends of a channel before its part's first note.
        self.waiting: defaultdict[int, PartRows] = defaultdict(PartRows)

    def event(self) -> None:
        """Take in one event."""
        self.time += self._number()
        status = self._take(1)[0]
        if status < 0x80:
            status = self.running
            self.position -= 1
        if status < 0x80:
            raise self._damaged("running status without a status before")
        if status < 0xF0:
            self.running = status
            self._channel_event(status >> 4, status & 0xF)
        else:
            self._system_event(status)

    def _take(self, n: int) -> bytes:
        taken = self.data[self.position : min(self.position + n, self.end)]
        if len(taken) < n:
            raise self._damaged("the track ends inside an event")
        self.position += n
        return taken

    def _number(self) -> int:
        value = 0
        for _ in range(_LONGEST_NUMBER):
            byte = self._take(1)[0]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise self._damaged("a number of more than four bytes")

    def _damaged(self, what: str) -> FormatError:
        return FormatError(f"Damaged MIDI: {what} (byte {self.position}). Export the file again.")

    def _channel_event(self, kind: int, channel: int) -> None:
        values = self._take(_DATA_BYTES[kind])
        if max(values) > 127:
            raise self._damaged("a data byte above 127")
        if kind == 0x9 and values[1]:
            self._note_on(channel, *values)
        elif kind in (0x8, 0x9):
            self._note_off(channel, values[0])
        elif kind == 0xB:
            self._part(channel).controls.append((self.time, *values))
        elif kind == 0xC:
            self.programs[channel] = values[0]
        elif kind == 0xE:
            self._part(channel).bends.append((self.time, values[0] + 128 * values[1] - 8192))

    def _part(self, channel: int) -> PartRows:
        return self.track.parts.get((channel, self.programs[channel])) or self.waiting[channel]

    def _note_on(self, channel: int, pitch: int, velocity: int) -> None:
        key = channel, self.programs[channel]
        if key not in self.track.parts:
            self.track.parts[key] = self.waiting.pop(channel, PartRows())
        self.n_notes += 1
        self.open[channel, pitch].append((self.n_notes, self.time, velocity, self.track.parts[key]))

    def _note_off(self, channel: int, pitch: int) -> None:
        if self.open[channel, pitch]:
            number, start, velocity, rows = self.open[channel, pitch].popleft()
            rows.notes.append((number, start, self.time, pitch, velocity))

    def _system_event(self, status: int) -> None:
        if status == _META:
            kind = self._take(1)[0]
            self._meta_event(kind, self._take(self._number()))
        elif status in _SYSEX:
            self.running = 0
            self._take(self._number())
        elif status in _SYSTEM_DATA_BYTES:
            self._take(_SYSTEM_DATA_BYTES[status])
        else:
            raise self._damaged(f"an undefined status byte 0x{status:02X}")

    def _meta_event(self, kind: int, body: bytes) -> None:
        track = self.track
        if kind == NAME:
            track.name = text(body)
        elif kind == LYRIC:
            track.lyrics.append((self.time, text(body)))
        elif kind == MARKER:
            track.markers.append((self.time, text(body)))
        elif kind == TEMPO and len(body) >= 3:
            track.tempos.append((self.time, int.from_bytes(body[:3], "big")))
        elif kind == METER and len(body) >= 2 and body[1] < 8:
            track.meters.append((self.time, body[0], 1 << body[1]))
        elif kind == KEY and len(body) >= 2:
            track.keys.append((self.time, (body[0] ^ 0x80) - 0x80, body[1]))
        self.ended = kind == END
