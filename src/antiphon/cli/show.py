"""`antiphon show`: what is in a file of music, as text and as a picture; of a file of many, its pieces."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antiphon.cli.printing import console, print_json, quoted, table
from antiphon.errors import AntiphonError, OptionError, one_line

if TYPE_CHECKING:
    from antiphon.io import Place

_TITLE_WIDTH = 60


class ThemeName(StrEnum):
    """Colours of the picture."""

    light = "light"
    dark = "dark"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("show")(show)


def show(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The music, or a piece of a file of many (book.abc#3).")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also draw the piano roll: .png, .svg or .pdf.")
    ] = None,
    theme: Annotated[ThemeName, typer.Option(help="Colours of the picture.")] = ThemeName.light,
    pieces: Annotated[int, typer.Option(min=1, help="List so many pieces of a file of many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Say what a file of music holds, and draw its piano roll; list the pieces of a file of many."""
    from antiphon import io

    found = io.places(file) if Path(file).is_file() else []
    if len(found) > 1:
        if output is not None:
            raise OptionError(f"'{file}' holds {len(found)} pieces; draw one of them, such as '{found[0]}'.")
        _list(file, found, pieces, as_json)
    else:
        _one(file, output, theme, as_json)


def _one(file: str, output: Path | None, theme: ThemeName, as_json: bool) -> None:
    from antiphon.data import conversion
    from antiphon.render import roll, text

    score = conversion.load(file)
    if output is not None:
        roll.draw(score, output, theme=theme.value)
    print_json(text.figures(score)) if as_json else typer.echo(text.summary(score))
    if output is not None:
        typer.echo(f"Piano roll: {output}", err=True)
    draw = "" if output is not None else f"antiphon show {quoted(file)} -o roll.png, or "
    typer.echo(f"Next: {draw}antiphon render {quoted(file)} -o out.mp3", err=True)


def _list(file: str, places: list[Place], most: int, as_json: bool) -> None:
    rows = [_row(place) for place in places[:most]]
    if as_json:
        print_json({"file": file, "n_pieces": len(places), "pieces": rows})
        return
    listed = table("PIECE", "TITLE", "NOTES", "SECONDS")
    for row in rows:
        title = row.get("title") or row.get("error", "")
        listed.add_row(
            row["name"], one_line(title, _TITLE_WIDTH), _cell(row, "n_notes"), _cell(row, "duration_s")
        )
    console().print(listed)
    if len(places) > len(rows):
        typer.echo(
            f"{len(places) - len(rows)} more of {len(places)}; see them with --pieces {len(places)}.",
            err=True,
        )
    first = quoted(str(places[0]))
    typer.echo(f"Next: antiphon show {first}, or antiphon convert {quoted(file)} out/ --to .mid", err=True)


def _row(place: Place) -> dict[str, Any]:
    from antiphon.data import conversion

    try:
        score = conversion.load(place)
    except AntiphonError as error:
        return {"name": place.name, "error": one_line(str(error).partition("': ")[2] or error)}
    figures = {"n_notes": len(score.notes), "duration_s": round(score.duration_s, 1)}
    return {"name": place.name, "title": score.title, **figures}


def _cell(row: dict[str, Any], name: str) -> str:
    return str(row.get(name, "-"))
