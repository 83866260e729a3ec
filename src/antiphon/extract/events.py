"""`Events`: an array of events as a value, with what says where it stood."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from antiphon.score.notes import Small, frozen


@dataclass(frozen=True, eq=False)
class Events:
    """`events` is int16, one row an event. Two values are equal when they are of one type and all their
    fields are."""

    events: Small

    def __post_init__(self) -> None:
        object.__setattr__(self, "events", frozen(self.events, np.int16))

    def __len__(self) -> int:
        return len(self.events)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        names = (field.name for field in dataclasses.fields(self))
        return all(_equal(getattr(self, name), getattr(other, name)) for name in names)

    __hash__ = None  # type: ignore[assignment]

    def replace(self, **changes: Any) -> Self:
        """The same value with some fields exchanged."""
        return dataclasses.replace(self, **changes)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return one is not None and other is not None and np.array_equal(one, other)
    return bool(one == other)
