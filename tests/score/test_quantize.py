"""Ticks to steps."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.score.maps import Key, KeyChange, Mark, Meter, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter, PerSecond
from antiphon.score.score import Score


@pytest.mark.parametrize(
    ("ticks", "steps", "why"),
    [
        ((0, 120), (0, 1), "a sixteenth is one step"),
        ((59, 61), (0, 1), "too short for a step: lengthened to one"),
        ((60, 180), (1, 2), "exact halves go upwards"),
        ((59, 179), (0, 1), "just under a half goes down"),
        ((0, 0), (0, 1), "no length at all: one step"),
        ((480, 1920), (4, 16), "a dotted half note"),
    ],
)
def test_four_steps_a_quarter(ticks: tuple[int, int], steps: tuple[int, int], why: str) -> None:
    score = Score(Notes.of([ticks[0]], [ticks[1]], [60]), ticks_per_quarter=480)
    notes = quantize(score, PerQuarter(4)).notes
    assert (notes.start.tolist(), notes.end.tolist()) == ([steps[0]], [steps[1]]), why


def test_tempo_changes_bend_no_steps_of_a_quarter() -> None:
    notes = Notes.of([0, 480, 960], [480, 960, 1440], [60, 62, 64])
    plain = quantize(Score(notes), PerQuarter(4))
    bent = quantize(Score(notes, tempos=TempoMap.of([(0, 50), (500, 200)])), PerQuarter(4))
    assert bent.notes == plain.notes
    assert bent.tempos == TempoMap.of([(0, 50), (4, 200)])


def test_steps_a_second_follow_the_tempo_map() -> None:
    notes = Notes.of([0, 480, 960], [480, 960, 1440], [60, 62, 64])
    score = Score(notes, tempos=TempoMap.of([(0, 60), (480, 120)]))
    assert quantize(score, PerSecond(100)).notes.start.tolist() == [0, 100, 150]


def test_everything_that_has_a_time_moves_along() -> None:
    score = Score(
        Notes.of([0], [4800], [60]),
        meters=MeterMap.of([(0, 1, 4), (480, 3, 4)]),
        keys=(KeyChange(480, Key(2)),),
        chords=(Mark(490, "Am"),),
        track_names=("flute",),
        title="tune",
        source="file",
    )
    steps = quantize(score, PerQuarter(4))
    assert steps.meters.at(4) == Meter(3, 4)
    assert steps.meters.at(3) == Meter(1, 4)
    assert steps.keys == (KeyChange(4, Key(2)),)
    assert steps.chords == (Mark(4, "Am"),)
    assert (steps.track_names, steps.title, steps.source, steps.total_steps) == (
        ("flute",),
        "tune",
        "file",
        40,
    )


def test_a_grid_without_steps_is_refused() -> None:
    with pytest.raises(OptionError, match="0 steps"):
        quantize(Score(Notes.none()), PerQuarter(0))


def test_no_notes_are_no_steps() -> None:
    assert quantize(Score(Notes.none()), PerQuarter(4)).total_steps == 0
    assert quantize(Score(Notes.none()), PerSecond(100)).total_steps == 0


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**4)), min_size=1),
    st.integers(1, 24),
    st.integers(1, 30_000),
)
def test_steps_are_the_nearest_and_never_fall(
    rows: list[tuple[int, int]], steps: int, resolution: int
) -> None:
    start = np.array([row[0] for row in rows])
    end = start + [row[1] for row in rows]
    notes = quantize(Score(Notes.of(start, end, [60] * len(rows)), resolution), PerQuarter(steps)).notes
    for tick, step in zip(start.tolist(), notes.start.tolist(), strict=True):
        assert -Fraction(1, 2) <= Fraction(tick * steps, resolution) - step < Fraction(1, 2)
    assert (notes.end > notes.start).all()
    assert (np.diff(notes.start[np.argsort(start)]) >= 0).all()


@given(st.lists(st.integers(0, 10_000), min_size=1), st.sampled_from((1, 2, 3, 4, 6, 8, 12, 24)))
def test_what_lies_on_the_grid_is_kept(steps: list[int], per_quarter: int) -> None:
    width = 480 // per_quarter
    start = np.array(steps) * width
    notes = quantize(Score(Notes.of(start, start + width, [60] * len(steps))), PerQuarter(per_quarter)).notes
    assert notes.start.tolist() == steps
    assert (notes.end - notes.start == 1).all()


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**4)), min_size=1), st.integers(20, 300))
def test_rounding_like_seconds_differs_on_half_steps_only(rows: list[tuple[int, int]], qpm: int) -> None:
    start = np.array([row[0] for row in rows])
    notes = Notes.of(start, start + [row[1] for row in rows], [60] * len(rows))
    score = Score(notes, tempos=TempoMap.of([(0, qpm)]))
    ticks, seconds = (quantize(score, PerQuarter(4), round_like=how).notes for how in ("ticks", "seconds"))
    half = start % 120 == 60
    assert (ticks.start[~half] == seconds.start[~half]).all()
    assert (np.abs(ticks.start - seconds.start) <= 1).all()
