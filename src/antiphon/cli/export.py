"""`antiphon export`: a training run becomes one file to play and to share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from antiphon.cli.printing import needing_torch, quoted
from antiphon.errors import FormatError


class Checkpoint(StrEnum):
    """Weights that a run keeps."""

    best = "best"
    last = "last"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("export")(export)


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder that `antiphon train` wrote.")],
    out: Annotated[Path, typer.Option("-o", "--output", help="The bundle to write, NAME.antiphon.")],
    half: Annotated[bool, typer.Option("--half", help="Store the weights in half precision.")] = False,
    card: Annotated[
        Path | None, typer.Option(help="Markdown file that says what the model is good and bad at.")
    ] = None,
    licence: Annotated[str, typer.Option(help="Licence of the music that the model was trained on.")] = "",
    checkpoint: Annotated[
        Checkpoint, typer.Option(help="The weights that did best on held-out music, or the latest.")
    ] = Checkpoint.best,
) -> None:
    """Make a bundle of a run's weights: everything needed to play, fine-tune and share the model."""
    text = None if card is None else _read(card)
    with needing_torch("Exporting"):
        from antiphon.train.export import export as write
    made = write(run, out, half=half, card=text, licence=licence, which=checkpoint.value)
    nll = made.metrics.get("nll_per_step")
    judged = "" if nll is None else f", validation {nll:.4f} nats per step"
    typer.echo(out)
    typer.echo(f"{made.recipe.name}, {out.stat().st_size / 1e6:.1f} MB{judged}.", err=True)
    typer.echo(f"Next: antiphon generate {made.recipe.family} --bundle {quoted(out)}", err=True)


def _read(card: Path) -> str:
    try:
        return card.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"Cannot read the card '{card}' ({error}); give a UTF-8 text file.") from None
