"""Whether music is short enough to be worked with."""

from __future__ import annotations

from antiphon.errors import FormatError
from antiphon.io.limits import Limits
from antiphon.score.score import Score


def check(score: Score, limits: Limits, what: str) -> None:
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
