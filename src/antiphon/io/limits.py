"""How much a file may hold before it is refused: files come from strangers."""

from __future__ import annotations

from dataclasses import dataclass

from antiphon.errors import FormatError
from antiphon.score.score import Score

_MIB = 1 << 20
MOST_TICKS_PER_QUARTER = 0x7FFF
"""What MIDI can hold; readers make no finer clock, so that whatever they read can be written."""


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


def check_length(score: Score, limits: Limits, what: str) -> None:
    """Raises `FormatError` for a score from a file of format `what` that lasts longer than `limits`."""
    columns = (score.notes.start, score.notes.end, score.controls.time, score.bends.time)
    times = [c for c in (*columns, score.tempos.time, score.meters.time) if len(c)]
    if any(int(column.min()) < 0 for column in times):
        raise FormatError(f"{what} whose clock runs over 31 bits. The file is probably damaged.")
    quarters = max(int(column.max()) for column in times) / score.ticks_per_quarter
    if quarters > limits.quarters:
        raise _too_long(what, f"{quarters:.0f} quarter notes", f"{limits.quarters}")
    at_slowest = quarters * 60.0 / float(score.tempos.qpm.min())
    if at_slowest > limits.seconds and score.duration_s > limits.seconds:
        raise _too_long(what, f"{score.duration_s / 3600:.0f} hours", f"{limits.seconds / 3600:.0f}")


def _too_long(what: str, length: str, limit: str) -> FormatError:
    return FormatError(
        f"{what} of {length} in length; at most {limit} are read. The file is probably damaged."
    )
