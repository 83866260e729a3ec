"""`antiphon corpus`: makes corpora of folders of music, inspects and checks them, selects parts."""

from __future__ import annotations

import typer

from antiphon.cli.corpus.build import build
from antiphon.cli.corpus.check import check
from antiphon.cli.corpus.inspect import inspect
from antiphon.cli.corpus.select import select


def register(app: typer.Typer) -> None:
    """Add the verb and its subcommands, one per file."""
    corpus = typer.Typer(
        help="Make a corpus of a folder of music, see whether it is healthy, choose a part of it.",
        no_args_is_help=True,
    )
    for command in (build, inspect, check, select):
        corpus.command(command.__name__)(command)
    app.add_typer(corpus, name="corpus")
