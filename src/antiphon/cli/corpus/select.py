"""`antiphon corpus select`: lists the pieces that meet conditions, or makes a corpus of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antiphon.cli.printing import print_json, quoted

if TYPE_CHECKING:
    from antiphon.data.select import Selection

_Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that `antiphon corpus build` wrote.")]
_Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CONDITION",
        help="'style=funk,soul', 'title~blues', 'artist!=Ann', 'tempo>=100', 'meter=6/8', 'programs=bass'; "
        "several must all hold.",
    ),
]
_Out = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="DIR2", help="Write them as a corpus here.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print the pieces and the figures as JSON.")]


def select(folder: _Folder, where: _Where = None, out: _Out = None, as_json: _Json = False) -> None:
    """Choose pieces by what is known about them: what tables and files say, and what was measured.

    Without -o their names are listed. With -o they become a corpus that trains like any other: nothing is
    read again, and every piece stays in its split.
    """
    from antiphon.data import select as selection

    found = selection.select(folder, where or [])
    counts = found.sequences()
    if out is not None:
        counts = {kind: about["n"] for kind, about in selection.write(found, out)["kinds"].items()}
    if as_json:
        print_json(_figures(found, counts))
    elif out is None:
        for entry in found.entries:
            typer.echo(entry.path)
    sequences = ", ".join(f"{n} {kind}" for kind, n in counts.items())
    summary = f"{len(found.entries)} pieces; sequences: {sequences}"
    typer.echo(summary, err=out is None or as_json)
    if out is not None:
        typer.echo(f"Next: antiphon corpus inspect {quoted(out)} -o report.html", err=True)


def _figures(found: Selection, counts: dict[str, int]) -> dict[str, Any]:
    entries = found.entries
    return {"pieces": len(entries), "sequences": counts, "paths": [entry.path for entry in entries]}
