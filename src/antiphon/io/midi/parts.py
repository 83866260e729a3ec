"""What any MIDI reader finds in a file, and how a `Score` is put together from it.

A *part* is what one track chunk says on one channel with one program: an instrument. Both readers (`fast`, `exact`)
give the same parts in the same order: by chunk, then channel, then program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.errors import FormatError
from antiphon.io.limits import Limits
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Bends, Controls, Score

DRUM_CHANNEL = 9
CHORD_PREFIX = "Chord: "
MICROSECONDS_A_MINUTE = 60_000_000
_CLOCK_RAN_OVER = 1 << 40

Column = npt.NDArray[Any]


class Part(NamedTuple):
    """One instrument: `notes` (start, end, pitch, velocity), `controls` (time, number, value), `bends` (time, value)."""

    name: str
    program: int
    is_drum: bool
    notes: Sequence[Column]
    controls: Sequence[Column]
    bends: Sequence[Column]
    lyrics: Sequence[tuple[int, str]] = ()


@dataclass
class Contents:
    """A MIDI file as a reader found it: times in ticks, values as they stand in the file.

    `tempos` (time, microseconds a quarter), `meters` (time, numerator, denominator), `keys` (time, sharps, is minor),
    `markers` (time, text); `lyrics` are those that stand in a chunk without an instrument.
    """

    ticks_per_quarter: int
    parts: list[Part] = field(default_factory=list)
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
    parts = contents.parts
    _check(contents, limits)
    score = Score(
        notes=_notes(parts),
        ticks_per_quarter=contents.ticks_per_quarter,
        tempos=TempoMap.of([(t, MICROSECONDS_A_MINUTE / m) for t, m in contents.tempos if m > 0]),
        meters=MeterMap.of([m for m in contents.meters if m[1] > 0 and 0 < m[2] <= 64]),
        keys=_keys(contents.keys),
        chords=_marks((t, text.removeprefix(CHORD_PREFIX), -1) for t, text in contents.markers if _is_chord(text)),
        lyrics=_lyrics(contents),
        markers=_marks((t, text, -1) for t, text in contents.markers if not _is_chord(text)),
        controls=Controls(*_joined([part.controls for part in parts], 3)),
        bends=Bends(*_joined([part.bends for part in parts], 2)),
        track_names=tuple(part.name for part in parts),
        title=contents.title,
        source=source,
    )
    if score.duration_s > limits.seconds:
        raise _too_long(f"{score.duration_s / 3600:.0f} hours", f"{limits.seconds / 3600:.0f}")
    return score


def key_of(sharps: int, is_minor: int) -> Key:
    """The key with that many sharps (flats below 0)."""
    return Key((7 * sharps + 9 * is_minor) % 12, "minor" if is_minor else "major")


def _check(contents: Contents, limits: Limits) -> None:
    n_notes = sum(len(part.notes[0]) for part in contents.parts)
    if n_notes > limits.notes:
        raise FormatError(f"MIDI with {n_notes} notes; at most {limits.notes} are read. Split the file.")
    latest = max((_latest(part) for part in contents.parts), default=0)
    if latest > limits.quarters * contents.ticks_per_quarter:
        raise _too_long(f"{latest // contents.ticks_per_quarter} quarter notes", str(limits.quarters))


def _latest(part: Part) -> int:
    times = [column for column in (*part.notes[:2], part.controls[0], part.bends[0]) if len(column)]
    below_zero = any(int(column.min()) < 0 for column in times)
    return _CLOCK_RAN_OVER if below_zero else max((int(column.max()) for column in times), default=0)


def _too_long(length: str, limit: str) -> FormatError:
    return FormatError(f"MIDI of {length} in length; at most {limit} are read. The file is probably damaged.")


def _notes(parts: list[Part]) -> Notes:
    start, end, pitch, velocity, track = _joined([part.notes for part in parts], 4)
    program = np.array([part.program for part in parts], dtype=np.int16)
    is_drum = np.array([part.is_drum for part in parts], dtype=np.bool_)
    return Notes(start, end, pitch, velocity, program[track], is_drum[track], track)


def _joined(tables: Sequence[Sequence[Column]], n_columns: int) -> list[Column]:
    """The tables' rows one after the other, column by column, and a column with the table's number."""
    if not tables:
        return [np.empty(0, dtype=np.int16)] * (n_columns + 1)
    columns = [np.concatenate([table[i] for table in tables]) for i in range(n_columns)]
    counts = [len(table[0]) for table in tables]
    return [*columns, np.repeat(np.arange(len(tables), dtype=np.int16), counts)]


def _keys(entries: Iterable[tuple[int, int, int]]) -> tuple[KeyChange, ...]:
    possible = sorted((e for e in entries if -7 <= e[1] <= 7 and e[2] in (0, 1)), key=lambda e: e[0])
    latest = {time: key_of(sharps, is_minor) for time, sharps, is_minor in possible}
    changes = [KeyChange(time, key) for time, key in latest.items()]
    return tuple(c for before, c in zip([None, *changes], changes, strict=False) if not before or before.key != c.key)


def _is_chord(text: str) -> bool:
    return text.startswith(CHORD_PREFIX)


def _lyrics(contents: Contents) -> tuple[Mark, ...]:
    sung = [(t, text, i) for i, part in enumerate(contents.parts) for t, text in part.lyrics]
    return _marks([*sung, *((t, text, -1) for t, text in contents.lyrics)])


def _marks(entries: Iterable[tuple[int, str, int]]) -> tuple[Mark, ...]:
    return tuple(Mark(*entry) for entry in sorted(entries, key=lambda e: (e[0], e[2])))
