"""Tempo and meter maps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import InputError
from antiphon.score.maps import FASTEST_QPM, SLOWEST_QPM, Key, Meter, MeterMap, TempoMap

TEMPOS = st.lists(st.tuples(st.integers(0, 10**6), st.floats(5, 500)), max_size=8)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], [(0, 120.0)]),
        ([(480, 90.0)], [(0, 120.0), (480, 90.0)]),
        ([(0, 90.0), (0, 100.0)], [(0, 100.0)]),
        ([(960, 80.0), (480, 90.0), (0, 90.0)], [(0, 90.0), (960, 80.0)]),
    ],
)
def test_tempo_maps_are_sorted_complete_and_short(
    entries: list[tuple[int, float]], expected: list[tuple[int, float]]
) -> None:
    tempos = TempoMap.of(entries)
    assert list(zip(tempos.time.tolist(), tempos.qpm.tolist(), strict=True)) == expected


def test_seconds_of_three_tempos() -> None:
    tempos = TempoMap.of([(0, 60.0), (480, 120.0), (960, 30.0)])
    times = np.array([0, 240, 480, 720, 960, 1440])
    np.testing.assert_allclose(tempos.seconds(times, 480), [0, 0.5, 1, 1.25, 1.5, 3.5], rtol=0, atol=1e-15)
    assert tempos.seconds(times, 480).dtype == np.float64


@given(TEMPOS, st.lists(st.integers(0, 2 * 10**6), min_size=2))
def test_seconds_rise_with_time(entries: list[tuple[int, float]], times: list[int]) -> None:
    seconds = TempoMap.of(entries).seconds(np.unique(times), 480)
    assert (np.diff(seconds) > 0).all()
    assert (seconds >= 0).all()


@given(TEMPOS, st.integers(0, 2 * 10**6))
def test_seconds_are_the_sum_of_the_stretches(entries: list[tuple[int, float]], time: int) -> None:
    tempos = TempoMap.of(entries)
    stops = [*tempos.time[1:].tolist(), 1 << 60]
    total = sum(
        max(min(time, stop) - start, 0) * 60 / (qpm * 480)
        for start, stop, qpm in zip(tempos.time.tolist(), stops, tempos.qpm.tolist(), strict=True)
    )
    assert float(tempos.seconds(time, 480)) == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize(
    ("entries", "time", "meter"),
    [
        ([], 0, Meter(4, 4)),
        ([(960, 3, 4)], 959, Meter(4, 4)),
        ([(960, 3, 4)], 960, Meter(3, 4)),
        ([(0, 6, 8), (0, 3, 4)], 5000, Meter(3, 4)),
        ([(480, 6, 8), (0, 6, 8)], 0, Meter(6, 8)),
    ],
)
def test_the_meter_that_holds(entries: list[tuple[int, int, int]], time: int, meter: Meter) -> None:
    assert MeterMap.of(entries).at(time) == meter


def test_words_for_meters_and_keys() -> None:
    assert (str(Meter(6, 8)), Meter(6, 8).quarters, Meter(2, 2).quarters) == ("6/8", 3.0, 4.0)
    assert (str(Key(3)), str(Key(9, "minor"))) == ("Eb major", "A minor")


@pytest.mark.parametrize("qpm", [1e-320, 0.009, 1.1e9, 1e308, float("nan"), float("inf"), -1.0, 0.0])
def test_impossible_tempos_are_left_out_of_a_map_and_make_none(qpm: float) -> None:
    assert TempoMap.of([(0, 90.0), (480, qpm), (960, 80.0)]) == TempoMap.of([(0, 90.0), (960, 80.0)])
    assert TempoMap.of([(0, qpm)]) == TempoMap.of()
    with pytest.raises(InputError, match=r"quarters per minute; expected 0\.01 to 1e"):
        TempoMap(np.array([0, 480]), np.array([120.0, qpm]))


@pytest.mark.parametrize("qpm", [SLOWEST_QPM, FASTEST_QPM])
def test_the_slowest_and_the_fastest_tempo_are_tempos(qpm: float) -> None:
    assert TempoMap.of([(0, qpm)]).qpm.tolist() == [qpm]
