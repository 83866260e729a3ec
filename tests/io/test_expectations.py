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


# The collection of the shared data, and the part of it that was made up for it: how many files there are at
# least, and of each format; how many are refused, from and to.
COLLECTIONS = {
    "made up": (56, {".mid": 37, ".abc": 18}, (8, 12)),
    "whole": (201, {".mid": 60, ".abc": 30, ".xml": 75, ".mxl": 10}, (10, 30)),
}


@pytest.fixture(scope="module", params=COLLECTIONS)
def collection(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def verdicts(collection: str, table: ModuleType, request: pytest.FixtureRequest) -> list[Any]:
    get, name = ("golden", "formats") if collection == "made up" else ("dataset", "formats/formats")
    return list(table.verdicts(request.getfixturevalue(get)(name)))


def test_every_file_is_read_or_refused_as_expected(collection: str, verdicts: list[Any]) -> None:
    assert len(verdicts) >= COLLECTIONS[collection][0]
    assert [verdict for verdict in verdicts if verdict.wrong] == []


def test_files_of_each_format_are_there(collection: str, verdicts: list[Any]) -> None:
    _, least, _ = COLLECTIONS[collection]
    found = {suffix: sum(verdict.file.endswith(suffix) for verdict in verdicts) for suffix in least}
    assert {suffix for suffix, n in found.items() if n < least[suffix]} == set()


def test_reasons_are_one_line(collection: str, verdicts: list[Any]) -> None:
    *_, (fewest, most) = COLLECTIONS[collection]
    refused = [verdict for verdict in verdicts if not verdict.is_read]
    assert fewest <= len(refused) <= most
    assert all(verdict.outcome and "\n" not in verdict.outcome for verdict in refused)


def test_what_is_expected_is_checked(table: ModuleType, golden: Callable[[str], Path]) -> None:
    """A table that finds nothing wrong is worth little unless it can."""
    folder = golden("formats") / "midi-synthetic"
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
