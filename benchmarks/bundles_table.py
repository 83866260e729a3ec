"""Judge the shipped bundles again: their figures, their cards, and the README's table.

    python benchmarks/bundles_table.py [--shared DIR] [--corpora DIR] [--bundles DIR] [--readme FILE]
        [--only NAME]

Builds the corpora that the bundles were trained on (below `--corpora`, where they stay), evaluates every
bundle on its test split with baselines, structure and copying, writes the figures and the card into each
bundle and the table into the README, between `<!-- bundles:begin -->` and `<!-- bundles:end -->`. The same
corpora and bundles give the same figures. With `--only`, other bundles keep those that they have.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections.abc import Iterator, Sequence
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
from antiphon.recipes import Attention, Recipe
from antiphon.runtime import bundle as bundles
from antiphon.runtime.bundle import Bundle

README = Path(__file__).resolve().parents[1] / "README.md"

MELODIES = (
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
GROOVE = (
    {
        "name": "groove-midi-dataset",
        "content": "12 hours of drumming by ten drummers: Gillick, Roberts, Engel, Eck and Bamman, 'Learning "
        "to Groove with Inverse Sequence Transformations', 2019",
        "licence": "CC BY 4.0, Google Inc.",
    },
)
DATA = {"melody": MELODIES, "drum-kit": GROOVE, "one-drum": GROOVE}
FREE = "Yes. The data allow it and nothing is asked of you; crediting Antiphon is kind, not required."
ATTRIBUTED = (
    "Yes, and nothing is asked of you. Whoever passes the model itself on names the makers of the data, as "
    "this card does (CC BY 4.0)."
)
RELEASE = {"melody": FREE, "drum-kit": ATTRIBUTED, "one-drum": ATTRIBUTED}
_MOST = 0.9
"""Share of one meter from which a model is said to know no other."""


def corpus_of(recipe: Recipe) -> str:
    """The corpus of `ship_corpus` that a bundle of the recipe was trained on."""
    return recipe.name.partition("/")[2] if recipe.family == "drums" else recipe.family


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
    which = corpus_of(bundle.recipe)
    return {
        "name": name,
        "summary": bundle.recipe.summary,
        "paper": bundle.recipe.paper,
        "plural": bundle.recipe.events.plural,
        "pitched": bundle.alphabet.is_pitched,
        "data": DATA[which],
        "licence": bundle.provenance["licence"],
        "release": RELEASE[which],
        "weak": tuple(weaknesses(bundle)),
        "steps": bundle.provenance["steps"],
        "n_parameters": sum(tensor.size for tensor in bundle.weights().values()),
    }


def weaknesses(bundle: Bundle) -> Iterator[str]:
    """What a recipe's construction and its data rule out; the rest is read off the figures."""
    recipe, bars = bundle.recipe, getattr(bundle.recipe.codec, "bars", ())
    if isinstance(recipe.net, Attention):
        yield f"Form beyond two bars: it attends to its last {recipe.net.length} steps only."
    elif bars:
        yield f"Form beyond {max(bars)} bars: it is told of no earlier one."
    else:
        yield "Form: it hears only the last event, and what its memory keeps of those before."
    meters = bundle.defaults.get("meters", {})
    if meters and max(meters.values()) > _MOST:
        yield f"Meters other than {max(meters, key=meters.get)}: it has hardly heard any."


def told(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The row of a bundle that was judged before."""
    bundle = Bundle.open(path)
    about = about_bundle(bundle, bundles.shown_name(path))
    return {**about, "size": path.stat().st_size}, dict(bundle.metrics)


def main(shared: Path, corpus: Path | None, folder: Path | None, readme: Path, only: Sequence[str]) -> None:
    """Do it all; raises `EmptyError` where there is no bundle."""
    paths = bundles.shipped() if folder is None else sorted(folder.glob(f"*{bundles.SUFFIX}"))
    if not paths:
        raise EmptyError(
            "There is no bundle to judge; export some first, or name their folder with --bundles."
        )
    with tempfile.TemporaryDirectory() as scratch:
        rows = [
            judge(path, opened_corpus(shared, corpus or Path(scratch), path))
            if not only or bundles.shown_name(path) in only
            else told(path)
            for path in paths
        ]
    written = table(rows)
    atomic_write(readme, put_between(readme.read_text("utf-8"), "bundles", written))
    print(written)


def opened_corpus(shared: Path, corpora: Path, path: Path) -> Corpus:
    """The corpus of the bundle at `path`, below `corpora`; built if it is not there."""
    recipe = Bundle.open(path).recipe
    folder = corpora / corpus_of(recipe)
    build_ship_corpus(shared, folder, corpus_of(recipe))
    return Corpus.open(folder, recipe.learns_from)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--corpora", type=Path)
    parser.add_argument("--bundles", type=Path)
    parser.add_argument("--readme", type=Path, default=README)
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    given = parser.parse_args()
    main(given.shared, given.corpora, given.bundles, given.readme, given.only)
