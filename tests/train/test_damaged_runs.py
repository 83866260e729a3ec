"""Runs whose files were damaged, or made by a stranger; disks that are full: one line, and nothing lost."""

from __future__ import annotations

import copy
import json
import math
import shutil
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save as numpy_save
from safetensors.torch import load_file, save_file

from antiphon import nets
from antiphon.errors import BundleError, OptionError, RunError, StorageError
from antiphon.recipes import RECIPES, Attention, Lookback, Lstm
from antiphon.runtime.bundle import Bundle, shipped, write
from antiphon.train import checkpoint, compare, journal, metrics, start
from antiphon.train.export import export
from antiphon.train.folder import RunFolder
from antiphon.train.journal import Board
from antiphon.train.likeness import unlikeness
from antiphon.train.optimisation import Adam
from antiphon.train.run import train


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny: Any) -> Path:
    out = tmp_path_factory.mktemp("damaged") / "run"
    tiny(out)
    return out


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


def altered(run: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    facts = json.loads((run / "run.json").read_text())
    change(facts)
    (run / "run.json").write_text(json.dumps(facts))


# Sizes


def test_shapes_of_a_net_are_known_without_its_memory() -> None:
    for name in RECIPES:
        recipe = RECIPES[name]
        built = {n: tuple(t.shape) for n, t in nets.build(recipe).state_dict().items()}
        assert nets.shapes(recipe) == built, name
    vast = RECIPES["drums/drum-kit"].with_values({"net.layers": ",".join(["8192"] * 32)})
    found = nets.shapes(vast)
    assert found is not None
    assert sum(int(np.prod(shape)) for shape in found.values()) > 1 << 33


def test_a_bundle_that_claims_a_larger_net_is_refused_before_one_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = next(path for path in shipped() if path.stem == "melody-basic")
    opened = Bundle.open(path)
    vast = copy.copy(opened)
    object.__setattr__(vast, "recipe", opened.recipe.with_values({"net.layers": "8192,8192,8192,8192"}))
    write(tmp_path / "vast.antiphon", vast)

    def never(recipe: object) -> None:
        raise AssertionError("a net was made")

    monkeypatch.setattr(nets, "build", never)
    with pytest.raises(BundleError, match=r"do not fit its recipe: 'body\.layers\.0"):
        start.starting_point(None, {}, tmp_path / "vast.antiphon")
    assert start.starting_point(None, {}, path).bundle is not None


def test_a_run_whose_recipe_claims_a_larger_net_is_refused_before_one_is_made(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    altered(run, lambda facts: facts["recipe"]["net"].update(layers=[8192] * 8))
    monkeypatch.setattr(nets, "build", lambda recipe: pytest.fail("a net was made"))
    for which in ("best", "last"):
        with pytest.raises(RunError, match="do not fit its recipe"):
            export(run, tmp_path / "x.antiphon", which=which)


def test_lists_in_recipes_are_bounded() -> None:
    for make in (
        lambda: Lstm(layers=(1,) * 33),
        lambda: Attention(layers=(1,) * 33),
        lambda: Lookback(bars=(1,) * 17),
    ):
        with pytest.raises(OptionError, match=r"has (33|17) values; expected (32|16) at most"):
            make()
    for name in ("max_length", "max_steps", "evaluate_every", "patience"):
        with pytest.raises(OptionError, match=f"training.{name} is"):
            RECIPES["melody/basic"].with_values({f"training.{name}": str(1 << 60)})


def test_a_graph_that_plays_something_else_is_told(tmp_path: Path) -> None:
    paths = {path.stem: path for path in shipped()}
    opened = Bundle.open(paths["melody-basic"])
    net = nets.build(opened.recipe)
    checkpoint.put_weights(net, {n: torch.from_numpy(w).float() for n, w in opened.weights().items()})
    assert unlikeness(opened, net) == ""
    assert net.training
    with torch.no_grad():
        net.output.bias[3] += 0.5
    assert unlikeness(opened, net) == "its graph does not play what its recipe and weights give"


def test_tuning_warns_of_it(tmp_path: Path, corpus: Path, heard: Any) -> None:
    opened = Bundle.open(next(path for path in shipped() if path.stem == "melody-basic"))
    proto = opened.graphs["step"].proto
    # Of another net of the same shape: its head plays at another temperature.
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load_from_string(proto)
    for node in model.graph.node:
        node.input[:] = ["warm" if name == "temperature" else name for name in node.input]
    model.graph.initializer.append(numpy_helper.from_array(np.float32(2), "two"))
    model.graph.node.insert(0, helper.make_node("Mul", ["temperature", "two"], ["warm"]))
    graphs = {"step": opened.graphs["step"]._replace(proto=model.SerializeToString())}
    object.__setattr__(opened, "graphs", graphs)
    write(tmp_path / "warm.antiphon", opened)
    values = {"training.max_steps": "1", "training.batch_size": "4"}
    train(
        None, corpus, tmp_path / "run", changes=values, from_bundle=tmp_path / "warm.antiphon", device="cpu",
        threads=1, reporter=heard,
    )  # fmt: skip
    assert any("its graph does not play what its recipe and weights give" in line for line in heard.lines)


# run.json

_GONE = object()
_WRONG = (_GONE, None, True, -1, 10**30, "x", "\x1b[2J", [], {}, [[]], {"name": 3}, 0.5)


@pytest.mark.parametrize(
    "path",
    ["format", "recipe", "recipe.net", "recipe.family", "recipe.training", "corpus", "corpus.path",
     "corpus.digest", "corpus.n_train", "seed", "n_parameters", "opening", "versions", "from"],
)  # fmt: skip
def test_every_fact_of_another_type_costs_one_line(run: Path, tmp_path: Path, path: str) -> None:
    whole = (run / "run.json").read_text()
    refused = 0
    for value in _WRONG:
        (run / "run.json").write_text(whole)

        def change(facts: dict[str, Any], value: Any = value) -> None:
            *groups, name = path.split(".")
            for group in groups:
                facts = facts[group]
            facts.pop(name)
            if value is not _GONE:
                facts[name] = value

        altered(run, change)
        folder = RunFolder(run)
        uses = (folder.recipe, partial(_opening, folder), partial(compare.rows, [run]))
        for said in filter(None, map(_refused, uses)):
            refused += 1
            assert said.isprintable()
            assert len(said) < 700 + len(str(run)) * 2
    assert refused >= (3 if path == "from" else 6)


def _opening(folder: RunFolder) -> None:
    folder.opening(folder.read())


def _refused(use: Callable[[], object]) -> str:
    """What a run's error says; '' where there is none."""
    try:
        use()
    except RunError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "text", [b"", b"{", b"\xff\xfe", b"[1]", b"null", b"[" * 100_000, b'{"format": NaN}']
)
def test_what_is_no_json_costs_one_line(run: Path, text: bytes) -> None:
    (run / "run.json").write_bytes(text)
    with pytest.raises(RunError, match=r"run\.json' is damaged"):
        RunFolder(run).read()


def test_a_recipe_that_cannot_be_used_is_an_error_of_the_run(run: Path) -> None:
    altered(run, lambda facts: facts["recipe"]["net"].update(name="nope"))
    with pytest.raises(RunError, match=r"The recipe in .* cannot be used: No net 'nope'"):
        RunFolder(run).recipe()


# Figures


def test_damaged_figures_are_left_out_and_told(run: Path, tiny: Any, corpus: Path, heard: Any) -> None:
    path = run / "metrics.jsonl"
    whole = path.read_bytes().splitlines(keepends=True)
    damaged = (
        b'{"step": 5, "ki\n', b"\xff\xfe\n", b'{"step": 5, "kind": "train", "loss": NaN, "elapsed_s": 1}\n',
        b"[1]\n", b'{"step": "5", "kind": "train", "loss": 1, "elapsed_s": 1}\n', b'{"kind": "train"}\n',
        b'{"step": 5, "kind": "train"}\n', b'{"step": 5, "kind": [], "loss": 1, "elapsed_s": 1}\n',
        b'{"step": 5, "kind": "validation", "nll_per_step": "x", "elapsed_s": 1}\n',
        b'{"step": -5, "kind": "train", "loss": 1, "elapsed_s": 1}\n', b"\n",
        b'{"step": 5, "kind": "train", "loss": 1, "elapsed_s": null}\n',
    )  # fmt: skip
    for line in damaged:
        path.write_bytes(whole[0] + line + b"".join(whole[1:]))
        told: list[str] = []
        assert len(metrics.read(path, told.append)) == len(whole), line
        assert told == [f"Warning: 1 damaged lines of '{path}' are left out."], line
    path.write_bytes(whole[0] + b"".join(damaged) + b"".join(whole[1:]))
    told = []
    (row,) = compare.rows([run], told.append)
    assert row.steps == 20
    assert len(told) == 1
    more = {**tiny.values, "training.max_steps": "20"}
    (run / "last.safetensors").unlink()
    train("melody/basic", corpus, run, changes=more, device="cpu", threads=1, reporter=heard)
    assert sum("damaged lines" in line for line in heard.lines) == 1
    assert [line["step"] for line in metrics.read(path)] == [10, 10, 20, 20]


def test_a_line_cut_short_by_a_kill_is_nothing_to_tell(run: Path) -> None:
    path = run / "metrics.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    told: list[str] = []
    assert len(metrics.read(path, told.append)) == 3
    assert not told


# Checkpoints


def rewritten(path: Path, facts: Any = None, **tensors: torch.Tensor | None) -> None:
    found = load_file(path)
    for name, tensor in tensors.items():
        if tensor is None:
            del found[name]
        else:
            found[name] = tensor
    said = checkpoint.load(path)[1] if facts is None else facts
    text = said if isinstance(said, str) else json.dumps(said)
    save_file(found, path, metadata={"antiphon": text})


@pytest.mark.parametrize(
    "change",
    [
        {"step": "5"}, {"step": -1}, {"step": True}, {"epoch": 10**30}, {"batch": None}, {"best_nll": "x"},
        {"best_nll": True}, {"stale": 0.5}, {"ended": 3}, {"scaler": []}, {"scaler": {"a": "b"}}, {"more": 1},
        {"elapsed_s": "x"},
    ],
)  # fmt: skip
def test_odd_facts_of_a_checkpoint_cost_one_line(run: Path, tiny: Any, change: dict[str, Any]) -> None:
    last = run / "last.safetensors"
    rewritten(last, {**checkpoint.load(last)[1], **change})
    with pytest.raises(RunError, match="cannot be read") as caught:
        tiny(run)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("facts", ["[]", "{", "null", "NaN", "{}"])
def test_a_checkpoint_without_facts_costs_one_line(run: Path, tiny: Any, tmp_path: Path, facts: str) -> None:
    for name in ("last", "best"):
        rewritten(run / f"{name}.safetensors", facts)
    with pytest.raises(RunError, match="cannot be read"):
        tiny(run)
    with pytest.raises(RunError, match="cannot be read"):
        export(run, tmp_path / "x.antiphon")


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"adam.exp_avg.output.bias": torch.zeros(3)}, "'exp_avg' of 'output.bias' does not fit"),
        ({"adam.exp_avg.output.bias": None}, "'exp_avg' of 'output.bias' does not fit"),
        ({"adam.step.output.bias": torch.zeros(2)}, "'step' of 'output.bias' does not fit"),
        ({"adam.step.output.bias": torch.tensor(torch.nan)}, "count of 'output.bias' is no number"),
        ({"adam.exp_avg.output.bias": torch.zeros(38, dtype=torch.int64)}, "does not fit"),
        ({"adam.evil.output.bias": torch.zeros(3)}, "knows nothing of"),
        ({"adam.exp_avg.nowhere": torch.zeros(3)}, "knows nothing of"),
        ({"net.output.bias": torch.zeros(3)}, "'output.bias' has shape"),
        ({"net.output.bias": torch.zeros(38, dtype=torch.int64)}, "'output.bias' holds no floats"),
        ({"net.output.bias": None}, "'output.bias' has shape None"),
    ],
)
def test_tensors_that_do_not_fit_cost_one_line(
    run: Path, tiny: Any, tensors: dict[str, torch.Tensor | None], said: str
) -> None:
    rewritten(run / "last.safetensors", None, **tensors)
    with pytest.raises(RunError, match=said):
        tiny(run)


def test_a_header_that_lies_costs_one_line(run: Path, tiny: Any) -> None:
    last = run / "last.safetensors"
    for data in (b"", struct.pack("<Q", 1 << 60), struct.pack("<Q", 2) + b"{}", b"\0" * 100):
        last.write_bytes(data)
        with pytest.raises(RunError, match="cannot be read"):
            tiny(run)


def test_slots_are_those_of_adam() -> None:
    net = torch.nn.Linear(3, 2)
    adam = Adam(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    adam.step()
    assert all({*slots} == {"step", "exp_avg", "exp_avg_sq"} for slots in adam.state.values())


# A full disk

_FULL = Path("/dev/full")


@pytest.mark.skipif(not _FULL.exists(), reason="this system has no /dev/full")
def test_a_disk_full_of_tensorboard_costs_one_line_and_no_checkpoint(
    tmp_path: Path, trained: Path, tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    opened = Path.open

    def full(path: Path, *mode: Any, **more: Any) -> Any:
        return opened(_FULL if "tfevents" in path.name else path, *mode, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(StorageError, match=r"tfevents.*No space left.* the same command goes on"):
            tiny(run)
    tiny(run)
    assert (run / "last.safetensors").read_bytes() == (trained / "last.safetensors").read_bytes()


@pytest.mark.skipif(not _FULL.exists(), reason="this system has no /dev/full")
def test_every_way_of_writing_tells_of_a_full_disk(tmp_path: Path) -> None:
    for use in (
        lambda board: [board.figures(1, "train", {"loss": 1.0}) for _ in range(5000)],
        lambda board: board.picture(
            1, "p", np.zeros((400, 400, 3), np.uint8) + np.arange(400, dtype=np.uint8)[:, None]
        ),
        lambda board: (board.figures(1, "train", {"loss": 1.0}), board.flush()),
        lambda board: (board.figures(1, "train", {"loss": 1.0}), board.close()),
    ):
        board = Board(tmp_path / "board", 0)
        board._file.close()
        with _FULL.open("wb", buffering=1000) as file:
            board._file = board._writer._writer = file
            with pytest.raises(StorageError, match="Make room there"):
                use(board)
            file.raw.close()


def test_event_files_have_names_of_their_own() -> None:
    assert len({journal._name() for _ in range(100)}) == 100


def test_weights_that_are_as_large_as_can_be_cost_one_line(tmp_path: Path, corpus: Path) -> None:
    opened = Bundle.open(next(path for path in shipped() if path.stem == "melody-basic"))
    largest = {n: np.full_like(w, np.finfo(w.dtype).max) for n, w in opened.weights().items()}
    object.__setattr__(opened, "safetensors", numpy_save(largest))
    write(tmp_path / "large.antiphon", opened)
    with pytest.raises(RunError, match="gives no numbers"):
        train(
            None, corpus, tmp_path / "run", changes={"training.max_steps": "1", "training.batch_size": "4"},
            from_bundle=tmp_path / "large.antiphon", device="cpu", threads=1,
        )  # fmt: skip


def test_figures_that_do_not_exist_are_gaps_in_a_checkpoint(run: Path) -> None:
    """Earlier versions wrote NaN for an accuracy over no events."""
    tensors, facts = checkpoint.load(RunFolder(run).best)
    assert all(value is None or math.isfinite(value) for value in facts["metrics"].values())
    checkpoint.save(RunFolder(run).best, tensors, {**facts, "metrics": {"accuracy": math.nan}})
    _, again = checkpoint.load(RunFolder(run).best)
    assert checkpoint.figures_of(RunFolder(run).best, again) == (facts["step"], {"accuracy": None})
