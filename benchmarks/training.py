"""Speed and memory of `antiphon train`, all its processes together, and of a net's step beside plain
autograd over the same recurrence.

    python benchmarks/training.py [--recipe melody/attention] [--layers 64,64] [--batch 64] [--length 511]
        [--steps 40] [--processes N] [--source FOLDER]

Random melodies (an onset on every fourth step, 16 steps per bar); the time does not depend on what they are.
Prints steps per second (median of stretches of ten), the highest sum of the processes' memory (PSS: what they
share counts once), and the ratio. `--source` names the `src` folder of another version to measure.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from rows import Row

from antiphon import io, nets, recipes
from antiphon.data.build import build
from antiphon.extract.melody import Melody, to_score
from antiphon.nets.attention import AttentionCell

_N_MELODIES = 300
_PSS_EVERY_S = 2.0
"""Reading the memory of a process stops it for a moment."""


@dataclass(frozen=True)
class Measured:
    """Optimiser steps per second, and peak MiB of all processes."""

    rate: float
    peak_mib: float


@dataclass(frozen=True)
class Setting:
    """What is trained, and how."""

    recipe: str = "melody/attention"
    layers: str = "64,64"
    batch: int = 64
    length: int = 511
    steps: int = 40
    processes: int | None = None
    source: Path | None = None


def melody_corpus(folder: Path, length: int) -> Path:
    """A corpus of random melodies below `folder`."""
    rng, tunes = np.random.default_rng(0), folder / "tunes"
    for number in range(_N_MELODIES):
        events = np.full(length, -2, np.int16)
        events[::4] = rng.integers(50, 86, len(events[::4]))
        events[-1] = 60  # a melody ends with its last note
        io.save(to_score(Melody(events)), tunes / f"{number}.mid")
    build([tunes], folder / "corpus", workers=1)
    return folder / "corpus"


def run(corpus: Path, setting: Setting) -> Measured:
    """`antiphon train` in processes of its own."""
    values = {
        "net.layers": setting.layers,
        "training.batch_size": setting.batch,
        "training.max_length": setting.length + 1,
        "training.evaluate_every": 1_000_000,
    }
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "run"
        words = [
            "train",
            setting.recipe,
            "--corpus",
            str(corpus),
            "-o",
            str(out),
            "--steps",
            str(setting.steps),
        ]
        words += [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
        words += [] if setting.processes is None else ["--processes", str(setting.processes)]
        source = {} if setting.source is None else {"PYTHONPATH": str(setting.source)}
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "antiphon", *words],
            env={**os.environ, **source},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, sum(pss_mib(each) for each in family(process.pid)))
            time.sleep(_PSS_EVERY_S)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, words)
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text("utf-8").splitlines()]
    times = [(line["step"], line["elapsed_s"]) for line in lines if line["kind"] == "train"]
    rates = [(b[0] - a[0]) / (b[1] - a[1]) for a, b in pairwise(times)]
    return Measured(statistics.median(rates), peak)


def family(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    yield pid
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from family(int(child))
    except OSError:  # it has ended
        return


def pss_mib(pid: int) -> float:
    """Memory of a process, its share of what is shared, in MiB; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def melodies(batch: int, length: int) -> nets.EventBatch:
    """Random melodies as `EventModel.loss` wants them."""
    generator = torch.Generator().manual_seed(0)
    onsets = torch.randint(50, 86, (batch, length), generator=generator)
    events = torch.where(torch.arange(length) % 4 == 0, onsets, 0)[..., None]
    place = torch.stack([torch.arange(length) % 16, torch.full((length,), 16)], -1)
    return nets.EventBatch(events, torch.full((batch,), length), place.expand(batch, -1, -1).contiguous())


def beside_autograd(setting: Setting, rows: int = 32) -> float:
    """How many times faster a step of `rows` in one thread is than plain autograd over the recurrence."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = nets.build(recipes.find(setting.recipe).with_values({"net.layers": setting.layers}))
    batch = melodies(rows, setting.length)
    ours = step_seconds(model, batch, 4)
    with patch.object(AttentionCell, "sequence", AttentionCell.unrolled):
        return step_seconds(model, batch, 2) / ours


def step_seconds(model: nets.EventModel, batch: nets.EventBatch, n: int) -> float:
    """Median seconds of `n` losses and gradients, after one to warm up."""
    times = []
    for _ in range(n + 1):
        begin = time.perf_counter()
        model.zero_grad()
        model.loss(batch).total.backward()
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def measure() -> list[Row]:
    """Attention 64 x 64, 64 melodies of 511 steps, one process per core."""
    setting = Setting()
    with tempfile.TemporaryDirectory() as scratch:
        got = run(melody_corpus(Path(scratch), setting.length), setting)
    speed, memory = f"{setting.recipe} 64 x 64, batch 64 x 511", got.peak_mib * 1.048576
    beside = f"a step {beside_autograd(setting):.1f} x as fast as plain autograd; original: 1.1"
    return [
        Row(f"`antiphon train`, {speed}", got.rate, "steps/s", 2.0, "higher", beside),
        Row("the same, peak memory of all processes", memory, "MB", 700, beside="original: 1,800 MB"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default=Setting.recipe)
    parser.add_argument("--layers", default=Setting.layers)
    parser.add_argument("--batch", type=int, default=Setting.batch)
    parser.add_argument("--length", type=int, default=Setting.length)
    parser.add_argument("--steps", type=int, default=Setting.steps)
    parser.add_argument("--processes", type=int)
    parser.add_argument("--source", type=Path)
    setting = Setting(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory() as scratch:
        got = run(melody_corpus(Path(scratch), setting.length), setting)
    print(f"{setting.recipe} [{setting.layers}], batch {setting.batch}, {setting.length} steps")
    print(f"  {got.rate:.2f} steps/s, peak {got.peak_mib:.0f} MiB")
    if setting.source is None and isinstance(recipes.find(setting.recipe).net, recipes.Attention):
        print(f"  a step beside plain autograd: {beside_autograd(setting):.2f} times as fast")


if __name__ == "__main__":
    main()
