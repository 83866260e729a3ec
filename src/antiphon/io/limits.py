"""How much a file may hold before it is refused: files come from strangers."""

from __future__ import annotations

from dataclasses import dataclass

_MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Bounds on what is read. A file outside them is refused with a `FormatError`, never read half.

    `odd_bytes` bounds the files that only the slow, exact MIDI reader understands (see `antiphon.io.midi`).
    `controls` are control changes and pitch bends together, `changes` each of tempos, meters, keys and texts.
    `quarters` bounds everything but texts, `seconds` the end of the last note, so that grids made of the
    score stay small.
    """

    bytes: int = 64 * _MIB
    odd_bytes: int = 4 * _MIB
    notes: int = 1_000_000
    controls: int = 2_000_000
    changes: int = 100_000
    parts: int = 4_096
    quarters: int = 500_000
    seconds: float = 48 * 3600.0


DEFAULT = Limits()
