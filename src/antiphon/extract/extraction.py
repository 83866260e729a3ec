"""What an extractor hands back: sequences, and the reasons for what did not become one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Generic, TypeVar

S = TypeVar("S")


@dataclass(frozen=True)
class Extraction(Generic[S]):
    """`sequences` in order of track and time; `losses` counts what was lost, by reason in plain words.

    A reason beside a sequence is no contradiction: one track may give a melody where another was polyphonic.
    """

    sequences: list[S]
    losses: Counter[str] = field(default_factory=Counter)
