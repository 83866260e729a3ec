"""Every file of the set of format tests is read or refused as it should be.

`benchmarks/formats_table.py` prints the table.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="module")
def table(benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark("formats_table")


@pytest.fixture(scope="module")
def verdicts(table: ModuleType, dataset: Callable[[str], Path]) -> list[Any]:
    return list(table.verdicts(dataset("formats/formats")))


def test_every_file_is_read_or_refused_as_expected(verdicts: list[Any]) -> None:
    assert len(verdicts) > 200
    assert [verdict for verdict in verdicts if verdict.wrong] == []


@pytest.mark.parametrize(("suffix", "least"), [(".mid", 60), (".abc", 30), (".xml", 75), (".mxl", 10)])
def test_files_of_each_format_are_there(verdicts: list[Any], suffix: str, least: int) -> None:
    assert sum(verdict.file.endswith(suffix) for verdict in verdicts) >= least


def test_reasons_are_one_line(verdicts: list[Any]) -> None:
    refused = [verdict for verdict in verdicts if not verdict.is_read]
    assert 10 <= len(refused) <= 30
    assert all(verdict.outcome and "\n" not in verdict.outcome for verdict in refused)


def test_what_is_expected_is_checked(table: ModuleType, dataset: Callable[[str], Path]) -> None:
    """A table that finds nothing wrong is worth little unless it can."""
    folder = dataset("formats/formats") / "midi-synthetic"
    (score,) = (table.io.load(folder / "ok_running_status.mid"),)
    wrong = {
        "valid": True,
        "n_notes": 3,
        "pitches": [60, 63],
        "notes": [[60, 0, 0.5]],
        "time_signature": "3/4",
    }
    assert table._wrong("x.mid", [score], wrong).count(";") == 3
    assert table._wrong("x.mid", [score], {"valid": False}) == "should be refused"
    assert "nothing checks" in table._wrong("x.mid", [score], {"valid": True, "loudness": 3})
