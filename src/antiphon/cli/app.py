"""The `antiphon` command: one verb a file, words in, one call below, one line for every error."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

from antiphon.errors import AntiphonError, one_line

_VERBS = ("models", "show", "play", "generate", "arrange", "convert", "render", "corpus", "train", "compare",
          "evaluate", "export", "doctor")  # fmt: skip

app = typer.Typer(
    name="antiphon",
    help="Learn from a folder of music; play, continue and share what was learnt.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _register() -> None:
    for verb in _VERBS:
        import_module(f"antiphon.cli.{verb}").register(app)


def main() -> None:
    """Run the command line; exits 1 with one line on stderr where the person can put something right."""
    _register()
    try:
        app()
    except AntiphonError as error:
        print(f"antiphon: {one_line(error)}", file=sys.stderr)
        sys.exit(1)
