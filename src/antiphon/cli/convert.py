"""`antiphon convert`: a file of music to another format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from antiphon.cli.printing import quoted


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("convert")(convert)


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The music to read.")],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file to write; its suffix is the format.")
    ],
) -> None:
    """Write a file of music in another format (sound: antiphon render; pictures: antiphon show)."""
    from antiphon import io

    io.save(io.load(source), target)
    typer.echo(target)
    typer.echo(f"Next: antiphon show {quoted(target)}", err=True)
