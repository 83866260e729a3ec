"""Sweeps: the same question asked with every combination of several values, to be compared side by side."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from antiphon.errors import OptionError

MAX_PIECES = 1000
"""Most pieces that one sweep may make."""


@dataclass(frozen=True)
class Axis:
    """One thing that varies: what it is called, its values, and a short label for each."""

    name: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Sweep:
    """Every combination of the values of all `axes`; the last one varies fastest."""

    axes: tuple[Axis, ...]

    @classmethod
    def of(cls, values: Mapping[str, Sequence[Any]]) -> Sweep:
        """The sweep over all names that have several values."""
        axes = [Axis(n, tuple(v), tuple(map(_label, v))) for n, v in values.items() if len(v) > 1]
        return cls(tuple(axes))

    def __len__(self) -> int:
        n = 1
        for axis in self.axes:
            n *= len(axis.values)
        return n

    def check(self, n: int) -> None:
        """Raises `OptionError` where `n` pieces of each combination are more than are made in one go."""
        if len(self) > 1 and n * len(self) > MAX_PIECES:
            counts = " x ".join(f"{len(axis.values)} of {axis.name}" for axis in self.axes)
            raise OptionError(
                f"{n} pieces for each of {counts} are {n * len(self)}; at most {MAX_PIECES}. Ask for fewer."
            )

    def combinations(self) -> Iterator[tuple[dict[str, Any], tuple[str, str]]]:
        """The values of each combination by name, and its row and column on a page: labels, '' without any.
        The last axis makes the columns where there are several."""
        for choice in itertools.product(*(range(len(axis.values)) for axis in self.axes)):
            chosen = list(zip(self.axes, choice, strict=True))
            values = {axis.name: axis.values[k] for axis, k in chosen}
            words = [f"{axis.name.replace('_', ' ')} {axis.labels[k]}" for axis, k in chosen]
            rows, column = (words[:-1], words[-1]) if len(words) > 1 else (words, "")
            yield values, (", ".join(rows), column)


def _label(value: Any) -> str:
    text = value.name if isinstance(value, Path) else str(value)
    return text if len(text) <= 24 else f"{text[:23]}…"
