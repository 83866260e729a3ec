"""`antiphon compare`: training runs side by side."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from antiphon.cli.printing import number, print_json, quoted

if TYPE_CHECKING:
    from antiphon.train.compare import Row

_COLUMNS = (
    "run", "recipe", "layers", "parameters", "sequences", "steps", "steps/s", "time", "best at", "NLL/step",
    "perplexity", "accuracy",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("compare")(compare)


def compare(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders that `antiphon train` wrote.")
    ],
    picture: Annotated[
        Path | None, typer.Option("-o", "--output", help="Draw the learning curves here (PNG, SVG, PDF).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Tabulate and plot training runs: sizes, speed, learning curves, best validation NLL (nats per step)."""
    from antiphon.train.compare import curves, rows

    found = rows(runs, lambda line: typer.echo(line, err=True))
    if picture is not None:
        from antiphon.render.charts import draw_curves

        draw_curves(curves(runs), picture, "optimiser steps", "nats per step")
    if as_json:
        print_json([asdict(row) for row in found])
    else:
        _print_table(found)
    if picture is not None:
        typer.echo(f"Curves are in {picture}.", err=True)
    typer.echo(f"Next: antiphon export {quoted(found[0].run)} -o NAME.antiphon", err=True)


def _print_table(found: list[Row]) -> None:
    """Columns as wide as their cells, never cut: the table may go into a file."""
    lines = [list(_COLUMNS), *(_cells(row) for row in found)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cells(row: Row) -> list[str]:
    from antiphon.train.metrics import duration

    return [
        row.run, row.recipe, "x".join(map(str, row.layers)), f"{row.n_parameters:,}", f"{row.n_train:,}",
        f"{row.steps:,}", number(row.steps_per_s, ".2f"), duration(row.elapsed_s), number(row.best_step, ","),
        number(row.nll_per_step, ".4f"), number(row.perplexity, ".3f"), number(row.accuracy, ".1%"),
    ]  # fmt: skip
