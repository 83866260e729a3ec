"""Runs altered by chance: `benchmarks/altered_runs.py` alters more of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_few_under_every_verb() -> None:
    words = [sys.executable, str(_ROOT / "benchmarks" / "altered_runs.py"), "-n", "2"]
    env = {**os.environ, "PYTHONPATH": str(_ROOT / "src")}
    told = subprocess.run(words, capture_output=True, text=True, check=False, env=env, timeout=280)
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-2000:]
    assert "0 ended otherwise" in told.stdout
