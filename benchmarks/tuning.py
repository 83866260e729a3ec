"""When which way of fine-tuning is best: 20, 60 and 200 tunes of one book, which the bundle never heard.

    python benchmarks/tuning.py [--shared DIR] [--bundle NAME] [--steps N] [--work DIR]

The book is the jigs of the Nottingham database. What a corpus sets aside of it to judge by is the same for
every size: the best weights are those with the lowest NLL on its validation tunes, what the table shows is
the NLL of its test tunes. Every way takes steps until the validation figure has not fallen for 5 evaluations,
from the learning rate that stands in `WAYS`. A run that is there already is not made again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ship_corpus import SHARED

from antiphon.data.build import build
from antiphon.data.corpus import Corpus
from antiphon.evaluate.likelihood import evaluate
from antiphon.files import atomic_write
from antiphon.runtime.bundle import Bundle, find
from antiphon.train.export import export
from antiphon.train.run import train

SIZES = (20, 60, 200)


@dataclass(frozen=True)
class Way:
    """How a net comes to know a book."""

    name: str
    rate: float
    tuning: Mapping[str, Any] = field(default_factory=dict)
    fine_tuning: bool = True


WAYS = (
    Way("from scratch", 0.003, fine_tuning=False),
    Way("all weights", 0.001),
    Way("`--low-rank 8`", 0.001, {"low_rank": 8}),
    Way("`--freeze body`", 0.0005, {"freeze": "body"}),
)


@dataclass(frozen=True)
class Measured:
    """NLL of the test tunes, nats per step; steps to the best weights; seconds of the whole training."""

    nll: float
    best_step: int
    seconds: float


def unpack_book(shared: Path, target: Path) -> None:
    """The jigs' melodies as files of `target`."""
    with zipfile.ZipFile(shared / "data" / "melody" / "nottingham.zip") as archive:
        names = [name for name in archive.namelist() if name.startswith("MIDI/melody/jigs")]
        for name in names:
            (target / Path(name).name).write_bytes(archive.read(name))


def corpora(shared: Path, work: Path) -> Iterator[tuple[int, Corpus]]:
    """A corpus for each size, the largest first: so many tunes to train on, and all that are set aside."""
    with tempfile.TemporaryDirectory() as scratch:
        unpack_book(shared, Path(scratch))
        whole = build([Path(scratch)], work / "corpus", workers=1).corpus
        train_names = {Path(whole.source(int(index))).name for index in whole.split("train")}
        chosen = np.random.default_rng(0).permutation(sorted(train_names)).tolist()
        for size in sorted(SIZES, reverse=True):
            for name in chosen[size:]:
                (Path(scratch) / name).unlink(missing_ok=True)
            yield size, build([Path(scratch)], work / f"corpus{size}", workers=1).corpus


def measure(way: Way, bundle: str, corpus: Corpus, run: Path, steps: int) -> Measured:
    """Train in one way, and judge the best weights; a result that is there already is read."""
    result = run.with_suffix(".json")
    if not result.exists():
        recipe = Bundle.open(find(bundle)).recipe.name
        changes = {
            "training.learning_rate": str(way.rate),
            "training.final_learning_rate": str(way.rate / 10),
            "training.batch_size": "16",
            "training.max_steps": str(steps),
            "training.evaluate_every": "20",
            "training.patience": "5",
        }
        outcome = train(
            None if way.fine_tuning else recipe, corpus.folder, run, changes=changes,
            from_bundle=bundle if way.fine_tuning else None, **way.tuning,
        )  # fmt: skip
        figures = [json.loads(line) for line in (run / "metrics.jsonl").read_text("utf-8").splitlines()]
        tuned = export(run, run.with_suffix(".antiphon"))
        found = Measured(judged(tuned, corpus), outcome.best_step, figures[-1]["elapsed_s"])
        atomic_write(result, json.dumps(vars(found)))
    return Measured(**json.loads(result.read_text("utf-8")))


def judged(bundle: Bundle, corpus: Corpus) -> float:
    """NLL of the test split, nats per step."""
    return float(evaluate(bundle, corpus, "test").as_dict()["nll_per_step"])


def main(shared: Path, bundle: str, steps: int, work: Path) -> None:
    """Print the table, a row at a time."""
    print("| tunes | way | NLL of unseen tunes, nats per step | steps to the best | seconds |")
    print("|---|---|---|---|---|", flush=True)
    for size, corpus in reversed(list(corpora(shared, work))):
        before = judged(Bundle.open(find(bundle)), corpus)
        print(f"| {size} | the bundle as it is | {before:.3f} | - | - |", flush=True)
        for way in WAYS:
            run = work / f"{size}-{''.join(c if c.isalnum() else '-' for c in way.name).strip('-')}"
            got = measure(way, bundle, corpus, run, steps)
            print(f"| | {way.name} | {got.nll:.3f} | {got.best_step} | {got.seconds:.0f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--bundle", default="melody/lookback")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--work", type=Path, default=Path("runs/tuning"))
    given = parser.parse_args()
    main(given.shared, given.bundle, given.steps, given.work)
