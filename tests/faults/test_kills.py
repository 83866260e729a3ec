"""A kill at a random moment loses nothing: a sample of what `benchmarks/kills.py` does."""

from __future__ import annotations

import kills
import pytest
from harm.workbench import Workbench


@pytest.mark.slow
def test_kills_lose_nothing(bench: Workbench) -> None:
    counts = kills.killed(["corpus build", "convert"], 4, 0, bench)
    assert counts["wrong"] == 0
    assert counts["killed"] >= 1
