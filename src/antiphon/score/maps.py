"""Things that change along a piece: tempo, meter, key, and marks with a text.

Each map is a set of columns sorted by `time` (ticks in a `Score`, steps in a `QuantizedScore`) and holds
from there to the next entry. A tempo or meter map always has an entry at time 0 (120 quarters per minute, 4/4
where nothing is said).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from antiphon.arrays import Float64, Int16, Int64
from antiphon.errors import InputError
from antiphon.score.notes import frozen
from antiphon.score.signatures import LETTERS, PITCH_CLASSES, Key, KeyChange, Mark, Meter

__all__ = [
    "DEFAULT_QPM",
    "FASTEST_QPM",
    "LETTERS",
    "PITCH_CLASSES",
    "SLOWEST_QPM",
    "Key",
    "KeyChange",
    "Mark",
    "Meter",
    "MeterMap",
    "TempoMap",
    "is_tempo",
]

DEFAULT_QPM = 120.0
SLOWEST_QPM, FASTEST_QPM = 0.01, 1e9
"""The tempos that there are, in quarters per minute: at the slowest a quarter lasts for an hour and 40
minutes, at the fastest less than MIDI's microsecond. Times stay finite whatever a file says."""


def is_tempo(qpm: float) -> bool:
    """Whether so many quarters per minute can be a tempo."""
    return SLOWEST_QPM <= qpm <= FASTEST_QPM


@dataclass(frozen=True, eq=False, slots=True)
class TempoMap:
    """Quarters per minute from each `time` on. Raises `InputError` for what can be no tempo."""

    time: Int64
    qpm: Float64

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", frozen(self.time, np.int64))
        object.__setattr__(self, "qpm", frozen(self.qpm, np.float64))
        if not ((self.qpm >= SLOWEST_QPM) & (self.qpm <= FASTEST_QPM)).all():
            wrong = next(qpm for qpm in self.qpm.tolist() if not is_tempo(qpm))
            raise InputError(
                f"A tempo of {wrong:g} quarters per minute; expected {SLOWEST_QPM:g} to {FASTEST_QPM:g}."
            )

    @classmethod
    def of(cls, entries: Iterable[tuple[int, float]] = ()) -> TempoMap:
        """From (time, qpm) pairs: sorted, impossible tempos left out, the last of equal times wins, repeats
        dropped, 120 at 0 if none is there.
        """
        possible = sorted((entry for entry in entries if is_tempo(entry[1])), key=lambda e: e[0])
        latest = dict(sorted({0: DEFAULT_QPM, **dict(possible)}.items()))
        kept: list[tuple[int, float]] = []
        for time, qpm in latest.items():
            if not kept or kept[-1][1] != qpm:
                kept.append((time, qpm))
        return cls(np.array([t for t, _ in kept]), np.array([q for _, q in kept]))

    def __len__(self) -> int:
        return len(self.time)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TempoMap):
            return NotImplemented
        return np.array_equal(self.time, other.time) and np.array_equal(self.qpm, other.qpm)

    __hash__ = None  # type: ignore[assignment]

    def seconds(self, time: Int64 | int, ticks_per_quarter: float) -> Float64:
        """Seconds (float64) of times given in ticks (or in steps, with steps per quarter)."""
        rate = 60.0 / (self.qpm * ticks_per_quarter)
        if len(rate) == 1:
            return np.asarray(time) * rate[0]  # type: ignore[no-any-return]
        offset = np.concatenate([[0.0], np.cumsum(np.diff(self.time) * rate[:-1])])
        index = np.maximum(np.searchsorted(self.time, time, side="right") - 1, 0)
        result: Float64 = offset[index] + (np.asarray(time) - self.time[index]) * rate[index]
        return result


@dataclass(frozen=True, eq=False, slots=True)
class MeterMap:
    """Time signatures; a change starts a new bar."""

    time: Int64
    numerator: Int16
    denominator: Int16

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", frozen(self.time, np.int64))
        object.__setattr__(self, "numerator", frozen(self.numerator, np.int16))
        object.__setattr__(self, "denominator", frozen(self.denominator, np.int16))

    @classmethod
    def of(cls, entries: Iterable[tuple[int, int, int]] = ()) -> MeterMap:
        """From (time, numerator, denominator): sorted, last of equal times wins, repeats dropped, 4/4 at
        0 if none.
        """
        ordered = sorted(entries, key=lambda e: e[0])
        latest = dict(sorted({0: (4, 4), **{t: (n, d) for t, n, d in ordered}}.items()))
        kept: list[tuple[int, int, int]] = []
        for time, meter in latest.items():
            if not kept or kept[-1][1:] != meter:
                kept.append((time, *meter))
        columns = np.array(kept, dtype=np.int64).reshape(-1, 3)
        return cls(columns[:, 0], columns[:, 1].astype(np.int16), columns[:, 2].astype(np.int16))

    def __len__(self) -> int:
        return len(self.time)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MeterMap):
            return NotImplemented
        return (
            np.array_equal(self.time, other.time)
            and np.array_equal(self.numerator, other.numerator)
            and np.array_equal(self.denominator, other.denominator)
        )

    __hash__ = None  # type: ignore[assignment]

    def at(self, time: int) -> Meter:
        """The meter that holds at `time`."""
        index = max(int(np.searchsorted(self.time, time, side="right")) - 1, 0)
        return Meter(int(self.numerator[index]), int(self.denominator[index]))
