"""Several processes that train one net: the figures of one, stops and kills, deaths of helpers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from antiphon.errors import OptionError, RunError
from antiphon.nets import dropout
from antiphon.train import helper_processes, metrics
from antiphon.train.helper_processes import helped
from antiphon.train.processes import how_many
from antiphon.train.run import train

CPU = torch.device("cpu")


def _train(out: Path, tiny: Any, n: int, recipe: str = "melody/attention", **changes: str) -> Any:
    values = {**tiny.values, **changes}
    return train(recipe, tiny.corpus, out, changes=values, device="cpu", processes=n, save_every_s=0.0)


@pytest.fixture(scope="module")
def by_two(tmp_path_factory: pytest.TempPathFactory, tiny: Any) -> Path:
    out = tmp_path_factory.mktemp("runs") / "two"
    _train(out, tiny, 2)
    return out


def _judged(run: Path) -> list[float]:
    return [line["nll_per_step"] for line in metrics.read(run / "metrics.jsonl") if "nll_per_step" in line]


def test_the_figures_are_those_of_one_process(tmp_path: Path, tiny: Any, by_two: Path) -> None:
    _train(tmp_path / "one", tiny, 1)
    _train(tmp_path / "three", tiny, 3)
    one = metrics.read(tmp_path / "one" / "metrics.jsonl")
    for other in (by_two, tmp_path / "three"):
        lines = metrics.read(other / "metrics.jsonl")
        assert [line["step"] for line in lines] == [line["step"] for line in one]
        for mine, theirs in zip(one, lines, strict=True):
            for name in ("loss", "nll_per_step", "accuracy", "gradient_norm"):
                if name in mine:
                    assert theirs[name] == pytest.approx(mine[name], abs=1e-4), name


def test_the_same_number_of_processes_gives_the_same_bytes(tmp_path: Path, tiny: Any, by_two: Path) -> None:
    _train(tmp_path / "again", tiny, 2)
    for name in ("last.safetensors", "best.safetensors"):
        assert (tmp_path / "again" / name).read_bytes() == (by_two / name).read_bytes()


def test_a_run_goes_on_with_another_number_of_processes(tmp_path: Path, tiny: Any, by_two: Path) -> None:
    run = tmp_path / "run"
    _stopped_after(run, tiny, 2, 10)
    _train(run, tiny, 1)
    assert _judged(run) == pytest.approx(_judged(by_two), abs=1e-4)


def _stopped_after(run: Path, tiny: Any, n: int, step: int) -> None:
    """A run of `n` processes that was asked to stop after `step`."""
    from antiphon.train import loop

    evaluate = loop.Loop.evaluate

    def stop(self: loop.Loop) -> None:
        evaluate(self)
        if self.state.step == step:
            self.save()
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop.Loop, "evaluate", stop)
        with pytest.raises(KeyboardInterrupt):
            _train(run, tiny, n)


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_with_the_same_weights(tmp_path: Path, tiny: Any, by_two: Path) -> None:
    """The leading process alone is killed: whoever helps it ends by itself."""
    run, rng = tmp_path / "run", np.random.default_rng(1)
    words = [part for name, value in tiny.values.items() for part in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "antiphon", "train", "melody/attention", "--corpus", str(tiny.corpus)]
    command += ["-o", str(run), "--processes", "2", "--device", "cpu", *words]
    for _ in range(3):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while not (run / "run.json").exists() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(rng.uniform(0.0, 2.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(command, check=True, capture_output=True)
    for name in ("last.safetensors", "best.safetensors"):
        mine, theirs = load_file(run / name), load_file(by_two / name)
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[key], theirs[key]) for key in mine)


def test_a_helper_that_dies_costs_one_line(
    tmp_path: Path, tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = helper_processes._start

    def start_and_end(*given: Any) -> Any:
        helper = start(*given)
        helper.kill()
        return helper

    monkeypatch.setattr(helper_processes, "_start", start_and_end)
    with pytest.raises(RunError, match=r"Process 2 of 2 ended with status -9\. The same command goes on"):
        _train(tmp_path / "run", tiny, 2)


def test_what_a_helper_cannot_do_is_said_by_the_leading_process(tmp_path: Path, tiny: Any) -> None:
    job = {
        "recipe": {}, "corpus": str(tiny.corpus), "out": str(tmp_path), "seed": 0, "from_bundle": "none",
        "tuning": {}, "save_every_s": 1.0,
    }  # fmt: skip
    with helped(2, job) as processes, pytest.raises(RunError, match="No bundle 'none'"):
        processes.wait(CPU)


def test_no_helper_outlives_the_run(tmp_path: Path, tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = helper_processes._start
    monkeypatch.setattr(
        helper_processes, "_start", lambda *given: started.append(start(*given)) or started[-1]
    )
    _train(tmp_path / "run", tiny, 2, **{"training.max_steps": "2"})
    assert [helper.returncode for helper in started] == [0]


def test_sums_of_more_than_a_slot_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides in one process, the helper's in a thread."""
    monkeypatch.setattr(helper_processes, "_SLOT", 64)
    mine, theirs = torch.arange(100, dtype=torch.float64), 2 * torch.arange(100, dtype=torch.float64)
    to_helper, to_leader = os.pipe(), os.pipe()
    with ExitStack() as stack:
        file, _ = stack.enter_context(helper_processes._shared_file(2))
        memory = helper_processes._Memory(file, 2)
        to_read, to_write = zip(to_helper, to_leader, strict=True)
        receive, stdout = (stack.enter_context(open(fd, "rb", buffering=0)) for fd in to_read)
        stdin, send = (stack.enter_context(open(fd, "wb", buffering=0)) for fd in to_write)
        helping = threading.Thread(
            target=helper_processes._Helping(memory, 1, receive, send).add, args=(theirs,)
        )
        helping.start()
        leading: Any = SimpleNamespace(stdin=stdin, stdout=stdout)
        helper_processes._Leading(memory, [leading]).add(mine)
        helping.join()
    assert mine.tolist() == theirs.tolist() == [3.0 * k for k in range(100)]


def test_there_is_a_process_for_every_core_unless_somebody_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("antiphon.train.processes.cores", lambda: 4)
    assert how_many(None, None, CPU, 64) == 4
    assert how_many(None, None, CPU, 20) == 2
    assert how_many(None, None, CPU, 1) == 1
    assert how_many(None, 3, CPU, 64) == 1
    assert how_many(None, None, torch.device("cuda"), 64) == 1
    assert how_many(3, 2, CPU, 64) == 3
    for asked, device, said in (
        (0, CPU, "1 or more"),
        (65, CPU, "keep fewer"),
        (2, torch.device("cuda"), "cores"),
    ):
        with pytest.raises(OptionError, match=said):
            how_many(asked, None, device, 64)


def test_what_is_dropped_of_a_row_does_not_depend_on_the_rows_beside_it() -> None:
    x = torch.ones(7, 5, 6)
    with dropout.of_rows(3, range(5)):
        whole = [dropout.dropout(x, 0.3), dropout.dropout(x, 0.3)]
    with dropout.of_rows(3, [1, 4]):
        part = [dropout.dropout(x[:4, [1, 4]], 0.3), dropout.dropout(x[:4, [1, 4]], 0.3)]
    for all_rows, two in zip(whole, part, strict=True):
        assert torch.equal(all_rows[:4, [1, 4]], two)
    assert not torch.equal(*whole)
    assert not torch.equal(whole[0][:, 0], whole[0][:, 1])
    with dropout.of_rows(4, range(5)):
        assert not torch.equal(dropout.dropout(x, 0.3), whole[0])
    with dropout.of_rows(3, range(200)):
        many = dropout.dropout(torch.ones(200, 50), 0.3)
    assert (many == 0).float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert many.mean().item() == pytest.approx(1.0, abs=0.03)
