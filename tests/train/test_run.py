"""Whole runs: what they leave behind, how they end, go on, and start from a bundle."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from antiphon import nets
from antiphon.data import batches
from antiphon.data.corpus import Corpus
from antiphon.errors import AntiphonError, BusyError, OptionError, OutputError, RunError
from antiphon.recipes import RECIPES
from antiphon.runtime.bundle import Bundle
from antiphon.train import checkpoint, loop, metrics
from antiphon.train.device import Device
from antiphon.train.evaluation import Evaluation
from antiphon.train.export import export
from antiphon.train.folder import RunFolder
from antiphon.train.loader import tensors
from antiphon.train.processes import Processes
from antiphon.train.run import train
from antiphon.train.sample import NetSampler


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, tiny: Any) -> Path:
    out = tmp_path_factory.mktemp("runs") / "done"
    tiny(out)
    return out


def test_every_recipe_lowers_its_loss(tmp_path: Path, tiny: Any, corpora: dict[str, Path]) -> None:
    assert len(RECIPES) >= 7
    for name in RECIPES:
        out = tmp_path / name.replace("/", "-")
        tiny(out, name, changes={"training.learning_rate": "0.01"}, corpus=corpora[name])
        losses = [line["loss"] for line in metrics.read(out / "metrics.jsonl") if line["kind"] == "train"]
        assert losses[-1] < losses[0], name


def test_training_begins_where_counting_ends(tmp_path: Path, tiny: Any, corpora: dict[str, Path]) -> None:
    """The head starts with how often each label occurs: at a rate of nothing the loss is the unigram's."""
    for name in ("melody/lookback", "drums/drum-kit"):
        out = tmp_path / name.replace("/", "-")
        rates = {"training.learning_rate": "0", "training.final_learning_rate": "0", "training.dropout": "0"}
        tiny(out, name, changes=rates, corpus=corpora[name])
        (first, *_) = metrics.read(out / "metrics.jsonl")
        recipe = RunFolder(out).recipe()
        opened = Corpus.open(corpora[name], recipe.learns_from)
        net = nets.build(recipe)
        every = batches.whole(opened, opened.split("train"), recipe, 8)
        scored = [tensors(batch, torch.device("cpu")) for batch in every]
        labels = torch.cat([net.features.sequence(b).label[:, 1:][b.scored][:, 0] for b in scored])
        share = labels.bincount().double() / len(labels)
        entropy = -(share[share > 0] * share[share > 0].log()).sum().item()
        assert first["loss"] == pytest.approx(entropy, abs=0.25), name
        assert entropy < math.log(sum(net.features.label_sizes)) - 1


def test_a_run_leaves_figures_of_training_and_validation(done: Path) -> None:
    lines = metrics.read(done / "metrics.jsonl")
    assert [(line["step"], line["kind"]) for line in lines] == [
        (10, "train"), (10, "validation"), (20, "train"), (20, "validation"),
    ]  # fmt: skip
    for line in lines:
        wanted = {"perplexity", "accuracy", "event_accuracy", "no_event_accuracy", "elapsed_s"}
        wanted |= {"loss", "gradient_norm", "learning_rate"} if line["kind"] == "train" else {"nll_per_step"}
        assert wanted <= line.keys()
    assert lines[0]["perplexity"] == pytest.approx(math.exp(lines[0]["loss"]))


def test_tensorboard_has_curves_a_picture_and_a_sound(done: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(done / "tensorboard"))
    board.Reload()
    tags = board.Tags()
    wanted = {"loss", "perplexity", "accuracy", "event_accuracy", "no_event_accuracy", "gradient_norm"}
    assert {f"train/{name}" for name in wanted | {"learning_rate"}} <= set(tags["scalars"])
    assert "validation/nll_per_step" in tags["scalars"]
    assert (tags["images"], tags["audio"]) == (["melody/picture"], ["melody/sound"])
    assert [scalar.step for scalar in board.Scalars("train/loss")] == [10, 20]


def test_no_file_of_a_run_is_a_pickle(done: Path) -> None:
    files = {path.name for path in done.iterdir()}
    assert files == {
        "run.json",
        "last.safetensors",
        "best.safetensors",
        "metrics.jsonl",
        "tensorboard",
    }


def test_run_json_says_what_was_trained_on_what(done: Path, corpus: Path) -> None:
    facts = json.loads((done / "run.json").read_text())
    opened = Corpus.open(corpus)
    assert facts["recipe"]["net"]["layers"] == [12, 12]
    assert facts["corpus"]["digest"] == opened.digest
    assert facts["corpus"]["n_train"] == len(opened.split("train"))
    assert sum(facts["opening"]) == pytest.approx(1.0)
    assert RunFolder(done).recipe().training.max_steps == 20


def test_the_same_command_on_a_finished_run_changes_nothing_and_says_so(
    done: Path, corpus: Path, tiny: Any, heard: Any
) -> None:
    before = {path: path.read_bytes() for path in done.glob("*.*")}
    outcome = train(
        "melody/basic", corpus, done, changes=tiny.values, device="cpu", threads=1, reporter=heard
    )
    assert outcome.reason == "all 20 steps are done"
    assert len(heard.lines) == 1
    assert "has ended before" in heard.lines[0]
    assert {path: path.read_bytes() for path in done.glob("*.*")} == before


def test_other_settings_are_refused_by_name(done: Path, corpus: Path, tiny: Any) -> None:
    with pytest.raises(RunError, match="seed is 0 there, 1 here"):
        tiny(done, seed=1)
    with pytest.raises(RunError, match=r"recipe\.net\.layers is \[12, 12\] there, \[8\] here"):
        tiny(done, changes={"net.layers": "8"})


def test_a_folder_of_other_things_or_a_file_is_left_alone(tmp_path: Path, tiny: Any) -> None:
    (tmp_path / "mine.txt").write_text("dear diary")
    with pytest.raises(OutputError, match="holds other files"):
        tiny(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(OutputError, match="is a file"):
        tiny(tmp_path / "mine.txt")
    with pytest.raises(OutputError, match="Cannot write"):
        tiny(tmp_path / "mine.txt" / "run")


def test_two_processes_cannot_train_in_one_folder(tmp_path: Path, tiny: Any) -> None:
    with RunFolder(tmp_path / "run").claim(), pytest.raises(BusyError, match="Another process trains"):
        tiny(tmp_path / "run")


def test_training_stops_early_and_keeps_the_best(tmp_path: Path, tiny: Any, corpus: Path) -> None:
    # A rate this high makes things worse soon after the beginning.
    values = {"training.learning_rate": "0.3", "training.patience": "2", "training.max_steps": "400"}
    outcome = tiny(tmp_path / "run", changes={**values, "training.evaluate_every": "4"})
    folder = RunFolder(tmp_path / "run")
    judged = {line["step"]: line for line in metrics.read(folder.metrics) if line["kind"] == "validation"}
    assert outcome.reason == "no improvement in 2 evaluations"
    assert outcome.steps == outcome.best_step + 8 == max(judged) < 400
    assert outcome.best_nll == min(line["nll_per_step"] for line in judged.values())
    weights, facts = checkpoint.load(folder.best)
    assert facts["step"] == outcome.best_step
    assert _nll(folder, weights, corpus) == pytest.approx(outcome.best_nll, rel=1e-6)


def _nll(folder: RunFolder, weights: dict[str, torch.Tensor], corpus: Path) -> float:
    net = nets.build(folder.recipe()).eval()
    checkpoint.put_weights(net, weights)
    opened = Corpus.open(corpus)
    where = torch.device("cpu")
    return Evaluation(net, opened, opened.split("validation"), folder.recipe(), where, Processes())()[
        "nll_per_step"
    ]


def test_another_seed_gives_other_weights_and_the_same_one_the_same(
    tmp_path: Path, tiny: Any, done: Path
) -> None:
    tiny(tmp_path / "again")
    tiny(tmp_path / "other", seed=3)
    first, again, other = (run / "last.safetensors" for run in (done, tmp_path / "again", tmp_path / "other"))
    assert first.read_bytes() == again.read_bytes()
    assert not torch.equal(load_file(first)["net.output.kernel"], load_file(other)["net.output.kernel"])


def test_a_loss_that_is_no_number_stops_training_and_the_last_good_checkpoint_stays(
    tmp_path: Path, tiny: Any, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(loop, "learning_rate", lambda step, training: 1e38 if step >= 12 else 1e-3)
        with pytest.raises(RunError, match="is no number at step 20"):
            tiny(tmp_path / "run")
    last = tmp_path / "run" / "last.safetensors"
    assert checkpoint.load(last)[1]["step"] == 10
    tiny(tmp_path / "run")
    assert last.read_bytes() == (done / "last.safetensors").read_bytes()


def test_fine_tuning_starts_from_the_bundles_figures(
    tmp_path: Path, done: Path, corpus: Path, heard: Any
) -> None:
    export(done, tmp_path / "tune.antiphon")
    values = {"training.max_steps": "5", "training.learning_rate": "0.0001"}
    start: Any = {"from_bundle": tmp_path / "tune.antiphon", "device": "cpu", "threads": 1}
    train(None, corpus, tmp_path / "run", changes=values, reporter=heard, **start)
    first = metrics.read(tmp_path / "run" / "metrics.jsonl")[0]
    bundled = checkpoint.load(done / "best.safetensors")[1]["metrics"]
    assert (first["step"], first["kind"]) == (0, "validation")
    lines = (tmp_path / "run" / "metrics.jsonl").read_text()
    for name in ("last", "best"):
        (tmp_path / "run" / f"{name}.safetensors").rename(tmp_path / name)
    # As if killed before step 1.
    train(None, corpus, tmp_path / "run", changes=values, reporter=heard, **start)
    assert [line["step"] for line in metrics.read(tmp_path / "run" / "metrics.jsonl")].count(0) == 1
    assert len((tmp_path / "run" / "metrics.jsonl").read_text()) == pytest.approx(len(lines), rel=0.1)
    assert first["nll_per_step"] == pytest.approx(bundled["nll_per_step"], rel=1e-6)
    assert RunFolder(tmp_path / "run").recipe().net.layers == (12, 12)
    tuned = export(tmp_path / "run", tmp_path / "tuned.antiphon")
    before = Bundle.open(tmp_path / "tune.antiphon").provenance["steps"]
    after = checkpoint.load(tmp_path / "run" / "best.safetensors")[1]["step"]
    assert tuned.provenance["steps"] == before + after
    with pytest.raises(OptionError, match=r"net\.layers cannot be changed with --from"):
        train(None, corpus, tmp_path / "x", changes={"net.layers": "8"}, **start)
    with pytest.raises(OptionError, match=r"holds melody/basic, not melody/mono"):
        train("melody/mono", corpus, tmp_path / "x", **start)


def test_a_range_of_half_an_octave_can_be_trained(tmp_path: Path, tiny: Any) -> None:
    tiny(
        tmp_path / "run", changes={"view.min_pitch": "60", "view.max_pitch": "66", "training.max_steps": "2"}
    )
    assert RunFolder(tmp_path / "run").recipe().view.max_pitch == 66


def test_few_pieces_are_warned_about_with_what_to_do(
    tmp_path: Path, corpus: Path, tiny: Any, heard: Any
) -> None:
    train(
        "melody/mono", corpus, tmp_path / "run", changes=tiny.values, device="cpu", threads=1, reporter=heard
    )
    [warning] = [line for line in heard.lines if line.startswith("Warning")]
    for word in (
        "will overfit",
        "--from",
        "net.layers",
        "training.transpose",
        "training.dropout",
        "Add music",
    ):
        assert word in warning
    assert any("20 steps of 16 melodies take about" in line for line in heard.lines)
    assert any("left" in line for line in heard.lines)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"training.batch_size": "0"}, "training.batch_size is 0; expected 1 to 65536"),
        ({"training.clip": "gobal"}, "expected one of tensor, global"),
        ({"training.dropout": "1.0"}, "training.dropout is 1.0; expected 0 to below 1"),
        ({"training.learning_rate": "1.5"}, "expected 0 to 1"),
        ({"codec": "onehit"}, "Did you mean 'onehot'"),
        ({"net": "lstn"}, "Did you mean 'lstm'"),
        ({"net.layer": "8"}, "Did you mean 'net.layers'"),
        ({"sizes.layers": "8"}, "'sizes.layers' any more: it is called 'net.layers' now"),
        ({"sizes.attention_length": "8"}, "'sizes.attention_length' any more: it is called 'net.length' now"),
        ({"codec.name": "onehot"}, "'codec.name' any more: it is called 'codec' now"),
    ],
)
def test_impossible_values_are_named(tmp_path: Path, tiny: Any, values: dict[str, str], said: str) -> None:
    with pytest.raises(AntiphonError, match=said):
        tiny(tmp_path / "run", changes=values)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_sample_is_the_same_for_the_same_net(name: str, tmp_path: Path) -> None:
    recipe = RECIPES[name]
    torch.manual_seed(0)
    net = nets.build(recipe)
    opening = np.concatenate([np.full(size, 1 / size) for size in recipe.alphabet.sizes])
    sampling = NetSampler(net, recipe, opening, Device(torch.device("cpu")).torch_device, seed=1)
    one, two = sampling(), sampling()
    assert one is not None
    assert two is not None
    assert np.array_equal(one.pixels, two.pixels)
    assert np.array_equal(one.samples, two.samples)
    assert net.training, "sampling leaves the net as it was"
    score = sampling.score()
    assert 6 * 4 < score.end / score.ticks_per_quarter <= 8 * 4
