"""`antiphon corpus check`: whether a corpus is still what was built, and its sources what they were."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antiphon.cli.printing import print_json
from antiphon.errors import CorpusError, one_line

if TYPE_CHECKING:
    from antiphon.data.check import CorpusCheck, SourceChanges

_SHOWN = 20

_Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that `antiphon corpus build` wrote.")]
_Sources = Annotated[
    bool, typer.Option("--sources", help="Also read the files that it was built from, and compare them.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")]


def check(folder: _Folder, sources: _Sources = False, as_json: _Json = False) -> None:
    """Read a whole corpus and say which of its files are damaged or altered.

    Fails where anything is, and with --sources where a piece is not what it was: in either case the command
    that built the corpus makes it anew. (Add --by-content to it where a file changed and kept its size and
    time.)
    """
    from antiphon.data.check import check as run

    found = run(folder, sources=sources)
    if as_json:
        print_json(_figures(found))
    else:
        _print(found)
    if found.damaged:
        raise CorpusError(f"'{folder}' is damaged ({len(found.damaged)} found); build the corpus again.")
    changes = found.sources
    if changes and (changes.changed or changes.gone):
        raise CorpusError(
            f"'{folder}' is whole, but of its pieces {len(changes.changed)} are others now and "
            f"{len(changes.gone)} are gone; build the corpus again with --by-content."
        )


def _print(found: CorpusCheck) -> None:
    for why in (*found.damaged, *found.untold):
        typer.echo(one_line(why))
    if not found.damaged:
        typer.echo(f"{found.n_files} files, {found.n} sequences: all as they were built.")
    if found.sources:
        _print_sources(found.sources)


def _print_sources(changes: SourceChanges) -> None:
    for what, names in (("changed", changes.changed), ("gone", changes.gone)):
        for name in names[:_SHOWN]:
            typer.echo(f"{what}: {one_line(name)}")
        if len(names) > _SHOWN:
            typer.echo(f"{what}: {len(names) - _SHOWN} more")
    unknown = f"; of {changes.unrecorded} nobody knows what they were" if changes.unrecorded else ""
    typer.echo(f"{changes.same} pieces are what they were{unknown}.")


def _figures(found: CorpusCheck) -> dict[str, Any]:
    changes = found.sources
    sources = changes and {
        "same": changes.same, "changed": changes.changed, "gone": changes.gone,
        "unrecorded": changes.unrecorded,
    }  # fmt: skip
    return {
        "damaged": list(found.damaged),
        "untold": list(found.untold),
        "sequences": found.n,
        "sources": sources,
    }
