"""The loop's parts alone: rates, clipping, checkpoints, stopping early, what is told."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from antiphon.errors import NameNotFound, OptionError, OutputError, RunError
from antiphon.recipes import Training
from antiphon.train import checkpoint, metrics
from antiphon.train.checkpoint import State
from antiphon.train.device import choose_device, using_threads
from antiphon.train.loop import step_seed
from antiphon.train.metrics import duration
from antiphon.train.optimisation import Adam, clip, learning_rate
from antiphon.train.pace import Pace


def test_a_rate_without_another_end_is_constant() -> None:
    training = Training(max_steps=100)
    assert {learning_rate(step, training) for step in range(150)} == {1e-3}


def test_a_rate_falls_along_half_a_cosine_and_stays_at_its_end() -> None:
    training = Training(max_steps=100, learning_rate=1e-2, final_learning_rate=1e-4)
    rates = [learning_rate(step, training) for step in range(120)]
    assert rates[0] == 1e-2
    assert rates[50] == pytest.approx((1e-2 + 1e-4) / 2)
    assert rates[100:] == pytest.approx([1e-4] * 20)
    assert all(a >= b for a, b in pairwise(rates))


def _parameters() -> list[torch.nn.Parameter]:
    parameters = [torch.nn.Parameter(torch.zeros(2)) for _ in range(3)]
    for parameter, gradient in zip(parameters, ([3.0, 4.0], [0.3, 0.4], [0.0, 0.0]), strict=True):
        parameter.grad = torch.tensor(gradient)
    return parameters


def _gradients(parameters: list[torch.nn.Parameter]) -> list[float]:
    return torch.cat([p.grad for p in parameters if p.grad is not None]).tolist()


def test_clipping_by_tensor_shortens_long_gradients_only() -> None:
    parameters = _parameters()
    norm = clip(parameters, 1.0, "tensor")
    assert norm.item() == pytest.approx(math.hypot(5, 0.5))
    assert _gradients(parameters) == pytest.approx([0.6, 0.8, 0.3, 0.4, 0.0, 0.0])


def test_clipping_globally_keeps_the_direction() -> None:
    parameters = _parameters()
    norm = clip(parameters, 1.0, "global").item()
    expected = [g / norm for g in (3.0, 4.0, 0.3, 0.4, 0.0, 0.0)]
    assert _gradients(parameters) == pytest.approx(expected)


@pytest.mark.parametrize("how", ["tensor", "global"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_no_number_costs_its_step_only(how: str, bad: float) -> None:
    parameters = [torch.nn.Parameter(torch.zeros(2)) for _ in range(2)]
    parameters[0].grad, parameters[1].grad = torch.tensor([bad, 1.0]), torch.tensor([3.0, 4.0])
    assert not clip(parameters, 1.0, how).isfinite()
    assert all(torch.equal(p.grad, torch.zeros(2)) for p in parameters if p.grad is not None)


def test_a_limit_of_nothing_clips_nothing() -> None:
    parameters = _parameters()
    clip(parameters, 0.0, "tensor")
    assert _gradients(parameters)[:2] == [3.0, 4.0]


def test_patience_counts_evaluations_without_improvement() -> None:
    state, better = State(), []
    for step, nll in enumerate([3.0, 2.0, 2.5, 2.0, 1.9, 1.95, 1.95, 1.95], 1):
        state.step = step
        better.append(state.judge(nll, patience=3, max_steps=100))
        if state.ended:
            break
    assert better == [True, True, False, False, True, False, False, False]
    assert (state.best_nll, state.best_step, state.ended) == (1.9, 5, "no improvement in 3 evaluations")


def test_training_ends_at_its_last_step_even_while_it_improves() -> None:
    state = State(step=100)
    assert state.judge(1.0, patience=3, max_steps=100)
    assert state.ended == "all 100 steps are done"


def test_adam_is_torchs_to_the_bit() -> None:
    torch.manual_seed(0)
    ours, theirs = torch.nn.Linear(5, 3), torch.nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    adam, reference = Adam(ours.parameters()), torch.optim.Adam(theirs.parameters(), foreach=False)
    for step in range(50):
        adam.rate = reference.param_groups[0]["lr"] = 0.1 / (step + 1)
        x = torch.randn(4, 5)
        for net, optimiser in ((ours, adam), (theirs, reference)):
            optimiser.zero_grad()
            (net(x) ** 3).sum().backward()
            optimiser.step()
    assert torch.equal(ours.weight, theirs.weight)
    assert torch.equal(ours.bias, theirs.bias)


def test_a_checkpoint_brings_net_and_optimiser_back_bit_by_bit(tmp_path: Path) -> None:
    net = torch.nn.Linear(3, 2)
    adam = Adam(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    adam.step()
    checkpoint.save(tmp_path / "a.safetensors", checkpoint.pack(net, adam), {"step": 1})
    other = torch.nn.Linear(3, 2)
    other_adam = Adam(other.parameters())
    tensors, facts = checkpoint.load(tmp_path / "a.safetensors")
    checkpoint.unpack(tensors, other, other_adam)
    checkpoint.save(tmp_path / "b.safetensors", checkpoint.pack(other, other_adam), facts)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    assert len(tensors) == 2 + 2 * 3


def test_a_checkpoint_of_another_net_or_none_at_all_is_explained(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "a.safetensors", dict(torch.nn.Linear(3, 2).state_dict()), {})
    with pytest.raises(RunError, match=r"'weight' has shape \(2, 3\), the net's \(2, 4\)"):
        checkpoint.put_weights(torch.nn.Linear(4, 2), checkpoint.load(tmp_path / "a.safetensors")[0])
    with pytest.raises(RunError, match="train for a while"):
        checkpoint.load(tmp_path / "none.safetensors")
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "a.safetensors").read_bytes()[:-5])
    with pytest.raises(RunError, match="cannot be read"):
        checkpoint.load(tmp_path / "cut.safetensors")


def test_a_disk_that_is_full_costs_one_line_and_no_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, path = dict(torch.nn.Linear(3, 2).state_dict()), tmp_path / "last.safetensors"
    checkpoint.save(path, weights, {"step": 1})

    def full(tensors: object, target: Path, **metadata: object) -> None:
        target.write_bytes(b"half")
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(OutputError, match=r"Cannot write '.*last.safetensors': .*No space left on device"):
        checkpoint.save(path, weights, {"step": 2})
    assert [file.name for file in tmp_path.iterdir()] == ["last.safetensors"]
    assert checkpoint.load(path)[1] == {"step": 1}
    with pytest.raises(OutputError, match="No space left on device"):
        metrics.append(Path("/dev/full"), 1, "train", {"loss": 1.0})


def test_metrics_forget_what_came_after_the_checkpoint_and_half_a_line(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for step in (10, 20, 30):
        metrics.append(path, step, "train", {"loss": 1.0, "event_accuracy": math.nan, "elapsed_s": step / 10})
    with path.open("a") as file:
        file.write('{"step": 40, "kin')
    assert [line["step"] for line in metrics.read(path)] == [10, 20, 30]
    assert metrics.elapsed_s(path, 20) == 2.0
    metrics.keep_until(path, 20)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [10, 20]
    assert lines[0]["event_accuracy"] is None


def test_seeds_of_steps_differ_and_fit_torch() -> None:
    seeds = {step_seed(seed, step, rank) for seed in range(3) for step in range(50) for rank in range(2)}
    assert len(seeds) == 300
    assert all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(40, "40 s"), (720, "12 min"), (11_100, "3 h 05 min"), (187_200, "2 d 4 h")],
)
def test_durations_are_told_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_pace_leans_towards_the_latest() -> None:
    pace = Pace(1.0)
    for _ in range(50):
        pace.note(5.0, 10)
    assert pace.steps_per_s == pytest.approx(2.0, rel=1e-3)
    assert pace.left(240) == "2 min"


def test_devices_and_threads_are_checked() -> None:
    assert choose_device("cpu").torch_device.type == "cpu"
    with pytest.raises(NameNotFound, match="Did you mean 'cuda'"):
        choose_device("cude")
    with pytest.raises(OptionError, match="expected 1 or more"), using_threads(0):
        pass


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(OptionError, match="has no cuda device"):
        choose_device("cuda")
