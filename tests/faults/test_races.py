"""Two that write at the same place leave the work of one: a sample of what `benchmarks/races.py` does."""

from __future__ import annotations

import pytest
import races
from harm.workbench import Workbench


@pytest.mark.slow
@pytest.mark.parametrize("name", ["corpus build", "generate"])
def test_races_leave_the_work_of_one(bench: Workbench, name: str) -> None:
    assert races.raced(name, 1, 0, bench)["wrong"] == 0
