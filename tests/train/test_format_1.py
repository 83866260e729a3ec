"""What the first release wrote: its bundles play the same notes and give the same figures, its runs go on to
the same weights. The files in `fixtures/format1` were made by it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from antiphon.data.corpus import Corpus
from antiphon.errors import BundleError, OptionError, RunError
from antiphon.evaluate.likelihood import evaluate
from antiphon.generate.model import Model
from antiphon.io import midi
from antiphon.recipes import Attention, KeyMelody, find
from antiphon.recipes.recipe import NEW_NAMES, upgraded
from antiphon.runtime import selfcheck
from antiphon.runtime.bundle import VERSION, Bundle, write
from antiphon.train.export import export
from antiphon.train.folder import RunFolder
from antiphon.train.run import train

FIXTURES = Path(__file__).parents[1] / "fixtures" / "format1"
EXPECTED: dict[str, Any] = json.loads((FIXTURES / "expected.json").read_text())
NAMES = ("attention", "basic", "lookback")
TUNE = [62, -2, 64, -2, -1, -2, 67, -2]


def bundle(name: str) -> Bundle:
    return Bundle.open(FIXTURES / "bundles" / f"melody-{name}.antiphon")


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_plays_the_same_notes(name: str) -> None:
    opened = bundle(name)
    assert opened.version == 1
    pieces = Model(opened).generate(TUNE, n=4, seed=9, bars=4)
    found = [hashlib.sha256(midi.dumps(piece.score)).hexdigest()[:10] for piece in pieces]
    assert found == EXPECTED["music"][name]


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_has_the_same_figures(name: str) -> None:
    """Those of labels need a graph that says them: one of the newest format."""
    corpus = Corpus.open(FIXTURES / "corpus")
    found, wanted = evaluate(bundle(name), corpus, "test").as_dict(), EXPECTED["evaluation"][name]
    for figure, value in wanted.items():
        if figure.startswith("label_") and name != "basic":
            assert found[figure] is None
        elif isinstance(value, str):
            assert found[figure] == value
        elif figure != "baselines":
            assert found[figure] == pytest.approx(value, rel=1e-6), figure


@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_is_written_anew_in_the_newest_format(name: str, tmp_path: Path) -> None:
    path = tmp_path / "melody-new.antiphon"
    write(path, bundle(name))
    again = Bundle.open(path)
    assert again.version == VERSION > 1
    assert (again.recipe, again.sha256) == (bundle(name).recipe, bundle(name).sha256)
    pieces = Model(again).generate(TUNE, n=4, seed=9, bars=4)
    found = [hashlib.sha256(midi.dumps(piece.score)).hexdigest()[:10] for piece in pieces]
    assert found == EXPECTED["music"][name]
    with pytest.raises(BundleError, match="has no check"):
        selfcheck.verify(again)


def test_a_bundle_can_be_tuned(tmp_path: Path) -> None:
    run, values = tmp_path / "run", {"training.max_steps": "4", "training.evaluate_every": "4"}
    source = FIXTURES / "bundles" / "melody-attention.antiphon"
    values |= {"training.batch_size": "8", "training.learning_rate": "0.0001"}
    train(None, FIXTURES / "corpus", run, changes=values, from_bundle=source, device="cpu", threads=1)
    tuned = export(run, tmp_path / "tuned.antiphon")
    assert tuned.provenance["from"]["sha256"] == bundle("attention").sha256
    assert tuned.labels is not None
    assert selfcheck.verify(tuned) < 1e-6


OLD_CODEC = {"name": "key_melody", "lookback_bars": [1, 2, 4], "clock_bits": 6}
OLD_SIZES = {"layers": [8, 9], "residual": True, "attention_length": 6, "attention_around": "stack"}


@pytest.mark.parametrize(
    ("codec", "net", "expected"),
    [
        (
            OLD_CODEC,
            "attention",
            {
                "codec": {"name": "key_melody", "bars": [1, 2, 4], "clock_bits": 6},
                "net": {
                    "name": "attention",
                    "layers": [8, 9],
                    "residual": True,
                    "length": 6,
                    "around": "stack",
                },
            },
        ),
        (
            OLD_CODEC | {"name": "onehot"},
            "lstm",
            {"codec": {"name": "onehot"}, "net": {"name": "lstm", "layers": [8, 9], "residual": True}},
        ),
    ],
)
def test_a_recipe_keeps_all_its_values(codec: dict[str, Any], net: str, expected: dict[str, Any]) -> None:
    old = {"name": "a/b", "codec": codec, "net": net, "sizes": OLD_SIZES, "training": {"max_steps": 3}}
    assert upgraded(old) == {"name": "a/b", "training": {"max_steps": 3}, **expected}


def test_the_old_names_of_values_are_told_with_the_new_ones() -> None:
    recipe = find("melody/attention")
    for former, name in NEW_NAMES.items():
        recipe.with_values({name: {"codec": "onehot", "net.around": "first"}.get(name, "1")})
        with pytest.raises(OptionError, match=f"'{former}' any more: it is called '{name}' now"):
            recipe.with_values({former: "1"})
    old = {*(f"sizes.{name}" for name in OLD_SIZES), "codec.name", "codec.lookback_bars"}
    assert set(NEW_NAMES) == old


CHANGES = {
    "net.layers": "8,8",
    "net.length": "6",
    "training.batch_size": "8",
    "training.evaluate_every": "4",
    "training.max_steps": "12",
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    shutil.copytree(FIXTURES / "run", tmp_path / "run")
    return tmp_path / "run"


def test_a_run_that_was_stopped_goes_on_to_the_same_weights(run: Path) -> None:
    before = RunFolder(run).recipe()
    assert before.codec == KeyMelody(bars=(1, 2), clock_bits=7)
    assert before.net == Attention(layers=(8, 8), length=6)
    corpus = FIXTURES / "corpus"
    outcome = train("melody/attention", corpus, run, changes=CHANGES, seed=5, device="cpu", threads=1)
    assert (outcome.steps, outcome.reason) == (12, "all 12 steps are done")
    # Format 1 drew dropout for a whole batch at once: what follows its checkpoint ends a little elsewhere.
    assert outcome.best_nll == pytest.approx(2.919095042, rel=1e-6)
    assert outcome.best_nll == pytest.approx(EXPECTED["best_nll"]["attention"], abs=2e-3)


def test_a_run_of_other_settings_is_still_refused_by_name(run: Path) -> None:
    with pytest.raises(RunError, match=r"recipe\.net\.length is 6 there, 7 here"):
        train("melody/attention", FIXTURES / "corpus", run, changes={**CHANGES, "net.length": "7"}, seed=5)


def test_a_run_can_be_exported(run: Path, tmp_path: Path) -> None:
    made = export(run, tmp_path / "made.antiphon")
    assert made.provenance["steps"] == 8
    assert selfcheck.verify(Bundle.open(tmp_path / "made.antiphon")) < 1e-6
