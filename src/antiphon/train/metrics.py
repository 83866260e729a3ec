"""`metrics.jsonl`: the figures of a run by step, one JSON object a line, readable without torch.

Each line has `step`, `kind` ('train': means since the line before; 'validation': the whole split) and its
figures. Figures that do not exist (an accuracy over no events) are null. A line that is none of these is left
out: what a run computes does not depend on them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from antiphon import plain_json
from antiphon.errors import OutputError, RunError
from antiphon.files import atomic_write, unwritable


def judged(figures: Mapping[str, float | None]) -> float:
    """What a run is judged by, of a validation's figures: nats per step of the events, and of the continuous
    numbers where there are any; infinite where it is no number."""
    each = [figures.get("nll_per_step"), figures.get("value_nll_per_step", 0.0)]
    return math.inf if None in each else sum(value for value in each if value is not None)


def append(path: Path, step: int, kind: str, figures: Mapping[str, float]) -> None:
    """Add one line. Raises `OutputError`."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, "kind": kind, **plain(figures)}) + "\n")
    except OSError as error:
        raise stopped(path, error) from error


def stopped(path: Path, error: OSError) -> OutputError:
    """The error to raise where a run cannot write `path`."""
    kind, why = type(unwritable(path, error)), error.strerror or error
    return kind(f"Cannot write '{path}': {why}. Make room there; the same command goes on.")


def plain(figures: Mapping[str, float]) -> dict[str, float | None]:
    """Figures as JSON has them: None for what is no number."""
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}


Tell = Callable[[str], None]


def read(path: Path, tell: Tell | None = None) -> list[dict[str, Any]]:
    """Every whole line, in order; empty where there is no file.

    Damaged ones are left out, and how many is told to `tell`; a last line cut short by a kill is nothing to
    tell. Raises `RunError` where the file cannot be read.
    """
    try:
        *lines, _cut = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"'{path}' cannot be read ({error.strerror or error}).") from None
    found = [line for line in map(_line, lines) if line is not None]
    if tell is not None and len(found) < len(lines):
        tell(f"Warning: {len(lines) - len(found):,} damaged lines of '{path}' are left out.")
    return found


_FIGURES: Mapping[str, tuple[str, ...]] = {
    "train": ("loss", "elapsed_s"),
    "validation": ("nll_per_step", "elapsed_s"),
}
"""What lines of a kind have at least."""
_NUMBERS = (int, float, type(None))


def _line(text: bytes) -> dict[str, Any] | None:
    """The figures of a line; None where it is damaged."""
    try:
        found = plain_json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict) or type(found.get("step")) is not int or found["step"] < 0:
        return None
    kind = found.pop("kind", None)
    if not isinstance(kind, str) or not all(type(value) in _NUMBERS for value in found.values()):
        return None
    whole = all(name in found for name in _FIGURES.get(kind, ()))
    found = {"step": found.pop("step"), "kind": kind, **found}
    return found if whole and isinstance(found.get("elapsed_s", 0.0), int | float) else None


def elapsed_s(path: Path, step: int) -> float:
    """Seconds that training had taken at `step`."""
    times = (float(line.get("elapsed_s", 0.0)) for line in read(path) if line["step"] <= step)
    return max(times, default=0.0)


def keep_until(path: Path, step: int, tell: Tell | None = None) -> None:
    """Drop the lines after `step`, which training will write again when it goes on from there, and damaged
    ones, of which `tell` is told."""
    if path.exists():
        kept = [line for line in read(path, tell) if line["step"] <= step]
        atomic_write(path, "".join(json.dumps(line) + "\n" for line in kept))


def duration(seconds: float) -> str:
    """'40 s', '12 min', '3 h 05 min', '2 d 4 h': rough, to be read."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours = round(seconds / 3600)
    return f"{minutes // 60} h {minutes % 60:02d} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"
