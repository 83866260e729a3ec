"""`antiphon corpus inspect`: whether a corpus is healthy, in words, as a picture, or as a page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from antiphon.cli.printing import print_json, quoted

if TYPE_CHECKING:
    from antiphon.data.checkup import Checkup
    from antiphon.data.health import Health

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
        from antiphon.cli.corpus.page import report_of

        report.write(target, report_of(folder, health))
        return
    if target.suffix.lower() not in charts.SUFFIXES:
        known = ", ".join((report.SUFFIXES[0], *charts.SUFFIXES))
        raise OptionError(f"Cannot write '{target.name}': use a name that ends in {known}.")
    from antiphon.cli.corpus.panels import of_kind, of_pieces, title

    panels = [*of_pieces(health), *(panel for kind in health.kinds.values() for panel in of_kind(kind))]
    charts.draw([panel for panel in panels if any(panel.values)], target, title(folder, health))


def _next(folder: Path, health: Health) -> str:
    """What can be done with it now: train where something learns from such sequences."""
    from antiphon.data.remedies import recipe_for

    for kind, checkup in health.kinds.items():
        recipe = recipe_for(kind)
        if recipe and checkup.sequences:
            return f"antiphon train {recipe} --corpus {quoted(folder)} -o RUN"
    return f"antiphon corpus select {quoted(folder)} --where 'tempo>=100' -o DIR2"


def _lines(health: Health) -> Iterator[str]:
    results = ", ".join(f"{n} {result}" for result, n in health.results.items())
    several = f"{health.pieces} pieces in {health.files} files" if health.pieces != health.files else ""
    yield f"{several or f'{health.pieces} pieces'}: {results}"
    for checkup in health.kinds.values():
        yield from _lines_of(checkup)
    yield from (f"{n:8}  {cause}" for cause, n in health.causes.items())


def _lines_of(checkup: Checkup) -> Iterator[str]:
    from antiphon.cli.corpus.panels import sounds_in_words
    from antiphon.data.checkup import quantiles

    pieces = f"{checkup.pieces} pieces in {checkup.groups} groups"
    yield f"{checkup.kind}: {checkup.sequences} sequences of {pieces}"
    if not checkup.sequences:
        return
    lengths = quantiles(checkup.lengths)
    yield (
        f"  {lengths['least']} to {lengths['most']} {checkup.unit} each, half of them "
        f"{lengths['lower_quartile']} to {lengths['upper_quartile']}; {checkup.events} events"
    )
    if checkup.meters:
        meters = ", ".join(f"{meter} {n}" for meter, n in checkup.meters.items())
        yield f"  meters: {meters}; {checkup.upbeats} begin within a bar"
    yield f"  {sounds_in_words(checkup)}"
    yield "  splits: " + ", ".join(
        f"{name} {share.sequences} sequences of {share.groups} groups"
        for name, share in checkup.splits.items()
    )
    yield "  repeats: " + (", ".join(f"{n} {word}" for word, n in checkup.likeness.items()) or "none")
