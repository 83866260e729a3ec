"""`antiphon train` and `antiphon compare` as a person starts them: killed, resumed, doubled, mistaken."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from antiphon.cli import app
from antiphon.train import metrics

_TIMEOUT_S = 240


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error"}


def _command(*words: object) -> list[str]:
    return [sys.executable, "-m", "antiphon", *map(str, words)]


def _run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(*words), capture_output=True, text=True, timeout=_TIMEOUT_S, env=_environment(), check=False
    )


@dataclass(frozen=True)
class Ended:
    """How a command ended, as of a process."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """`inside("compare", run)` is the whole command line, run without a process of its own."""

    def run(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["antiphon", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            app.main()
        code = end.value.code or 0
        assert isinstance(code, int)
        return Ended(code, *capsys.readouterr())

    return run


def _words(tiny: Any, out: Path, *more: str, **changes: str) -> list[object]:
    values = {**tiny.values, **{name.replace("__", "."): value for name, value in changes.items()}}
    sets = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    return ["train", "melody/lookback", "--corpus", tiny.corpus, "-o", out, "--device", "cpu", *sets, *more]


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_very_same_weights(tmp_path: Path, tiny: Any) -> None:
    values = {"training__max_steps": "100", "training__evaluate_every": "20"}
    straight = _run(*_words(tiny, tmp_path / "straight", **values))
    assert straight.returncode == 0, straight.stderr
    killed = _words(tiny, tmp_path / "killed", **values)
    process = subprocess.Popen(
        _command(*killed), env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _wait_for(tmp_path / "killed" / "last.safetensors", process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it was over before it was killed"
    again = _run(*killed)
    assert again.returncode == 0, again.stderr
    assert "Going on after step" in again.stderr
    for name in ("last.safetensors", "best.safetensors"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "straight" / name).read_bytes()
    one, other = (
        [_timeless(line) for line in metrics.read(tmp_path / run / "metrics.jsonl")]
        for run in ("killed", "straight")
    )
    assert one == other


def _timeless(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in ("elapsed_s", "steps_per_s")}


def _wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _TIMEOUT_S
    while not path.exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_wish_to_stop_saves_first(tmp_path: Path, tiny: Any, number: signal.Signals) -> None:
    words = _words(tiny, tmp_path / "run", training__max_steps="5000", training__evaluate_every="50")
    process = subprocess.Popen(
        _command(*words), env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    _wait_for(tmp_path / "run" / "last.safetensors", process)  # type: ignore[arg-type]
    process.send_signal(number)
    _, said = process.communicate(timeout=_TIMEOUT_S)
    assert process.returncode == 1
    assert said.splitlines()[-1].startswith("antiphon: Stopped after step")
    assert "Traceback" not in said


_EACH_KEEPS_ITS_WEIGHTS = """
import sys
from pathlib import Path
from antiphon.cli.app import main
from antiphon.train import checkpoint
from antiphon.train.loop import Loop

save = Loop.save

def save_all(loop):
    save(loop)
    path = Path(sys.argv[0]).parent / f"rank{loop.processes.rank}.safetensors"
    checkpoint.save(path, checkpoint.pack(loop.net, loop.adam), {})

Loop.save = save_all
main()
"""


@pytest.mark.slow
def test_two_processes_have_equal_finite_weights_and_one_voice(tmp_path: Path, tiny: Any) -> None:
    script = tmp_path / "script.py"
    script.write_text(_EACH_KEEPS_ITS_WEIGHTS)
    torchrun = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        str(script),
    ]
    words = map(str, _words(tiny, tmp_path / "run", training__batch_size="8"))
    environment = {**_environment(), "PYTHONWARNINGS": "default"}  # torchrun's own warnings are not ours
    done = subprocess.run(
        [*torchrun, *words], capture_output=True, text=True, timeout=_TIMEOUT_S, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Ended after step 20") == 1
    assert done.stdout.count("\t") == 1
    assert (tmp_path / "rank0.safetensors").read_bytes() == (tmp_path / "rank1.safetensors").read_bytes()
    assert all(tensor.isfinite().all() for tensor in load_file(tmp_path / "rank0.safetensors").values())
    tiny(tmp_path / "alone", "melody/lookback", changes={"training.batch_size": "8"})
    alone, together = (metrics.read(tmp_path / run / "metrics.jsonl") for run in ("alone", "run"))
    for one, two in zip(alone, together, strict=True):
        figure = "loss" if "loss" in one else "nll_per_step"
        assert two[figure] == pytest.approx(one[figure], abs=1e-4), "a batch is shared, not one each"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "melody/atention", "--corpus", "CORPUS", "-o", "RUN"], "Did you mean 'melody/attention'?"),
        (["train", "--corpus", "CORPUS", "-o", "RUN"], "What shall be trained?"),
        (["train", "melody/basic", "--corpus", "nowhere", "-o", "RUN"], "There is no corpus in 'nowhere'"),
        (["train", "melody/basic", "--corpus", "CORPUS", "-o", "/proc/run"], "Cannot write in '/proc/run'"),
        (
            ["train", "melody/basic", "--corpus", "CORPUS", "-o", "RUN", "--set", "sizes"],
            "expected NAME=VALUE",
        ),
        (["train", "--from", "melody/none", "--corpus", "CORPUS", "-o", "RUN"], "No bundle 'melody/none'"),
        (
            ["train", "melody/basic", "--corpus", "CORPUS", "-o", "RUN", "--device", "cpi"],
            "Did you mean 'cpu'?",
        ),
        (["compare", "nowhere"], "'nowhere' is not a training run"),
    ],
)
def test_mistakes_cost_one_line(
    tmp_path: Path, corpus: Path, inside: Callable[..., Ended], words: list[str], said: str
) -> None:
    places = {"CORPUS": str(corpus), "RUN": str(tmp_path / "run")}
    done = inside(*(places.get(word, word) for word in words))
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.startswith("antiphon: ")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_compare_prints_the_best_run_first_and_draws(
    tmp_path: Path, tiny: Any, inside: Callable[..., Ended]
) -> None:
    tiny(tmp_path / "slow", changes={"training.learning_rate": "0.00001"})
    tiny(tmp_path / "fast", changes={"training.learning_rate": "0.01"})
    runs = [tmp_path / "slow", tmp_path / "fast"]
    done = inside("compare", *runs, "--json", "-o", tmp_path / "curves.png")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [Path(row["run"]).name for row in rows] == ["fast", "slow"]
    assert rows[0]["nll_per_step"] < rows[1]["nll_per_step"]
    assert (rows[0]["layers"], rows[0]["steps"]) == ([12, 12], 20)
    assert rows[0]["n_parameters"] > 1000
    assert rows[0]["steps_per_s"] > 0
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    table = inside("compare", *runs).stdout
    assert all(
        word in table for word in ("fast", "slow", "12x12", "NLL/step", f"{rows[0]['nll_per_step']:.4f}")
    )


def test_without_torch_it_says_what_to_install(tmp_path: Path, corpus: Path) -> None:
    script = "import sys; sys.modules['torch'] = None; from antiphon.cli.app import main; main()"
    words = ["train", "melody/basic", "--corpus", str(corpus), "-o", str(tmp_path / "run")]
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "antiphon: Training needs torch: pip install 'antiphon[train]'.\n"
