"""Mutated MIDI files are read or refused; nothing else happens. `benchmarks/fuzz_midi.py` does it by the
thousand.
"""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "fuzz_midi.py"
    spec = importlib.util.spec_from_file_location("fuzz_midi", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz_midi"] = module
    spec.loader.exec_module(module)
    return module


def test_mutants_are_read_or_refused(fuzz: ModuleType, tmp_path: Path) -> None:
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


def test_seeds_hold_a_little_of_everything(fuzz: ModuleType) -> None:
    seeds = fuzz.small_files(random.Random(1))
    assert len(seeds) >= 10
    assert any(b"\xff\x05" in data for data in seeds)
    assert any(b"\xff\x05" not in data for data in seeds)
