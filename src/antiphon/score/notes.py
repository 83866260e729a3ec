"""Notes as numpy columns.

One row is one note. Musical time is integer: *ticks* inside a `Score`, *steps* inside a `QuantizedScore`.
Columns are read-only arrays of equal length, so a value can be shared without copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.arrays import Bool, Int16, Int64

_DTYPES: dict[str, type] = {"start": np.int64, "end": np.int64, "is_drum": np.bool_}


def frozen(values: Any, dtype: Any) -> npt.NDArray[Any]:
    """`values` as a read-only one-dimensional array of `dtype`; a copy is made only where one is needed."""
    array = np.asarray(values, dtype=dtype)
    if array.flags.writeable:
        array = array.copy() if array is values or array.base is not None else array
        array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False, slots=True)
class Notes:
    """N notes as columns. `start`/`end` are ticks or steps; the rest are MIDI values.

    pitch 0-127, velocity 1-127, program 0-127 (General MIDI, 0-based), is_drum (General MIDI percussion),
    track: index of the part the note belongs to (see `Score.track_names`).
    """

    start: Int64
    end: Int64
    pitch: Int16
    velocity: Int16
    program: Int16
    is_drum: Bool
    track: Int16

    def __post_init__(self) -> None:
        for field in fields(self):
            column = frozen(getattr(self, field.name), _DTYPES.get(field.name, np.int16))
            object.__setattr__(self, field.name, column)
        lengths = {len(getattr(self, field.name)) for field in fields(self)}
        if len(lengths) > 1:
            raise ValueError(f"note columns differ in length: {sorted(lengths)}")

    @classmethod
    def of(
        cls,
        start: Any,
        end: Any,
        pitch: Any,
        velocity: Any = 100,
        program: Any = 0,
        is_drum: Any = False,
        track: Any = 0,
    ) -> Notes:
        """Notes from arrays or lists; a scalar is repeated for every note."""
        n = len(start)
        columns = (start, end, pitch, velocity, program, is_drum, track)
        return cls(*(np.broadcast_to(np.asarray(column), (n,)) for column in columns))

    @classmethod
    def none(cls) -> Notes:
        """No notes."""
        return cls.of([], [], [])

    @classmethod
    def join(cls, parts: Sequence[Notes]) -> Notes:
        """All notes of `parts`, one after the other."""
        if not parts:
            return cls.none()
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, index: Any) -> Notes:
        """Rows by mask, slice or index array."""
        return Notes(*(getattr(self, field.name)[index] for field in fields(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Notes):
            return NotImplemented
        return all(np.array_equal(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    __hash__ = None  # type: ignore[assignment]

    def replace(self, **columns: Any) -> Notes:
        """The same notes with some columns exchanged (a scalar is repeated)."""
        n = len(self)
        merged = {f.name: getattr(self, f.name) for f in fields(self)}
        merged |= {name: np.broadcast_to(np.asarray(value), (n,)) for name, value in columns.items()}
        return Notes(**merged)

    def sorted(self) -> Notes:
        """By start, then track, then pitch (stable)."""
        return self[np.lexsort((self.pitch, self.track, self.start))]
