"""`antiphon show`: what is in a file of music, as text and as a picture."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from antiphon.cli.printing import print_json, quoted


class Theme(StrEnum):
    """Colours of the picture."""

    light = "light"
    dark = "dark"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("show")(show)


def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The music: MIDI or another known format.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also draw the piano roll: .png, .svg or .pdf.")
    ] = None,
    theme: Annotated[Theme, typer.Option(help="Colours of the picture.")] = Theme.light,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Say what a file of music holds, and draw its piano roll."""
    from antiphon import io
    from antiphon.render import roll, text

    score = io.load(file)
    if output is not None:
        roll.draw(score, output, theme=theme.value)
    print_json(text.figures(score)) if as_json else typer.echo(text.summary(score))
    if output is not None:
        typer.echo(f"Piano roll: {output}", err=True)
    draw = "" if output is not None else f"antiphon show {quoted(file)} -o roll.png, or "
    typer.echo(f"Next: {draw}antiphon render {quoted(file)} -o out.mp3", err=True)
