"""Bar lines and pick-ups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.score.bars import bar_lines, closing_bar_line, most_bars, pickup
from antiphon.score.maps import MeterMap
from antiphon.score.notes import Notes
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerSecond
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
        ([(0, 4, 4), (5000, 3, 4)], 3000, [0, 1920], "a meter after the end has no bar"),
        ([(0, 4, 4), (5000, 3, 4)], 0, [0], "nor has one after silence"),
    ],
)
def test_bar_lines(meters: list[tuple[int, int, int]], end: int, lines: list[int], why: str) -> None:
    assert bar_lines(music(meters, end)).tolist() == lines, why
    assert len(lines) <= most_bars(music(meters, end)) <= len(lines) + 1


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


@pytest.mark.parametrize(
    ("meters", "end", "closing"),
    [
        ([], 0, 0),
        ([], 1, 1920),
        ([], 1920, 1920),
        ([(0, 4, 4), (5000, 3, 4)], 3000, 3840),
        ([(0, 4, 4), (1000, 3, 4)], 900, 1000),
        ([(0, 4, 4), (1000, 3, 4)], 1000, 1000),
        ([(0, 4, 4), (1000, 3, 4)], 1001, 2440),
    ],
)
def test_the_last_bar_ends_at_its_meters_bar_line_or_where_the_next_begins(
    meters: list[tuple[int, int, int]], end: int, closing: int
) -> None:
    assert closing_bar_line(music(meters, end)) == closing


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
    assert {time for time in score.meters.time.tolist() if time < end} <= set(lines.tolist())
    assert lines[-1] < end <= closing_bar_line(score)
