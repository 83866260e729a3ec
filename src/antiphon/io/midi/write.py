"""Writes a `Score` as a format 1 MIDI file: one chunk for the piece, then one for each part.

A part is written with one program on one channel; a `Score` track that mixes programs, or drums with
pitches, becomes several chunks of one name. Channels are given out in order, drums on channel 10; beyond
fifteen pitched parts, parts of one program share a channel first.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from antiphon.errors import OutputError
from antiphon.io.limits import MOST_TICKS_PER_QUARTER
from antiphon.io.midi.container import END, HEADER, KEY, LYRIC, MARKER, METER, NAME, TEMPO
from antiphon.io.midi.parts import CHORD_PREFIX, DRUM_CHANNEL, MICROSECONDS_A_MINUTE
from antiphon.score.maps import Key, Mark
from antiphon.score.notes import Notes
from antiphon.score.score import Score

_CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]
_SHARPS = {(7 * n) % 12: n for n in range(-5, 7)}  # of the major key on that tonic
_WITH_MINOR_THIRD = ("minor", "aeolian", "dorian", "phrygian", "locrian")
_LONGEST = 1 << 28
_SLOWEST = (1 << 24) - 1
_OFF, _CHANGE, _ON = range(3)  # what comes first at one tick

Event = tuple[int, int, bytes]  # tick, rank at that tick, bytes


class _Group(NamedTuple):
    """Notes of one track with one sound; the first group of a track carries its controls, bends and
    lyrics.
    """

    track: int
    program: int
    is_drum: bool
    is_first: bool


def dumps(score: Score) -> bytes:
    """The bytes of a format 1 file.

    Tempos are rounded to whole microseconds a quarter, modes to major and minor on the same tonic. Notes
    that overlap at one pitch of one part are told apart by order only. Raises `OutputError` for what MIDI
    cannot hold.
    """
    if score.ticks_per_quarter > MOST_TICKS_PER_QUARTER:
        raise OutputError(
            f"MIDI holds at most {MOST_TICKS_PER_QUARTER} ticks per quarter, not {score.ticks_per_quarter}. "
            "Resample first."
        )
    _check_values(score)
    groups = _groups(score)
    parts = [_part(score, group, channel) for group, channel in zip(groups, _channels(groups), strict=True)]
    chunks = [_chunk(events) for events in (_conductor(score), *parts)]
    return HEADER.pack(b"MThd", 6, 1, len(chunks), score.ticks_per_quarter) + b"".join(chunks)


def _check_values(score: Score) -> None:
    """Raises `OutputError` for a number that its byte does not hold."""
    notes, controls, bends = score.notes, score.controls, score.bends
    for what, column, least, most in (
        ("a pitch", notes.pitch, 0, 127),
        ("a velocity", notes.velocity, 0, 127),
        ("a program", notes.program, 0, 127),
        ("a control's number", controls.number, 0, 127),
        ("a control's value", controls.value, 0, 127),
        ("a pitch bend", bends.value, -8192, 8191),
    ):
        wrong = column[(column < least) | (column > most)]
        if len(wrong):
            raise OutputError(f"MIDI cannot hold {what} of {wrong[0]}; expected {least} to {most}.")


def _groups(score: Score) -> list[_Group]:
    notes = score.notes
    sounds = sorted(
        set(zip(notes.track.tolist(), notes.program.tolist(), notes.is_drum.tolist(), strict=True))
    )
    used = {track for track, _, _ in sounds}
    silent = ((track, 0, False) for track in range(score.n_tracks) if track not in used)
    ordered = sorted([*sounds, *silent])
    firsts = [True, *(a[0] != b[0] for a, b in itertools.pairwise(ordered))]
    return [_Group(*sound, first) for sound, first in zip(ordered, firsts, strict=False)]


def _channels(groups: list[_Group]) -> list[int]:
    """A channel for each group."""
    pitched = [group.program for group in groups if not group.is_drum]
    shares = dict.fromkeys(pitched) if len(pitched) > len(_CHANNELS) else range(len(pitched))
    given = {share: _CHANNELS[number % len(_CHANNELS)] for number, share in enumerate(shares)}
    counted = itertools.count()
    by_program = len(pitched) > len(_CHANNELS)
    return [
        DRUM_CHANNEL if group.is_drum else given[group.program if by_program else next(counted)]
        for group in groups
    ]


def _conductor(score: Score) -> list[Event]:
    tempos = zip(score.tempos.time.tolist(), score.tempos.qpm.tolist(), strict=True)
    meters = zip(
        *(c.tolist() for c in (score.meters.time, score.meters.numerator, score.meters.denominator)),
        strict=True,
    )
    return [
        *_name(score.title),
        *(_meta(time, TEMPO, _microseconds(qpm).to_bytes(3, "big")) for time, qpm in tempos),
        *(_meta(time, METER, _meter(n, d)) for time, n, d in meters),
        *(_meta(change.time, KEY, _key(change.key)) for change in score.keys),
        *_texts(MARKER, (chord._replace(text=CHORD_PREFIX + chord.text) for chord in score.chords)),
        *_texts(MARKER, score.markers),
        *_texts(LYRIC, (lyric for lyric in score.lyrics if lyric.track < 0)),
    ]


def _part(score: Score, group: _Group, channel: int) -> list[Event]:
    notes = score.notes
    mine = (notes.track == group.track) & (notes.program == group.program) & (notes.is_drum == group.is_drum)
    events = [*_name(score.track_name(group.track)), (0, _OFF, bytes([0xC0 | channel, group.program]))]
    if group.is_first:
        events += _changes(score, group.track, channel)
        events += _texts(LYRIC, (lyric for lyric in score.lyrics if lyric.track == group.track))
    return events + _notes(notes[mine], channel)


def _changes(score: Score, track: int, channel: int) -> list[Event]:
    controls, bends = score.controls, score.bends
    mine = controls.track == track
    rows = zip(
        *(column[mine].tolist() for column in (controls.time, controls.number, controls.value)), strict=True
    )
    events = [(time, _CHANGE, bytes([0xB0 | channel, number, value])) for time, number, value in rows]
    mine = bends.track == track
    bent = zip(bends.time[mine].tolist(), (bends.value[mine].astype(int) + 8192).tolist(), strict=True)
    return events + [
        (time, _CHANGE, bytes([0xE0 | channel, value & 127, value >> 7])) for time, value in bent
    ]


def _notes(notes: Notes, channel: int) -> list[Event]:
    """Note-ons, and note-offs before the note-ons of their tick; a note of no length ends right after it
    began.
    """
    events: list[Event] = []
    order = np.argsort(notes.start, kind="stable")
    columns = (column[order].tolist() for column in (notes.start, notes.end, notes.pitch, notes.velocity))
    for start, end, pitch, velocity in zip(*columns, strict=True):
        events.append((start, _ON, bytes([0x90 | channel, pitch, velocity])))
        events.append((end, _OFF if end > start else _ON, bytes([0x80 | channel, pitch, 64])))
    return events


def _name(name: str) -> list[Event]:
    return [(0, _OFF, _meta(0, NAME, _encoded(name))[2])] if name else []


def _texts(kind: int, marks: Iterable[Mark]) -> list[Event]:
    return [_meta(mark.time, kind, _encoded(mark.text)) for mark in marks]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", errors="replace")


def _meta(time: int, kind: int, body: bytes) -> Event:
    return time, _CHANGE, bytes([0xFF, kind]) + _number(len(body)) + body


def _microseconds(qpm: float) -> int:
    return min(max(round(MICROSECONDS_A_MINUTE / qpm), 1), _SLOWEST)


def _meter(numerator: int, denominator: int) -> bytes:
    if denominator & (denominator - 1) or not 0 < numerator < 256:
        raise OutputError(
            f"MIDI cannot hold a meter of {numerator}/{denominator}; its denominators are powers of two."
        )
    return bytes([numerator, denominator.bit_length() - 1, 24, 8])


def _key(key: Key) -> bytes:
    minor = key.mode in _WITH_MINOR_THIRD
    return struct.pack("bb", _SHARPS[(key.tonic - 9 * minor) % 12], minor)


def _number(value: int) -> bytes:
    """A variable-length number."""
    if not 0 <= value < _LONGEST:
        raise OutputError(f"MIDI cannot hold a time step or length of {value}; at most {_LONGEST - 1}.")
    result = [value & 0x7F]
    while value := value >> 7:
        result.append(value & 0x7F | 0x80)
    return bytes(reversed(result))


def _chunk(events: list[Event]) -> bytes:
    ordered = sorted(events, key=lambda event: event[:2])
    steps = (b - a for a, b in zip([0, *(e[0] for e in ordered)], (e[0] for e in ordered), strict=False))
    body = b"".join(_number(step) + event[2] for step, event in zip(steps, ordered, strict=True))
    body += bytes([0, 0xFF, END, 0])
    return struct.pack(">4sI", b"MTrk", len(body)) + body
