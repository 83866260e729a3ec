"""Time: how long training takes, told in words."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """'40 s', '12 min', '3 h 05 min', '2 d 4 h': rough, to be read."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours = round(seconds / 3600)
    return f"{minutes // 60} h {minutes % 60:02d} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


class Pace:
    """Seconds a step takes of late: a mean that forgets."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds

    def note(self, seconds: float, steps: int) -> None:
        """`steps` steps have just taken `seconds` together."""
        now = seconds / steps
        self.seconds = now if self.seconds is None else 0.8 * self.seconds + 0.2 * now

    @property
    def steps_per_s(self) -> float:
        """Steps a second; 0 before anything was measured."""
        return 1 / self.seconds if self.seconds else 0.0

    def left(self, steps: int) -> str:
        """How long `steps` more steps take, in words."""
        return duration(steps * (self.seconds or 0.0))
