"""NoteSequences with any number in any field are read or refused; nothing else happens.
`benchmarks/extreme_sequences.py` does it by the thousand."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from antiphon import io
from antiphon.io.notesequence.messages import note_sequence
from antiphon.render import text
from antiphon.score.maps import SLOWEST_QPM

Benchmark = Callable[[str], ModuleType]


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_extreme_numbers_are_read_or_refused(benchmark: Benchmark, tmp_path: Path) -> None:
    extreme = benchmark("extreme_sequences")
    seeds = extreme.seeds(random.Random(3))
    outcomes = []
    for number in range(150):
        rng = random.Random(f"3:{number}")
        suffix, make = rng.choice(((".pb", extreme.extreme), (".tfrecord", extreme.as_record)))
        path = tmp_path / f"x{suffix}"
        path.write_bytes(make(rng.choice(seeds), rng))
        outcomes.append(extreme.digest(path))
    assert 70 < sum(outcome.startswith("read") for outcome in outcomes) < 150
    assert len(set(outcomes)) > 4


@pytest.mark.parametrize("qpm", [1e-320, 1e-9, 1e10, 1e308, float("nan"), float("inf"), -1.0, 0.0])
@pytest.mark.parametrize("grid", [{}, {"steps_per_quarter": 4}])
def test_an_impossible_tempo_is_left_out(tmp_path: Path, qpm: float, grid: dict[str, Any]) -> None:
    message = note_sequence()["NoteSequence"](quantization_info=grid)
    message.tempos.add(qpm=qpm)
    message.notes.add(pitch=60, velocity=80, end_time=0.5, quantized_end_step=4)
    (tmp_path / "x.pb").write_bytes(message.SerializeToString())
    score = io.load(tmp_path / "x.pb")
    assert score.tempos.qpm.tolist() == [120.0]
    assert score.duration_s == 0.5
    assert "120" in text.summary(score)
    assert io.loads_midi(io.dumps_midi(score)).duration_s == 0.5
    assert SLOWEST_QPM > 1e-9
