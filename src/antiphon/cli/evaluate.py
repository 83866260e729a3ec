"""`antiphon evaluate`: how good a bundle is, in numbers."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antiphon.cli.printing import console, needing_torch, number, print_json, quoted, table

if TYPE_CHECKING:
    from rich.table import Table

    from antiphon.runtime.bundle import Bundle


class Split(StrEnum):
    """Parts of a corpus."""

    train = "train"
    validation = "validation"
    test = "test"
    all = "all"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("evaluate")(evaluate)


def evaluate(
    bundle: Annotated[
        str, typer.Argument(metavar="BUNDLE", help="A bundle's file or name (melody/attention), or a run.")
    ],
    corpus: Annotated[Path, typer.Option("--corpus", help="Folder that `antiphon corpus build` wrote.")],
    split: Annotated[Split, typer.Option(help="The part of the corpus to predict.")] = Split.test,
    structure: Annotated[
        bool, typer.Option("--structure", help="Also generate, and compare how often bars repeat.")
    ] = False,
    copying: Annotated[
        bool, typer.Option("--copying", help="Also generate, and look for passages of the training split.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of what is generated.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
) -> None:
    """Score a bundle on a corpus: NLL in nats, perplexity, accuracy, beside what counting alone achieves.

    The baselines never learn from what they are judged on: they are fitted on the training split, or, where
    that is judged or the bundle comes from another corpus, folded over the groups of pieces."""
    from antiphon.data.corpus import Corpus
    from antiphon.evaluate.report import report
    from antiphon.generate.counterparts import counterparts

    opened = _opened(bundle)
    judged = Corpus.open(corpus, opened.recipe.learns_from)
    judged.verify()
    figures = report(
        opened,
        judged,
        split.value,
        partial(counterparts, opened, seed=seed),
        with_structure=structure,
        with_copying=copying,
        progress=_tell if sys.stderr.isatty() else None,
    )
    print_json(figures) if as_json else _print_tables(opened, figures)
    is_run = Path(bundle).is_dir()
    further = (
        f"export {quoted(bundle)} -o NAME.antiphon"
        if is_run
        else f"generate {opened.recipe.family} --bundle {quoted(bundle)}"
    )
    typer.echo(f"Next: antiphon {further}", err=True)


def _opened(name: str) -> Bundle:
    """The bundle called `name`, at that path, or made of the run in that folder."""
    from antiphon.runtime.bundle import Bundle, find

    if not Path(name).is_dir():
        return Bundle.open(find(name))
    with needing_torch("Evaluating a run, not a bundle,"):
        from antiphon.train.export import bundled
    return bundled(Path(name), Path(name).name)


def _tell(done: int, total: int) -> None:
    """One line on stderr, rewritten; it vanishes at the end."""
    line = f"\r{done:,} of {total:,} events" if done < total else "\r\033[K"
    print(line, end="", file=sys.stderr, flush=True)


def _print_tables(bundle: Bundle, figures: Mapping[str, Any]) -> None:
    paper, plural = console(), bundle.recipe.events.plural
    n_sequences, n_events = figures["n_sequences"], figures["n_events"]
    paper.print(f"{bundle.name} on {figures['split']}: {n_sequences:,} {plural}, {n_events:,} events")
    paper.print(_prediction(bundle.name, figures))
    if figures["label_perplexity"] is None:
        paper.print("Figures of labels need a bundle of the newest format: export it again.")
    else:
        paper.print(
            f"Labels, as the original counts: perplexity {figures['label_perplexity']:.4f}, "
            f"accuracy {figures['label_accuracy']:.1%}"
        )
    if not figures["baselines"]:
        paper.print("All music here is of one group, so counting has nothing to learn from.")
    elif figures["baselines_fitted_on"] != "train":
        paper.print("Each baseline was fitted on groups of pieces that it is not judged on, in folds.")
    if figures["seen_in_training"]:
        paper.print("The model was trained on some of this, so its own figures flatter.")
    if "structure" in figures:
        paper.print(_repetition(figures["structure"]))
    if "copying" in figures:
        paper.print(_copies(figures["copying"]))


def _prediction(name: str, figures: Mapping[str, Any]) -> Table:
    from antiphon.evaluate.baselines import BASELINES
    from antiphon.evaluate.card import shown_nats

    nats = shown_nats(figures)
    made = table(
        "",
        *(f"NLL/{each}" for each in nats),
        "perplexity",
        "accuracy",
        "of events",
        "of no-events",
        numbers=True,
    )
    for row, of in {name: figures, **figures["baselines"]}.items():
        numbers = (number(of[key], ".4f") for key in (*nats.values(), "perplexity"))
        shares = (number(of[key], ".1%") for key in ("accuracy", "event_accuracy", "no_event_accuracy"))
        made.add_row(BASELINES.get(row, row), *numbers, *shares)
    return made


def _repetition(structure: Mapping[str, Any]) -> Table:
    rows = table("bars that repeat", "generated", "corpus", "rhythm: generated", "corpus", numbers=True)
    made, real = structure["generated"], structure["corpus"]
    for lag in real["repeats"]:
        shares = [of[kind][lag] for kind in ("repeats", "rhythms") for of in (made, real)]
        rows.add_row(f"{lag} back", *(number(share, ".1%") for share in shares))
    return rows


def _copies(copying: Mapping[str, Any]) -> Table:
    from antiphon.evaluate.card import passage
    from antiphon.evaluate.memorisation import QUANTILES

    headings = ("longest passage of the training split", "median", "90th percentile", "longest")
    rows = table(*headings, numbers=True)
    for name, of in {"generated": copying["generated"], "held-out pieces": copying["held_out"]}.items():
        rows.add_row(name, *(passage(of, quantile) for quantile in QUANTILES))
    return rows
