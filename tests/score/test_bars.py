"""Bar lines and pick-ups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.score.bars import bar_lines, in_bar, pickup
from antiphon.score.maps import MeterMap
from antiphon.score.notes import Notes
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter, PerSecond
from antiphon.score.score import Score


def music(meters: list[tuple[int, int, int]], end: int, resolution: int = 480) -> Score:
    return Score(Notes.of([0], [end], [60]), resolution, meters=MeterMap.of(meters))


@pytest.mark.parametrize(
    ("meters", "end", "lines", "why"),
    [
        ([], 3840, [0, 1920], "4/4 where nothing is said; the last line lies before the end"),
        ([], 3841, [0, 1920, 3840], "one tick more is one bar more"),
        ([(0, 3, 4)], 3000, [0, 1440, 2880], "3/4"),
        ([(0, 6, 8), (1440, 2, 4)], 3000, [0, 1440, 2400], "6/8 then 2/4"),
        ([(0, 4, 4), (1000, 3, 4)], 2500, [0, 1000, 2440], "a change inside a bar begins a new one"),
        ([(0, 1, 4), (480, 3, 4)], 2000, [0, 480, 1920], "a pick-up bar"),
        ([], 0, [0], "silence still has a first bar"),
    ],
)
def test_bar_lines(meters: list[tuple[int, int, int]], end: int, lines: list[int], why: str) -> None:
    assert bar_lines(music(meters, end)).tolist() == lines, why


@pytest.mark.parametrize(
    ("meters", "length", "why"),
    [
        ([], 0, "no meters at all"),
        ([(0, 3, 4)], 0, "one meter"),
        ([(0, 1, 4), (480, 3, 4)], 480, "1/4 before 3/4"),
        ([(0, 1, 8), (240, 6, 8)], 240, "1/8 before 6/8"),
        ([(480, 3, 4)], 480, "nothing said for a quarter, then 3/4"),
        ([(0, 4, 4), (1920, 3, 4)], 0, "a whole bar of a longer meter is no pick-up"),
        ([(0, 1, 4), (960, 3, 4)], 0, "two bars of 1/4 are no pick-up"),
        ([(0, 3, 4), (1440, 3, 8)], 0, "longer than what follows"),
    ],
)
def test_pickups(meters: list[tuple[int, int, int]], length: int, why: str) -> None:
    assert pickup(music(meters, 10_000)) == length, why


def test_a_pickup_counts_as_the_end_of_a_bar() -> None:
    score = music([(0, 1, 4), (480, 3, 4)], 5000)
    assert in_bar(score, np.array([0, 479, 480, 1919, 1920])).tolist() == [960, 1439, 0, 1439, 0]
    assert in_bar(quantize(score, PerQuarter(4)), np.array([0, 3, 4])).tolist() == [8, 11, 0]


def test_bars_need_a_grid_of_quarters() -> None:
    with pytest.raises(OptionError, match="no bars"):
        bar_lines(quantize(music([], 480), PerSecond(100)))


@given(
    st.lists(
        st.tuples(st.integers(0, 20_000), st.integers(1, 12), st.sampled_from((1, 2, 4, 8, 16, 32))),
        max_size=4,
    ),
    st.integers(1, 30_000),
    st.integers(1, 960),
)
def test_lines_rise_and_meter_changes_are_lines(
    meters: list[tuple[int, int, int]], end: int, resolution: int
) -> None:
    score = music(meters, end, resolution)
    lines = bar_lines(score)
    assert lines[0] == 0
    assert (np.diff(lines) >= 0).all()
    assert set(score.meters.time.tolist()) <= set(lines.tolist())
    assert lines[-1] < max(end, int(score.meters.time[-1]) + 1)
