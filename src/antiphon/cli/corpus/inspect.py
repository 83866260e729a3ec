"""`antiphon corpus inspect`: the health of a corpus as text, as a picture, or as a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from antiphon.cli.printing import print_json, quoted

if TYPE_CHECKING:
    from antiphon.data.health import Health
    from antiphon.data.kind_stats import KindStats

_Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that `antiphon corpus build` wrote.")]
_Kind = Annotated[
    str | None,
    typer.Option("--for", metavar="KIND", help="Only these sequences; all kinds in the corpus by default."),
]
_Target = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write the report here: a page with sound (.html) or a picture (.png, .svg, .pdf).",
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]


def inspect(folder: _Folder, kind: _Kind = None, target: _Target = None, as_json: _Json = False) -> None:
    """Tell, draw, and let hear whether a corpus is healthy: what it holds, what was lost, and what to do."""
    from antiphon.data.health import examine
    from antiphon.runtime.bundle import default

    health = examine(folder, kind, default)
    if target is not None:
        _write(folder, health, target)
    if as_json:
        print_json(health.as_dict())
    else:
        for line in _lines(health):
            typer.echo(line)
    for warning in health.warnings:
        typer.echo(f"Mind: {warning}", err=True)
    if target is not None:
        typer.echo(f"The report is {target}.", err=True)
    typer.echo(f"Next: {_next(folder, health)}", err=True)


def _write(folder: Path, health: Health, target: Path) -> None:
    from antiphon.errors import OptionError
    from antiphon.render import charts, report

    if target.suffix.lower() in report.SUFFIXES:
        from antiphon.cli.corpus.page import health_report

        report.write(target, health_report(folder, health))
        return
    if target.suffix.lower() not in charts.SUFFIXES:
        known = ", ".join((report.SUFFIXES[0], *charts.SUFFIXES))
        raise OptionError(f"Cannot write '{target.name}': use a name that ends in {known}.")
    from antiphon.cli.corpus.panels import kind_panels, pieces_panels, title

    panels = [*pieces_panels(health)]
    panels += [panel for stats in health.kinds.values() for panel in kind_panels(stats)]
    charts.draw([panel for panel in panels if any(panel.values)], target, title(folder, health))


def _next(folder: Path, health: Health) -> str:
    """The next command: training where a recipe learns from one of the kinds."""
    from antiphon.data.health_warnings import recipe_for

    for kind, stats in health.kinds.items():
        recipe = recipe_for(kind)
        if recipe and stats.sequences:
            return f"antiphon train {recipe} --corpus {quoted(folder)} -o RUN"
    return f"antiphon corpus select {quoted(folder)} --where 'tempo>=100' -o DIR2"


def _lines(health: Health) -> Iterator[str]:
    results = ", ".join(f"{n} {result}" for result, n in health.results.items())
    several = f"{health.pieces} pieces in {health.files} files" if health.pieces != health.files else ""
    yield f"{several or f'{health.pieces} pieces'}: {results}"
    for stats in health.kinds.values():
        yield from _kind_lines(stats)
    yield from (f"{n:8}  {cause}" for cause, n in health.causes.items())


def _kind_lines(stats: KindStats) -> Iterator[str]:
    from antiphon.cli.corpus.panels import describe_sounds
    from antiphon.data.kind_stats import quantiles

    pieces = f"{stats.pieces} pieces in {stats.groups} groups"
    yield f"{stats.kind}: {stats.sequences} sequences of {pieces}"
    if not stats.sequences:
        return
    lengths = quantiles(stats.lengths)
    yield (
        f"  {lengths['least']} to {lengths['most']} {stats.unit} each, half of them "
        f"{lengths['lower_quartile']} to {lengths['upper_quartile']}; {stats.events} events"
    )
    if stats.meters:
        meters = ", ".join(f"{meter} {n}" for meter, n in stats.meters.items())
        yield f"  meters: {meters}; {stats.upbeats} begin within a bar"
    yield f"  {describe_sounds(stats)}"
    yield "  splits: " + ", ".join(
        f"{name} {size.sequences} sequences of {size.groups} groups" for name, size in stats.splits.items()
    )
    yield "  repeats: " + (
        ", ".join(f"{n} {relation}" for relation, n in stats.duplicate_counts.items()) or "none"
    )
