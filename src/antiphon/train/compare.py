"""Runs side by side: what they are, their speed, their best validation NLL. Needs no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from antiphon.errors import RunError
from antiphon.train import metrics
from antiphon.train.folder import RunFolder

Curve = tuple[list[float], list[float]]


@dataclass(frozen=True)
class Row:
    """One run. Figures of its best evaluation are null before the first one."""

    run: str
    recipe: str
    layers: tuple[int, ...]
    n_parameters: int
    n_train: int
    """Sequences in the training split."""
    steps: int
    elapsed_s: float
    steps_per_s: float | None
    best_step: int | None
    nll_per_step: float | None
    """Validation NLL of events, nats per step, repeat labels resolved."""
    perplexity: float | None
    accuracy: float | None


def rows(runs: Sequence[Path], tell: metrics.Tell | None = None) -> list[Row]:
    """A row for each run, the lowest NLL first; `tell` hears of damaged figures. Raises `RunError` where a
    folder is not a run."""
    return sorted((_row(RunFolder(run), tell) for run in runs), key=lambda row: _or_inf(row.nll_per_step))


def curves(runs: Sequence[Path]) -> dict[str, dict[str, Curve]]:
    """For each run and kind of figure, steps and nats: 'validation' by event, 'training' by label as it is
    optimised.
    """
    return {str(run): _curves(metrics.read(RunFolder(run).metrics)) for run in runs}


def _row(folder: RunFolder, tell: metrics.Tell | None) -> Row:
    about = folder.read()
    recipe, lines = folder.recipe_of(about), metrics.read(folder.metrics, tell)
    if "n_parameters" not in about:
        raise RunError(f"'{folder.about}' lacks 'n_parameters'; was it written by antiphon train?")
    judged = [line for line in lines if line["kind"] == "validation"]
    best = min(judged, key=metrics.judged, default={})
    last = max(lines, key=lambda line: line["step"], default={"step": 0})
    speeds = sorted(line["steps_per_s"] for line in lines if line.get("steps_per_s") is not None)
    return Row(
        run=str(folder.root), recipe=recipe.name, layers=tuple(getattr(recipe.net, "layers", ())),
        n_parameters=about["n_parameters"], n_train=about["corpus"]["n_train"], steps=last["step"],
        elapsed_s=max((line.get("elapsed_s", 0.0) for line in lines), default=0.0),
        steps_per_s=speeds[len(speeds) // 2] if speeds else None,
        best_step=best.get("step"), nll_per_step=best.get("nll_per_step"),
        perplexity=best.get("perplexity"), accuracy=best.get("accuracy"),
    )  # fmt: skip


def _curves(lines: list[dict[str, Any]]) -> dict[str, Curve]:
    figures = {"train": ("training", "loss"), "validation": ("validation", "nll_per_step")}
    found: dict[str, Curve] = {}
    for kind, (label, figure) in figures.items():
        kept = [line for line in lines if line["kind"] == kind and line[figure] is not None]
        found[label] = [line["step"] for line in kept], [line[figure] for line in kept]
    return found


def _or_inf(value: float | None) -> float:
    return math.inf if value is None else value
