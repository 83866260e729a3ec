"""The `antiphon` command: one verb per file, words in, one call below, one line for every error."""

from __future__ import annotations

import sys
import warnings
from functools import cache
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import typer

from antiphon.errors import AntiphonError, PluginWarning, one_line

_VERBS = ("models", "show", "play", "generate", "arrange", "formats", "convert", "render", "corpus", "train",
          "compare", "evaluate", "export", "doctor")  # fmt: skip

app = typer.Typer(
    name="antiphon",
    help="Learn from a folder of music; play, continue and share what was learnt.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@cache
def _register() -> None:
    for verb in _VERBS:
        import_module(f"antiphon.cli.{verb}").register(app)


def _let_any_name_out() -> None:
    """File names need not be valid text: print their bytes as they are instead of failing."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")


def _warn_in_one_line() -> None:
    """A package that cannot be used is reported on one line; warnings of other kinds look as always."""
    plain = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, PluginWarning):
            print(f"antiphon: {one_line(message)}", file=sys.stderr)
        else:
            plain(message, category, *place, **more)

    warnings.showwarning = show


def main() -> None:
    """Run the command line; exits 1 with one line on stderr where the person can put something right."""
    _register()
    _let_any_name_out()
    _warn_in_one_line()
    try:
        app()
    except AntiphonError as error:
        print(f"antiphon: {one_line(error)}", file=sys.stderr)
        sys.exit(1)
