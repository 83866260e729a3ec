"""A NoteSequence as a `Score`.

Every time becomes the tick nearest to its second; a quantised sequence is read by its steps. Sections are
played out. Parts are instruments in the order of their numbers, or, where the sequence names parts, those.
Absent values have the format's defaults: 120 quarters per minute, 4/4, 220 ticks per quarter; velocity 100.
Left out: beats, and impossible tempos and meters. Texts of no special kind are markers.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from antiphon.arrays import Float64, Int16
from antiphon.errors import FormatError
from antiphon.io.limits import DEFAULT, Limits
from antiphon.io.notesequence import texts
from antiphon.io.notesequence.clock import SecondsToTicks, in_seconds, resolution
from antiphon.io.notesequence.messages import CHORD, MODES, parsed
from antiphon.io.notesequence.sections import unrolled
from antiphon.io.notesequence.texts import Text
from antiphon.io.notesequence.write import about
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap
from antiphon.score.notes import Notes
from antiphon.score.score import Bends, Controls, Score

_VELOCITY = 100  # of notes that say none
_LARGEST_NUMERATOR, _LARGEST_DENOMINATOR = 255, 64  # as in MIDI; bars stay long enough to be counted
_NOTE = attrgetter("start_time", "end_time", "pitch", "velocity", "program", "is_drum", "instrument", "part")
_CONTROL = attrgetter("time", "control_number", "control_value", "instrument")
_BEND = attrgetter("time", "bend", "instrument")

Said = list[tuple[float, Text]]


def loads(data: bytes, limits: Limits = DEFAULT, source: str = "") -> Score:
    """The music in the bytes of one NoteSequence, notes in their order.

    Raises `FormatError` where they are none, damaged, or outside `limits`.
    """
    message = parsed(data, limits)
    _check_counts(message, limits)
    message = unrolled(in_seconds(message), limits)
    clock = SecondsToTicks(((tempo.time, tempo.qpm) for tempo in message.tempos), resolution(message), limits)
    rows = _table(message.notes, _NOTE)
    parts = Parts.of(message, rows[:, -2], rows[:, -1], limits)
    score = _score(message, _notes(rows, clock, parts), clock, parts, source)
    if score.duration_s > limits.seconds:  # in ticks, so that what is read can be written and read again
        raise FormatError(f"longer than {limits.seconds / 3600:g} hours. The file is probably damaged.")
    return score


def _score(message: Any, notes: Notes, clock: SecondsToTicks, parts: Parts, source: str) -> Score:
    metadata = message.sequence_metadata
    said = [(a.time, texts.understood(a.text)) for a in message.text_annotations if not a.annotation_type]
    told = tuple((text.of, text.text) for _, text in said if text.kind == texts.ABOUT)
    return Score(
        notes=notes,
        ticks_per_quarter=clock.resolution,
        tempos=clock.tempos,
        meters=_meters(message, clock),
        keys=_keys(message, clock, said),
        chords=_chords(message, clock),
        lyrics=_marks(said, texts.LYRIC, clock, parts),
        markers=_marks(said, texts.MARKER, clock, parts),
        controls=_controls(message, clock, parts),
        bends=_bends(message, clock, parts),
        track_names=parts.names,
        title=metadata.title,
        about=told or about(metadata),
        source=source,
    )


def _check_counts(message: Any, limits: Limits) -> None:
    changes = (message.tempos, message.time_signatures, message.key_signatures, message.text_annotations)
    counts = {
        "notes": len(message.notes),
        "controls": len(message.control_changes) + len(message.pitch_bends),
        "changes": max(map(len, changes)),
    }
    for what, count in counts.items():
        most = getattr(limits, what)
        if count > most:
            raise FormatError(f"{count} {what}; at most {most} are read. The file is probably damaged.")


def _notes(rows: Float64, clock: SecondsToTicks, parts: Parts) -> Notes:
    """Notes of the rows of `_NOTE`."""
    if not len(rows):
        return Notes.none()
    start, end = clock.ticks(rows[:, :2]).T
    pitch, velocity, program = rows[:, 2:5].astype(np.int64).T
    if (pitch & ~127).any():
        wrong = pitch[(pitch & ~127) != 0][0]
        raise FormatError(f"a note of pitch {wrong}; expected 0 to 127. Make the file again.")
    return Notes(
        start,
        np.maximum(end, start),
        pitch.astype(np.int16),
        np.where(velocity > 0, np.minimum(velocity, 127), _VELOCITY).astype(np.int16),
        np.minimum(np.maximum(program, 0), 127).astype(np.int16),
        rows[:, 5] != 0,
        parts.tracks,
    )


def _meters(message: Any, clock: SecondsToTicks) -> MeterMap:
    possible = [
        entry
        for entry in message.time_signatures
        if 0 < entry.numerator <= _LARGEST_NUMERATOR and 0 < entry.denominator <= _LARGEST_DENOMINATOR
    ]
    times = clock.ticks([entry.time for entry in possible]).tolist()
    return MeterMap.of((t, e.numerator, e.denominator) for t, e in zip(times, possible, strict=True))


def _keys(message: Any, clock: SecondsToTicks, said: Said) -> tuple[KeyChange, ...]:
    others = {time: text.text for time, text in said if text.kind == texts.MODE}
    entries = sorted(message.key_signatures, key=lambda entry: entry.time)
    modes = [
        (MODES[e.mode] if 0 <= e.mode < len(MODES) else "") or others.get(e.time, MODES[0]) for e in entries
    ]
    times = clock.ticks([entry.time for entry in entries]).tolist()
    return tuple(
        KeyChange(time, Key(entry.key % 12, mode))
        for time, entry, mode in zip(times, entries, modes, strict=True)
    )


def _chords(message: Any, clock: SecondsToTicks) -> tuple[Mark, ...]:
    found = [(a.time, a.text, -1) for a in message.text_annotations if a.annotation_type == CHORD]
    return _placed(found, clock)


def _marks(said: Said, kind: str, clock: SecondsToTicks, parts: Parts) -> tuple[Mark, ...]:
    found = [
        (time, text.text, texts.part(text.of, len(parts.rank))) for time, text in said if text.kind == kind
    ]
    return _placed(found, clock)


def _placed(found: list[tuple[float, str, int]], clock: SecondsToTicks) -> tuple[Mark, ...]:
    """Marks by time, in their order where times are equal."""
    if not found:
        return ()
    times = clock.ticks([time for time, _, _ in found], of_texts=True).tolist()
    marks = [Mark(time, text, part) for time, (_, text, part) in zip(times, found, strict=True)]
    return tuple(sorted(marks, key=lambda mark: mark.time))


def _controls(message: Any, clock: SecondsToTicks, parts: Parts) -> Controls:
    if not message.control_changes:
        return Controls.none()
    rows = _table(message.control_changes, _CONTROL)
    rows = rows[((rows[:, 1:3] >= 0) & (rows[:, 1:3] <= 127)).all(axis=1)]
    number, value = rows[:, 1:3].astype(np.int16).T
    return Controls(clock.ticks(rows[:, 0]), number, value, parts.of_instruments(rows[:, 3]))


def _bends(message: Any, clock: SecondsToTicks, parts: Parts) -> Bends:
    if not message.pitch_bends:
        return Bends.none()
    rows = _table(message.pitch_bends, _BEND)
    value = np.clip(rows[:, 1], -8192, 8191).astype(np.int16)
    return Bends(clock.ticks(rows[:, 0]), value, parts.of_instruments(rows[:, 2]))


def _table(entries: Any, row: Callable[[Any], tuple[Any, ...]]) -> Float64:
    """A row of numbers an entry, float64 [N, columns]; 32-bit integers are exact in it."""
    return np.array([row(entry) for entry in entries] or np.empty((0, 2)), dtype=np.float64)


class Parts(NamedTuple):
    """The parts of a score made of a message, in the order of their numbers there."""

    tracks: Int16
    """The part of every note, int16 [N]."""
    rank: dict[int, int]
    """The part of each instrument, or of each part that the message names."""
    home: dict[int, int]
    """Instrument to part of the message, where it names parts."""
    names: tuple[str, ...]

    @classmethod
    def of(cls, message: Any, instrument: Float64, part: Float64, limits: Limits) -> Parts:
        """The parts of a message, those without a note too, given those of its notes. Raises `FormatError`
        for too many.
        """
        by_part = bool(message.part_infos)
        columns = instrument.tolist(), part.tolist()
        home = dict(zip(*columns, strict=True)) if by_part else {}
        used = {info.instrument for info in message.instrument_infos}
        for entries in (message.control_changes, message.pitch_bends):
            used |= {entry.instrument for entry in entries} if entries else set()
        said = {home.get(number, number) for number in used} | set(columns[by_part])
        said |= {info.part for info in message.part_infos}
        if len(said) > limits.parts:
            raise FormatError(
                f"{len(said)} parts; at most {limits.parts} are read. The file is probably damaged."
            )
        numbers = sorted(said)
        rank = {number: place for place, number in enumerate(numbers)}
        tracks = np.searchsorted(numbers, part if by_part else instrument) if numbers else part
        return cls(tracks.astype(np.int16), rank, home, _names(message, rank, home))

    def of_instruments(self, instruments: Float64) -> Int16:
        """The part of each of `instruments` [N]."""
        found = [self.rank[self.home.get(number, number)] for number in instruments.tolist()]
        return np.array(found, dtype=np.int16)


def _names(message: Any, rank: dict[int, int], home: dict[int, int]) -> tuple[str, ...]:
    """Names up to the last part that has one; parts' own names where the instruments have none."""
    infos = message.instrument_infos
    named = {rank[home.get(info.instrument, info.instrument)]: info.name for info in infos}
    if not named and any(info.name for info in message.part_infos):
        named = {rank[info.part]: info.name for info in message.part_infos}
    return tuple(named.get(place, "") for place in range(max(named, default=-1) + 1))
