"""What any MIDI reader finds in a file, and how a `Score` is put together from it.

A *part* is what one track chunk says on one channel with one program: an instrument. Both readers (`fast`,
`exact`) give the same parts in the same order: by chunk, then channel, then program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.arrays import AnyInt, Int16, Int64
from antiphon.errors import FormatError
from antiphon.io.limits import Limits, check_length
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Bends, Controls, Score

DRUM_CHANNEL = 9
CHORD_PREFIX = "Chord: "
MICROSECONDS_A_MINUTE = 60_000_000
_TIME_BITS = 40
_RADIX_SORTED = 1 << 16  # numpy sorts 16-bit numbers in linear time


class MidiPart(NamedTuple):
    """One instrument: `notes` (start, end, pitch, velocity), `controls` (time, number, value), `bends`
    (time, value).
    """

    name: str
    program: int
    is_drum: bool
    notes: Sequence[AnyInt]
    controls: Sequence[AnyInt]
    bends: Sequence[AnyInt]
    lyrics: Sequence[tuple[int, str]] = ()


@dataclass
class Contents:
    """A MIDI file as a reader found it: times in ticks, values as they stand in the file.

    `tempos` (time, microseconds a quarter), `meters` (time, numerator, denominator), `keys` (time, sharps,
    is minor), `markers` (time, text); `lyrics` are those that stand in a chunk without an instrument.
    """

    ticks_per_quarter: int
    parts: list[MidiPart] = field(default_factory=list)
    tempos: list[tuple[int, float]] = field(default_factory=list)
    meters: list[tuple[int, int, int]] = field(default_factory=list)
    keys: list[tuple[int, int, int]] = field(default_factory=list)
    markers: list[tuple[int, str]] = field(default_factory=list)
    lyrics: list[tuple[int, str]] = field(default_factory=list)
    title: str = ""


def assemble(contents: Contents, limits: Limits, source: str) -> Score:
    """`contents` as a `Score`; raises `FormatError` where it lies outside `limits`.

    Impossible tempos, meters and keys (0 microseconds, 0/4, nine flats) are left out.
    """
    _check_parts(contents, limits)
    parts = [part for part in contents.parts if _is_nonempty(part)]
    score = Score(
        notes=_notes(parts),
        ticks_per_quarter=contents.ticks_per_quarter,
        tempos=TempoMap.of([(t, MICROSECONDS_A_MINUTE / m) for t, m in contents.tempos if m > 0]),
        meters=MeterMap.of([m for m in contents.meters if m[1] > 0 and 0 < m[2] <= 64]),
        keys=_keys(contents.keys),
        chords=_marks(
            (t, text.removeprefix(CHORD_PREFIX), -1) for t, text in contents.markers if _is_chord(text)
        ),
        lyrics=_lyrics(parts, contents.lyrics),
        markers=_marks((t, text, -1) for t, text in contents.markers if not _is_chord(text)),
        controls=Controls(*_joined([part.controls for part in parts], (np.int64, np.int16, np.int16))),
        bends=Bends(*_joined([part.bends for part in parts], (np.int64, np.int16))),
        track_names=tuple(part.name for part in parts),
        title=contents.title,
        source=source,
    )
    check_length(score, limits, "MIDI")
    return score


def key_of(sharps: int, is_minor: int) -> Key:
    """The key with that many sharps (flats below 0)."""
    return Key((7 * sharps + 9 * is_minor) % 12, "minor" if is_minor else "major")


def check_counts(limits: Limits, **counts: int) -> None:
    """Raises `FormatError` for the first of `counts` above the limit of its name."""
    for what, count in counts.items():
        most = getattr(limits, what)
        if count > most:
            raise FormatError(
                f"MIDI with {count} {what}; at most {most} are read. The file is probably damaged."
            )


def _check_parts(contents: Contents, limits: Limits) -> None:
    parts = contents.parts
    changes = (contents.tempos, contents.meters, contents.keys, contents.markers, contents.lyrics)
    check_counts(
        limits,
        parts=len(parts),
        notes=sum(len(part.notes[0]) for part in parts),
        controls=sum(len(part.controls[0]) + len(part.bends[0]) for part in parts),
        changes=max(*(len(entries) for entries in changes), sum(len(part.lyrics) for part in parts)),
    )


def _notes(parts: list[MidiPart]) -> Notes:
    columns = _joined([part.notes for part in parts], (np.int64, np.int64, np.int16, np.int16))
    counts = [len(part.notes[0]) for part in parts]
    program = _repeated([part.program for part in parts], counts, np.int16)
    is_drum = _repeated([part.is_drum for part in parts], counts, np.bool_)
    start, end, pitch, velocity, track = columns
    return Notes(start, _released(start, end, pitch, track), pitch, velocity, program, is_drum, track)


def _released(start: Int64, end: Int64, pitch: Int16, track: Int16) -> Int64:
    """Ends of the notes where a note-off lets go of every sounding note of its pitch in the part.

    The readers pair note-ons and note-offs first in, first out, which gives the same ends unless notes
    overlap.
    """
    key = track.astype(np.int32) * 128 + pitch
    narrow = key.astype(np.uint16) if len(key) and key[-1] < _RADIX_SORTED else key
    order = np.argsort(narrow, kind="stable")  # by pitch in the part, then by onset as the notes came
    starts, ends, key = start[order], end[order], key[order]
    # Notes that begin while the one before still sounds.
    late = 1 + np.flatnonzero((starts[1:] < ends[:-1]) & (key[1:] == key[:-1]))
    late = late[ends[late] > starts[late]]
    if not len(late):
        return end
    place = key.astype(np.int64) << _TIME_BITS
    released = end.copy()
    first = np.searchsorted(place + ends, place[late] + starts[late], side="right")
    released[order[late]] = ends[np.minimum(first, late)]
    return released


def _joined(tables: Sequence[Sequence[AnyInt]], dtypes: tuple[type, ...]) -> list[npt.NDArray[Any]]:
    """The tables' rows one after the other: a column of each of `dtypes`, and one of the table's number."""
    counts = [len(table[0]) for table in tables]
    if not any(counts):
        return [np.empty(0, dtype=dtype) for dtype in (*dtypes, np.int16)]
    columns: list[npt.NDArray[Any]] = [
        np.concatenate([table[i] for table in tables], dtype=dtype) for i, dtype in enumerate(dtypes)
    ]
    for column in columns:
        column.flags.writeable = False  # so that it is shared, not copied
    return [*columns, _repeated(range(len(tables)), counts, np.int16)]


def _repeated(values: Sequence[int], counts: list[int], dtype: type) -> npt.NDArray[Any]:
    column: npt.NDArray[Any] = np.repeat(np.array(values, dtype=dtype), counts)
    column.flags.writeable = False
    return column


def _keys(entries: Iterable[tuple[int, int, int]]) -> tuple[KeyChange, ...]:
    possible = sorted((e for e in entries if -7 <= e[1] <= 7 and e[2] in (0, 1)), key=lambda e: e[0])
    latest = {time: key_of(sharps, is_minor) for time, sharps, is_minor in possible}
    changes = [KeyChange(time, key) for time, key in latest.items()]
    return tuple(
        c for before, c in zip([None, *changes], changes, strict=False) if not before or before.key != c.key
    )


def _is_chord(text: str) -> bool:
    return text.startswith(CHORD_PREFIX)


def _is_nonempty(part: MidiPart) -> bool:
    return any(len(column) for column in (part.notes[0], part.controls[0], part.bends[0], part.lyrics))


def _lyrics(parts: list[MidiPart], elsewhere: list[tuple[int, str]]) -> tuple[Mark, ...]:
    sung = [(time, text, i) for i, part in enumerate(parts) for time, text in part.lyrics]
    return _marks([*sung, *((time, text, -1) for time, text in elsewhere)])


def _marks(entries: Iterable[tuple[int, str, int]]) -> tuple[Mark, ...]:
    return tuple(Mark(*entry) for entry in sorted(entries, key=lambda e: (e[0], e[2])))
