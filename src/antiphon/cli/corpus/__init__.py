"""`antiphon corpus`: folders of music to corpora, a look at their health, and parts of them."""

from __future__ import annotations

import typer

from antiphon.cli.corpus.build import build
from antiphon.cli.corpus.inspect import inspect
from antiphon.cli.corpus.select import select


def register(app: typer.Typer) -> None:
    """Add the verb and its parts, one a file."""
    corpus = typer.Typer(
        help="Make a corpus of a folder of music, see whether it is healthy, choose a part of it.",
        no_args_is_help=True,
    )
    for part in (build, inspect, select):
        corpus.command(part.__name__)(part)
    app.add_typer(corpus, name="corpus")
