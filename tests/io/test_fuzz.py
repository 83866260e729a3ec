"""Mutated files are read or refused; nothing else happens. `benchmarks/fuzz_midi.py` and `fuzz_formats.py` do
it by the thousand.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Benchmark = Callable[[str], ModuleType]


def test_mutants_are_read_or_refused(benchmark: Benchmark, tmp_path: Path) -> None:
    fuzz = benchmark("fuzz_midi")
    rng = random.Random(7)
    seeds = fuzz.small_files(rng)
    outcomes = []
    for number in range(400):
        path = tmp_path / "mutant.mid"
        path.write_bytes(fuzz.mutant(rng.choice(seeds), random.Random(number)))
        outcomes.append(fuzz.digest(path))
    read = sum(outcome.startswith("read") for outcome in outcomes)
    assert 200 <= read < 400
    assert len(set(outcomes)) >= 4


def test_seeds_hold_a_little_of_everything(benchmark: Benchmark) -> None:
    seeds = benchmark("fuzz_midi").small_files(random.Random(1))
    assert len(seeds) >= 10
    assert any(b"\xff\x05" in data for data in seeds)
    assert any(b"\xff\x05" not in data for data in seeds)


@pytest.mark.parametrize("name", ["abc", "musicxml", "mxl", "tfrecord"])
def test_mutants_of_other_formats(benchmark: Benchmark, name: str, tmp_path: Path) -> None:
    fuzz_formats = benchmark("fuzz_formats")
    suffix, mutant = fuzz_formats.FORMATS[name]
    seeds = fuzz_formats.small_files(suffix, random.Random(7))
    assert len(seeds) >= 10
    outcomes = []
    for number in range(150):
        path = tmp_path / f"mutant{suffix}"
        rng = random.Random(number)
        path.write_bytes(mutant(rng.choice(seeds), rng))
        outcomes.append(fuzz_formats.digest(path))
    read = sum(outcome.startswith("read") for outcome in outcomes)
    assert 60 <= read < 150
    assert len(set(outcomes)) >= 3
