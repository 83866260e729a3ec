"""`metrics.jsonl`: the figures of a run by step, one JSON object a line, readable without torch.

Each line has `step`, `kind` ('train': means since the line before; 'validation': the whole split) and its
figures. Figures that do not exist (an accuracy over no events) are null.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from antiphon.errors import OutputError
from antiphon.files import atomic_write


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
        raise OutputError(
            f"Cannot write '{path}': {error.strerror or error}. Make room there; the same command goes on."
        ) from error


def plain(figures: Mapping[str, float]) -> dict[str, float | None]:
    """Figures as JSON has them: None for what is no number."""
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}


def read(path: Path) -> list[dict[str, Any]]:
    """Every whole line, in order; a line cut short by a kill is left out. Empty where there is no file."""
    if not path.exists():
        return []
    return [
        json.loads(line) for line in path.read_text("utf-8").splitlines(keepends=True) if line.endswith("}\n")
    ]


def elapsed_s(path: Path, step: int) -> float:
    """Seconds that training had taken at `step`."""
    return max((float(line["elapsed_s"]) for line in read(path) if line["step"] <= step), default=0.0)


def keep_until(path: Path, step: int) -> None:
    """Drop the lines after `step`, which training will write again when it goes on from there."""
    if path.exists():
        kept = [line for line in read(path) if line["step"] <= step]
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
