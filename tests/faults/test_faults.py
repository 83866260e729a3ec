"""An error of the system at a call of a command costs nothing but that command: a sample of all the calls."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from harm import inject
from harm.inject import Injector, Point
from harm.workbench import COMMANDS, Workbench

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(inject.unavailable()), reason=inject.unavailable() or "-"),
]
_SAMPLE = {
    "corpus build": {"write": 2, "read": 2, "rename": 1, "sync": 1, "open": 1, "kill": 2},
    "train": {"write": 1, "rename": 1, "kill": 2},
    "export": {"write": 1},
    "generate": {"write": 1, "rename": 1, "sync": 1, "kill": 1},
    "convert": {"write": 1, "read": 2, "rename": 1, "sync": 1, "open": 1, "kill": 1},
}
"""So many points of each command and kind of fault."""


@pytest.fixture(scope="module")
def injector(bench: Workbench) -> Iterator[Injector]:
    with Injector(bench) as made:
        yield made


def _is_of_music(point: Point) -> bool:
    return point.kind in ("read", "open") and point.what.endswith(".mid")


def test_a_file_that_could_not_be_read_is_read_by_the_next_build(injector: Injector) -> None:
    build = COMMANDS["corpus build"]
    points = [point for point in injector.plan(build)["open"] if _is_of_music(point)]
    assert injector.trial(build, points[len(points) // 2]).wrong == ()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_fault_costs_nothing_but_the_command(injector: Injector, name: str) -> None:
    points = injector.plan(COMMANDS[name])
    chosen = [
        point
        for number, (kind, most) in enumerate(_SAMPLE[name].items())
        for point in inject.sampled(points[kind], most, offset=7 * number)
    ]
    assert len(chosen) == sum(_SAMPLE[name].values())
    trials = [injector.trial(COMMANDS[name], point) for point in chosen]
    assert [f"{trial.point}: {trial.wrong}" for trial in trials if trial.wrong] == []
