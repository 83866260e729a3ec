"""`antiphon formats`: which files of music can be read and written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from antiphon.cli.printing import console, print_json, table

if TYPE_CHECKING:
    from antiphon.io import Format


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("formats")(formats)


def formats(
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """List the formats of music files."""
    from antiphon import io

    found = [_entry(form) for form in io.formats()]
    if as_json:
        print_json(found)
        return
    rows = table("FORMAT", "FILES", "READ", "WRITTEN", "PIECES", "CARRIES BESIDES NOTES")
    for entry in found:
        rows.add_row(
            entry["name"],
            " ".join(entry["suffixes"]),
            "yes",
            "yes" if entry["written"] else "no",
            "many" if entry["many_pieces"] else "one",
            entry["carries"],
        )
    console().print(rows)
    typer.echo("Next: antiphon show FILE, or antiphon convert IN OUT", err=True)


def _entry(form: Format) -> dict[str, Any]:
    return {
        "name": form.name,
        "suffixes": list(form.suffixes),
        "read": True,
        "written": form.dumps is not None,
        "many_pieces": form.index is not None,
        "carries": form.carries,
    }
