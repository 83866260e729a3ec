"""`antiphon models`: the bundles that are here, with figures and limits, and the recipes to train."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antiphon.cli.printing import console, number, print_json, table
from antiphon.errors import one_line

if TYPE_CHECKING:
    from antiphon.runtime.bundle import Bundle

_BAD_AT = ("is bad at", "bad at", "limits")


@dataclass(frozen=True)
class BundleRow:
    """One bundle. `nll_per_step` and `perplexity` are held-out figures, null where none were taken; an
    unusable file has an `error`.
    """

    name: str
    path: str
    mb: float
    recipe: str = ""
    licence: str = ""
    nll_per_step: float | None = None
    perplexity: float | None = None
    bad_at: str = ""
    error: str = ""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("models")(models)


def models(
    bundles: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[BUNDLE...]", help="Print the card of these, by name or file."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print bundles and recipes as JSON.")] = False,
) -> None:
    """List bundled models with size, licence, held-out figures and what each is bad at, and the recipes to
    train; or print the card of one.
    """
    from antiphon.recipes import RECIPES
    from antiphon.runtime.bundle import find, shipped

    paths = [find(name) for name in bundles or []]
    if paths and not as_json:
        _print_cards(paths)
        return
    came_with = shipped()
    rows = [describe(path, shipped=path in came_with) for path in paths or came_with]
    summaries = {recipe.name: recipe.summary for recipe in RECIPES.things()}
    if as_json:
        print_json({"bundles": [asdict(row) for row in rows], "recipes": summaries})
    else:
        _print_tables(rows, summaries)
    typer.echo("Next: antiphon generate melody, or antiphon train RECIPE --corpus DIR -o RUN", err=True)


def _print_cards(paths: list[Path]) -> None:
    """The cards as they stand in the bundles, control signs aside."""
    for path in paths:
        typer.echo("\n".join(one_line(line) for line in _tested(path).card.splitlines()))


def _tested(path: Path) -> Bundle:
    """The bundle at `path`; one from elsewhere has passed its own check. Raises `BundleError`."""
    from antiphon.runtime.bundle import Bundle, shipped
    from antiphon.runtime.selfcheck import verify

    opened = Bundle.open(path)
    if opened.check and path not in shipped():
        verify(opened)
    return opened


def describe(path: Path, *, shipped: bool) -> BundleRow:
    """What the bundle at `path` says of itself, or why it cannot be opened. Shipped ones go by their short
    name.
    """
    from antiphon.errors import BundleError
    from antiphon.runtime.bundle import shown_name

    name, mb = shown_name(path) if shipped else str(path), round(path.stat().st_size / 1e6, 2)
    try:
        opened = _tested(path)
    except BundleError as error:
        return BundleRow(name, str(path), mb, error=str(error))
    return BundleRow(
        name=name,
        path=str(path),
        mb=mb,
        recipe=opened.recipe.name,
        licence=str(opened.provenance.get("licence", "")),
        nll_per_step=_figure(opened.metrics.get("nll_per_step")),
        perplexity=_figure(opened.metrics.get("perplexity")),
        bad_at=bad_at(opened.card),
    )


def _figure(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def bad_at(card: str) -> str:
    """First paragraph under the card's heading about what the model is bad at; '' where it has none."""
    lines = iter(card.splitlines())
    for line in lines:
        if line.startswith("#") and any(words in line.lower() for words in _BAD_AT):
            break
    words: list[str] = []
    for line in lines:
        if line.startswith("#") or (words and not line.strip()):
            break
        words += line.split()
    return " ".join(words)


def _print_tables(rows: list[BundleRow], summaries: dict[str, str]) -> None:
    bundles = table("bundle", "MB", "NLL/step", "perplexity", "licence of the data", "bad at")
    for row in rows:
        figures = (number(value, ".3f") for value in (row.nll_per_step, row.perplexity))
        words = (row.licence, row.error or row.bad_at)
        bundles.add_row(
            one_line(row.name), f"{row.mb:.1f}", *figures, *(one_line(text) or "-" for text in words)
        )
    known = table("recipe", "what it is")
    for name, summary in summaries.items():
        known.add_row(name, summary)
    paper = console()
    for made in [bundles, known] if rows else [known]:
        paper.print(made)
        paper.print()
