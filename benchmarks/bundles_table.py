"""Judge the shipped bundles again: their figures, their cards, and the README's table.

    python benchmarks/bundles_table.py [--shared DIR | --corpus DIR] [--bundles DIR] [--readme FILE]

Builds the corpus that the bundles were trained on, unless one is given, evaluates every bundle on its
test split with baselines, structure and copying, writes the figures and the card into each bundle and the
table into the README, between `<!-- bundles:begin -->` and `<!-- bundles:end -->`. The same corpus and
bundles give the same figures.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from ship_corpus import SHARED, build_ship_corpus

from antiphon.data.corpus import Corpus
from antiphon.errors import EmptyError
from antiphon.evaluate.card import card, put_between, table
from antiphon.evaluate.report import report
from antiphon.files import atomic_write
from antiphon.generate.counterparts import counterparts
from antiphon.recipes import Recipe
from antiphon.runtime import bundle as bundles
from antiphon.runtime.bundle import Bundle

README = Path(__file__).resolve().parents[1] / "README.md"

DATA = (
    {
        "name": "trad-tunes-abc",
        "content": "traditional tunes of books of 1778-1903 (O'Neill, Ryan, Aird and others), from music21",
        "licence": "music in the public domain; transcriptions without licence text",
    },
    {
        "name": "openscore-lieder-vocal",
        "content": "vocal lines of the OpenScore Lieder corpus",
        "licence": "CC0",
    },
    {
        "name": "open-hymnal",
        "content": "sopranos of four-part hymns, Open Hymnal Project",
        "licence": "public domain",
    },
)
RELEASE = "Yes. The data allow it and nothing is asked of you; crediting Antiphon is kind, not required."


def judge(path: Path, corpus: Corpus) -> tuple[dict[str, Any], dict[str, Any]]:
    """Evaluate the bundle at `path`, write figures and card into it; its row of the table."""
    bundle = Bundle.open(path)
    make = partial(counterparts, bundle)
    figures = report(bundle, corpus, "test", make, with_structure=True, with_copying=True)
    validation = bundle.metrics.get("validation", bundle.metrics)
    about = about_bundle(bundle, bundles.shown_name(path))
    judged = dataclasses.replace(
        bundle, metrics={**figures, "validation": validation}, card=card(about, figures)
    )
    bundles.write(path, judged)
    return {**about, "size": path.stat().st_size}, figures


def about_bundle(bundle: Bundle, name: str) -> dict[str, Any]:
    """What a card says beside the figures."""
    return {
        "name": name,
        "summary": bundle.recipe.summary,
        "paper": bundle.recipe.paper,
        "data": DATA,
        "licence": bundle.provenance["licence"],
        "release": RELEASE,
        "weak": (weakness(bundle.recipe),),
        "steps": bundle.provenance["steps"],
        "n_parameters": sum(tensor.size for tensor in bundle.weights().values()),
    }


def weakness(recipe: Recipe) -> str:
    """What a recipe's construction rules out; the rest is read off the figures."""
    if recipe.sizes.attention_length:
        return f"Form beyond two bars: it attends to its last {recipe.sizes.attention_length} steps only."
    if recipe.codec.lookback_bars:
        return f"Form beyond {max(recipe.codec.lookback_bars)} bars: it is told of no earlier one."
    return "Form: it hears only the last event, and what its memory keeps of those before."


def main(shared: Path, corpus: Path | None, folder: Path | None, readme: Path) -> None:
    """Do it all; raises `EmptyError` where there is no bundle."""
    paths = bundles.shipped() if folder is None else sorted(folder.glob(f"*{bundles.SUFFIX}"))
    if not paths:
        raise EmptyError(
            "There is no bundle to judge; export some first, or name their folder with --bundles."
        )
    with tempfile.TemporaryDirectory() as scratch:
        built = corpus or Path(scratch) / "corpus"
        if corpus is None:
            build_ship_corpus(shared, built)
        opened = Corpus.open(built)
        rows = [judge(path, opened) for path in paths]
    written = table(rows)
    atomic_write(readme, put_between(readme.read_text("utf-8"), "bundles", written))
    print(written)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--bundles", type=Path)
    parser.add_argument("--readme", type=Path, default=README)
    given = parser.parse_args()
    main(given.shared, given.corpus, given.bundles, given.readme)
