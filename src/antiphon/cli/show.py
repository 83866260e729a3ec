"""`antiphon show`: what is in a file of music, as text and as a picture."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


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
    import json

    from antiphon import io
    from antiphon.render import roll, text

    score = io.load(file)
    if output is not None:
        roll.draw(score, output, theme=theme.value)
    typer.echo(json.dumps(text.figures(score), indent=2) if as_json else text.summary(score))
    if output is not None:
        typer.echo(f"Piano roll: {output}", err=True)
        typer.echo(f"Next: antiphon render {file} -o out.mp3", err=True)
    else:
        typer.echo(f"Next: antiphon show {file} -o roll.png, or antiphon render {file} -o out.mp3", err=True)
