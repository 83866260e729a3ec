"""What verbs print: JSON, tables, what to do next; and what they say where a library is missing."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from antiphon.errors import MissingDependency

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.table import Table

_FOR_TRAINING = ("torch", "onnx", "onnxscript", "tensorboard")
_FILE_WIDTH = 240
"""Columns of a table that goes into a file: cut cells would be lost figures."""


def print_json(values: Any) -> None:
    """Print `values` on stdout."""
    typer.echo(json.dumps(values, indent=1, ensure_ascii=False))


def number(value: float | None, form: str) -> str:
    """`value` formatted; a dash where there is none."""
    return "-" if value is None else format(value, form)


def console() -> Console:
    """Where tables go. What is printed is shown as it is: names in it come from strangers' files."""
    from rich.console import Console

    found = Console(markup=False, highlight=False, emoji=False)
    return (
        found if found.is_terminal else Console(markup=False, highlight=False, emoji=False, width=_FILE_WIDTH)
    )


def table(first: str, *others: str, numbers: bool = False) -> Table:
    """An empty table with these headings; `numbers` moves all columns but the first to the right."""
    from rich.table import Table

    made = Table(first, box=None, pad_edge=False)
    for heading in others:
        made.add_column(heading, justify="right" if numbers else "left", overflow="fold")
    return made


def quoted(path: Path | str) -> str:
    """`path` as it can be typed in a command."""
    return shlex.quote(str(path))


@contextmanager
def needing_torch(what: str) -> Iterator[None]:
    """For imports: where torch or what goes with it is not installed, `MissingDependency` says so."""
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in _FOR_TRAINING:
            raise
        raise MissingDependency(f"{what} needs torch: pip install 'antiphon[train]'.") from error
