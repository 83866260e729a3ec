"""`Score`: a piece of music as a plain, immutable value in musical time."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from antiphon.arrays import Float64, Int16, Int64
from antiphon.score.maps import KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes, frozen

DEFAULT_TICKS_PER_QUARTER = 480


@dataclass(frozen=True, eq=False, slots=True)
class Controls:
    """Control changes as columns: `time` (ticks), controller `number` 0-127, `value` 0-127, `track`."""

    time: Int64
    number: Int16
    value: Int16
    track: Int16

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", frozen(self.time, np.int64))
        for name in ("number", "value", "track"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int16))

    @classmethod
    def none(cls) -> Controls:
        """No control changes (one value for all, since it cannot change)."""
        return _NO_CONTROLS

    def __len__(self) -> int:
        return len(self.time)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Controls):
            return NotImplemented
        names = ("time", "number", "value", "track")
        return all(np.array_equal(getattr(self, n), getattr(other, n)) for n in names)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False, slots=True)
class Bends:
    """Pitch bends as columns: `time` (ticks), `value` -8192..8191, `track`."""

    time: Int64
    value: Int16
    track: Int16

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", frozen(self.time, np.int64))
        for name in ("value", "track"):
            object.__setattr__(self, name, frozen(getattr(self, name), np.int16))

    @classmethod
    def none(cls) -> Bends:
        """No pitch bends (one value for all, since it cannot change)."""
        return _NO_BENDS

    def __len__(self) -> int:
        return len(self.time)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bends):
            return NotImplemented
        return all(np.array_equal(getattr(self, n), getattr(other, n)) for n in ("time", "value", "track"))

    __hash__ = None  # type: ignore[assignment]


_NO_CONTROLS = Controls(*(np.empty(0) for _ in range(4)))  # type: ignore[arg-type]
_NO_BENDS = Bends(*(np.empty(0) for _ in range(3)))  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Score:
    """Notes in ticks with tempo, meter and key maps; seconds are derived.

    Two scores are equal when everything but `source` is. Operations return new values.
    """

    notes: Notes
    ticks_per_quarter: int = DEFAULT_TICKS_PER_QUARTER
    tempos: TempoMap = field(default_factory=TempoMap.of)
    meters: MeterMap = field(default_factory=MeterMap.of)
    keys: tuple[KeyChange, ...] = ()
    chords: tuple[Mark, ...] = ()
    lyrics: tuple[Mark, ...] = ()
    markers: tuple[Mark, ...] = ()
    controls: Controls = field(default_factory=Controls.none)
    bends: Bends = field(default_factory=Bends.none)
    track_names: tuple[str, ...] = ()
    title: str = ""
    about: tuple[tuple[str, str], ...] = ()
    """What the file says about the piece: (name, text) pairs in its order, the names in lower case and the
    field's terms ('composer', 'artist', 'genre', 'style', 'rhythm', 'origin', 'lyricist', 'copyright'); a
    name may come twice. The title has a field of its own."""
    source: str = ""

    def __post_init__(self) -> None:
        if self.ticks_per_quarter <= 0:
            raise ValueError(f"ticks_per_quarter is {self.ticks_per_quarter}; it must be above 0")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Score):
            return NotImplemented
        names = (f.name for f in dataclasses.fields(self) if f.name != "source")
        return all(getattr(self, name) == getattr(other, name) for name in names)

    __hash__ = None  # type: ignore[assignment]

    def replace(self, **changes: Any) -> Score:
        """The same score with some fields exchanged."""
        return dataclasses.replace(self, **changes)

    @property
    def n_tracks(self) -> int:
        """Number of parts: named ones and those that notes, controls, bends or lyrics refer to."""
        columns = [part.track for part in (self.notes, self.controls, self.bends) if len(part)]
        highest = max((int(column.max()) for column in columns), default=-1)
        sung = max((lyric.track for lyric in self.lyrics), default=-1)
        return max(highest + 1, sung + 1, len(self.track_names))

    @cached_property
    def end(self) -> int:
        """Tick at which the last note ends (0 without notes)."""
        return int(self.notes.end.max()) if len(self.notes) else 0

    @cached_property
    def start_s(self) -> Float64:
        """Onset of every note in seconds (float64 [N])."""
        return self.tempos.seconds(self.notes.start, self.ticks_per_quarter)

    @cached_property
    def end_s(self) -> Float64:
        """End of every note in seconds (float64 [N])."""
        return self.tempos.seconds(self.notes.end, self.ticks_per_quarter)

    @property
    def duration_s(self) -> float:
        """Seconds until the last note ends."""
        return float(self.tempos.seconds(self.end, self.ticks_per_quarter))

    def track_name(self, track: int) -> str:
        """Name of a part, or an empty string."""
        return self.track_names[track] if 0 <= track < len(self.track_names) else ""
