"""`antiphon evaluate` and what stands behind it, on a small corpus and an untrained net."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from antiphon import io
from antiphon.cli import evaluate as command
from antiphon.data import batches
from antiphon.data.build import build
from antiphon.data.corpus import Corpus
from antiphon.errors import AntiphonError, CorpusError, NameNotFound, OptionError, RunError
from antiphon.evaluate import likelihood
from antiphon.evaluate.baselines import baselines, folded
from antiphon.evaluate.likelihood import sequences, trained_on
from antiphon.extract.melody import Melody, to_score
from antiphon.generate.counterparts import counterparts
from antiphon.recipes import find
from antiphon.runtime import bundle as bundles
from antiphon.runtime.bundle import Bundle
from antiphon.score.maps import Meter

torch = pytest.importorskip("torch")

RECIPE = find("melody/lookback").with_values({"net.layers": "8"})


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty tunes of ten bars, in 4/4 and 3/4."""
    folder = tmp_path_factory.mktemp("tunes")
    rng = np.random.default_rng(1)
    for number in range(60):
        meter = Meter(4 - number % 2, 4)
        events = rng.choice([-2, -2, -2, *range(55, 75)], (5, 4 * meter.numerator)).repeat(2, axis=0).ravel()
        events[0] = 60
        io.save(to_score(Melody(events, meter=meter)), folder / f"{number:02}.mid")
    build([folder], folder / "corpus", workers=1)
    return folder / "corpus"


@pytest.fixture(scope="module")
def bundle(corpus: Path, bundled: Callable[..., Bundle]) -> Path:
    from antiphon import nets

    torch.manual_seed(0)
    path = corpus.parent / "melody-small.antiphon"
    opening = batches.opening(Corpus.open(corpus), RECIPE)
    made = bundled(nets.build(RECIPE), "small", opening)
    bundles.write(path, replace(made, provenance={"corpus": {"digest": Corpus.open(corpus).digest}}))
    return path


@pytest.fixture
def run() -> Callable[..., Result]:
    app = typer.Typer()
    command.register(app)
    app.callback()(lambda: None)
    return lambda *words: CliRunner().invoke(app, ["evaluate", *map(str, words)])


def test_json_holds_every_figure(run: Callable[..., Result], bundle: Path, corpus: Path) -> None:
    done = run(bundle, "--corpus", corpus, "--split", "all", "--json")
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert set(figures) >= {
        "nll_per_event", "nll_per_step", "nll_per_bar", "nll_per_second",
        "perplexity", "accuracy", "event_accuracy", "no_event_accuracy",
        "label_perplexity", "label_accuracy", "baselines", "n_sequences", "n_events", "split",
    }  # fmt: skip
    opened = Corpus.open(corpus)
    assert figures["n_sequences"] == opened.n
    assert figures["n_events"] == opened.lengths.sum() - opened.n
    assert set(figures["baselines"]) == {"unigram", "kn5", "copy_kn5"}
    assert figures["perplexity"] == pytest.approx(np.exp(figures["nll_per_event"]))
    assert "Next: antiphon generate melody --bundle" in done.stderr


def test_the_table_shows_model_baselines_structure_and_copies(
    run: Callable[..., Result], bundle: Path, corpus: Path
) -> None:
    done = run(bundle, "--corpus", corpus, "--split", "test", "--structure", "--copying")
    assert done.exit_code == 0, done.output
    for word in (
        "small on test", "interpolated Kneser-Ney 5-gram", "5-gram mixed with copying",
        "Labels, as the original", "1 back", "4 back", "held-out pieces", "notes",
    ):  # fmt: skip
        assert word in done.stdout


def test_figures_of_the_training_split_are_called_flattering(
    run: Callable[..., Result], bundle: Path, corpus: Path
) -> None:
    assert "flatter" in run(bundle, "--corpus", corpus, "--split", "train").stdout
    assert "flatter" not in run(bundle, "--corpus", corpus, "--split", "validation").stdout


@pytest.mark.parametrize(
    ("split", "known", "fitted", "seen"),
    [("test", True, "train", False), ("test", False, "other groups", False),
     ("all", True, "other groups", True), ("train", True, "other groups", True),
     ("train", False, "other groups", False)],
)  # fmt: skip
def test_baselines_never_learn_from_what_they_are_judged_on(
    run: Callable[..., Result],
    bundle: Path,
    corpus: Path,
    tmp_path: Path,
    split: str,
    known: bool,
    fitted: str,
    seen: bool,
) -> None:
    """The corpus that the bundle was trained on, or a stranger's."""
    asked = bundle
    if not known:
        asked = tmp_path / "other.antiphon"
        bundles.write(asked, replace(Bundle.open(bundle), provenance={}))
    done = run(asked, "--corpus", corpus, "--split", split, "--json")
    figures = json.loads(done.stdout)
    assert (figures["baselines_fitted_on"], figures["seen_in_training"]) == (fitted, seen)
    opened = Corpus.open(corpus)
    parts = {name: sequences(opened, name, RECIPE) for name in ("train", "validation", "test")}
    if fitted == "train":
        expected = baselines(parts["train"], parts["test"])
    else:
        music = parts["train"].joined(parts["validation"]).joined(parts["test"])
        names = np.repeat(list(parts), [len(part) for part in parts.values()])
        expected = folded(music, (names == split) | (split == "all"))
    for name, found in figures["baselines"].items():
        assert found["nll_per_event"] == pytest.approx(expected[name].nll_per_event), name


def test_music_without_a_training_split_is_judged_too(bundle: Path, corpus: Path) -> None:
    known, opened = Bundle.open(bundle), Corpus.open(corpus)

    def only(kept: np.ndarray) -> Corpus:
        table = opened.table[kept]
        table["group"] = np.unique(table["group"], return_inverse=True)[1]
        return replace(opened, table=table)

    held_out = opened.split("test")
    found = likelihood.evaluate(known, only(held_out), "test")
    assert (found.fitted, set(found.baselines)) == ("other groups", {"unigram", "kn5", "copy_kn5"})
    first = held_out[opened.table["group"][held_out] == opened.table["group"][held_out[0]]]
    assert likelihood.evaluate(known, only(first), "test").baselines == {}, "one group has no others"


def test_a_part_of_the_music_that_a_model_knows_is_known_to_it(bundle: Path, corpus: Path) -> None:
    known, opened = Bundle.open(bundle), Corpus.open(corpus)
    other = replace(opened, manifest={**opened.manifest, "digest": "other music"})
    part = replace(other, manifest={**other.manifest, "selected": {"from": opened.digest}})
    assert [trained_on(known, music) for music in (opened, other, part)] == [True, False, True]
    assert not trained_on(replace(known, provenance={}), part)


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("--split", "train", "--copying"), OptionError, "--split test"),
        (("--corpus", "nowhere"), CorpusError, "no corpus in 'nowhere'"),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Callable[..., Result], bundle: Path, corpus: Path, words: tuple[str, ...], error: type, said: str
) -> None:
    done = run(bundle, "--corpus", corpus, *words)
    assert isinstance(done.exception, error)
    assert said in str(done.exception)


@pytest.mark.parametrize(
    ("name", "error"), [("melody/nothing", NameNotFound), (".", RunError), ("none.antiphon", AntiphonError)]
)
def test_a_bundle_that_is_none(run: Callable[..., Result], corpus: Path, name: str, error: type) -> None:
    assert isinstance(run(name, "--corpus", corpus).exception, error)


def test_counterparts_are_as_long_and_repeat_with_their_seed(bundle: Path, corpus: Path) -> None:
    opened = Bundle.open(bundle)
    real = sequences(Corpus.open(corpus), "test", opened.recipe)
    made = counterparts(opened, real, seed=3)
    assert made.lengths.tolist() == real.lengths.tolist()
    assert made.steps_per_bar.tolist() == real.steps_per_bar.tolist()
    assert counterparts(opened, real, seed=3).events.tolist() == made.events.tolist()
    assert counterparts(opened, real, seed=4).events.tolist() != made.events.tolist()
