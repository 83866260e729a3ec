"""Beats and bars told from onsets, and the grid that is made of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import EmptyError, OptionError
from antiphon.score import bars
from antiphon.score.infer import downbeats, pulse
from antiphon.score.infer.beats import Grid, find_grid, infer_grid
from antiphon.score.infer.downbeats import BarGrouping
from antiphon.score.maps import Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score

CHORDS = ((48, 60, 64, 67), (53, 60, 65, 69), (43, 59, 62, 67), (45, 60, 64, 69))


def recorded(rows: np.ndarray) -> Score:
    """Notes of (start, end, pitch, velocity), the first two in seconds, as a recording without a grid."""
    start, end, pitch, velocity = np.asarray(rows, dtype=float).T
    ticks = np.round(np.array([start, end]) * 960).astype(int)
    return Score(Notes.of(ticks[0], np.maximum(ticks[1], ticks[0] + 1), pitch, velocity))


def accompaniment(n_bars: int, beats: int, beat_s: float, *, lead_s: float = 0.0) -> np.ndarray:
    """A chord at each bar's beginning and a rising line of eighths above, rows as `recorded` takes them."""
    rows = []
    for bar in range(n_bars):
        down = lead_s + bar * beats * beat_s
        chord = CHORDS[bar % len(CHORDS)]
        rows += [(down, down + beats * beat_s * 0.95, pitch, 90) for pitch in chord]
        rows += [
            (
                down + place * beat_s / 2,
                down + (place + 0.9) * beat_s / 2,
                chord[place % 3 + 1] + 12,
                50 + 40 * (place % 2 == 0),
            )
            for place in range(2 * beats)
        ]
    return np.array(rows)


def hit(found: np.ndarray, wanted: np.ndarray, tolerance: float = 0.07) -> float:
    """Share of `wanted` with one of `found` near them."""
    return float(np.mean([np.abs(found - time).min() <= tolerance for time in wanted]))


@pytest.mark.parametrize("beats", [3, 4])
@pytest.mark.parametrize("beat_s", [0.6, 0.7, 0.8])
def test_a_steady_accompaniment(beats: int, beat_s: float) -> None:
    grid = find_grid(recorded(accompaniment(12, beats, beat_s, lead_s=0.4)))
    expected = 0.4 + np.arange(12 * beats) * beat_s
    assert hit(grid.beats, expected) > 0.95
    assert hit(expected, grid.beats[grid.beats <= expected[-1] + 0.1]) > 0.95
    assert grid.bars.beats == beats
    assert hit(grid.beats[grid.bars.first :: beats], expected[::beats]) > 0.9


def test_a_tempo_that_sways() -> None:
    rows = accompaniment(16, 4, 0.7)
    sway = lambda time: time + 0.6 * np.sin(time / 5)  # noqa: E731
    rows[:, :2] = sway(rows[:, :2]) + 0.2
    rows[:, 0] += np.random.default_rng(0).normal(0, 0.01, len(rows))
    rows[:, 0] = np.maximum(rows[:, 0], 0)
    expected = sway(np.arange(64) * 0.7) + 0.2
    grid = find_grid(recorded(rows))
    assert hit(grid.beats, expected) > 0.95
    assert len(grid.beats) <= 66


def test_every_note_keeps_its_seconds() -> None:
    score = recorded(accompaniment(8, 3, 0.62, lead_s=0.5))
    score = score.replace(lyrics=(Mark(500, "la", 0),), chords=(Mark(480, "C"),))
    grid = infer_grid(score)
    tick_s = 60.0 / float(grid.tempos.qpm.min()) / grid.ticks_per_quarter
    assert np.abs(grid.start_s - score.start_s).max() <= tick_s
    assert np.abs(grid.end_s - score.end_s).max() <= tick_s
    assert np.array_equal(grid.notes.pitch, score.notes.pitch)
    assert (grid.lyrics[0].text, grid.chords[0].text) == ("la", "C")


ROWS = st.lists(
    st.tuples(st.floats(0, 20), st.floats(0.01, 3), st.integers(20, 100), st.integers(1, 127)),
    min_size=1,
    max_size=40,
).map(lambda rows: np.array([(start, start + length, p, v) for start, length, p, v in rows]))


@settings(max_examples=25)
@given(ROWS)
def test_any_notes_get_a_grid(rows: np.ndarray) -> None:
    score = recorded(rows)
    found = find_grid(score)
    assert len(found.beats) >= 2
    assert found.beats[0] >= 0
    assert (np.diff(found.beats) > 0.1).all()
    grid = infer_grid(score, found)
    tick_s = 60.0 / float(grid.tempos.qpm.min()) / grid.ticks_per_quarter
    assert np.abs(grid.start_s - score.start_s).max() <= tick_s
    assert (np.diff(grid.tempos.time) > 0).all()


@given(
    st.lists(st.floats(0.2, 2.0), min_size=1, max_size=12),
    st.floats(0, 5),
    st.integers(2, 4).flatmap(lambda beats: st.tuples(st.just(beats), st.integers(0, beats - 1))),
)
def test_beats_become_quarters(gaps: list[float], first: float, bars_of: tuple[int, int]) -> None:
    beats = first + np.cumsum([0.0, *gaps])
    score = recorded(np.array([(time, time + 0.1, 60, 80) for time in beats]))
    grid = infer_grid(score, Grid(beats, BarGrouping(*bars_of)))
    spacing = np.diff(grid.notes.start)
    assert np.abs(spacing - 480).max() <= 2
    downbeat = int(grid.notes.start[0]) + 480 * bars_of[1]
    lines = bars.bar_lines(grid.replace(notes=Notes.of([0], [downbeat + 4800], [60])))
    assert np.abs(lines - downbeat).min() <= 2
    assert grid.meters.at(10**6).numerator == bars_of[0]


def test_bars_after_a_pickup() -> None:
    beats = np.arange(1, 13) * 0.5
    score = recorded(np.array([(time, time + 0.4, 60, 80) for time in beats]))
    grid = infer_grid(score, Grid(beats, BarGrouping(4, 1)))
    assert grid.meters == MeterMap.of([(0, 2, 4), (960, 4, 4)])
    assert bars.pickup(grid) == 960
    assert grid.tempos == TempoMap.of([(0, 120)])


@pytest.mark.parametrize(
    "beats",
    [np.array([]), np.array([1.0]), np.array([1.0, 1.0]), np.array([2.0, 1.0]), np.array([-1.0, 1.0])],
)
def test_beats_that_are_no_grid(beats: np.ndarray) -> None:
    score = recorded(np.array([(0, 1, 60, 80)]))
    with pytest.raises(OptionError, match="two beats"):
        infer_grid(score, Grid(beats, BarGrouping(4, 0)))


def test_nothing_to_hear() -> None:
    with pytest.raises(EmptyError, match="without notes"):
        find_grid(Score(Notes.none()))


def test_a_day_of_music() -> None:
    with pytest.raises(OptionError, match="at most 60"):
        find_grid(recorded(np.array([(0, 1, 60, 80), (80_000, 80_001, 60, 80)])))


def test_notes_struck_together_are_one_onset() -> None:
    found = pulse.onsets(recorded(np.array([(0, 1, 60, 64), (0.02, 1, 64, 64), (0.5, 1, 60, 64)])))
    assert len(found.time) == 2
    assert 0 < found.time[0] < 0.02
    assert found.strength[0] > found.strength[1]


@pytest.mark.parametrize(("beats", "first"), [(n, k) for n in (2, 3, 4) for k in range(n)])
def test_accents_make_bars(beats: int, first: int) -> None:
    accent = np.where(np.arange(48) % beats == first, 1.0, -0.3)
    accent += np.random.default_rng(0).normal(0, 0.1, 48)
    assert downbeats.group(accent) == BarGrouping(beats, first)
