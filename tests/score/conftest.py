"""Scores that the tests of the operations share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Bends, Controls, Score

_ROWS = st.lists(
    st.tuples(
        st.integers(0, 9000), st.integers(1, 900), st.integers(20, 100), st.booleans(), st.integers(0, 3)
    ),
    min_size=1,
    max_size=30,
)
_TEMPOS = st.lists(st.tuples(st.integers(0, 9000), st.integers(30, 200)), max_size=3)
_METERS = st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 9), st.sampled_from((2, 4, 8))), max_size=3)


@st.composite
def _scores(draw: st.DrawFn) -> Score:
    start, length, pitch, is_drum, track = np.array(draw(_ROWS)).T
    return Score(
        Notes.of(start, start + length, pitch, 90, track * 8, is_drum.astype(bool), track),
        tempos=TempoMap.of(draw(_TEMPOS)),
        meters=MeterMap.of(draw(_METERS)),
    )


@pytest.fixture(scope="session")
def any_score() -> st.SearchStrategy[Score]:
    """Notes on four tracks, tempos and meters that change anywhere."""
    return _scores()


@pytest.fixture(scope="session")
def rich() -> Score:
    """A little of everything that a score can hold."""
    return Score(
        Notes.of([0, 480, 960], [480, 2000, 1440], [60, 64, 67], 90, 0, [False, False, True], [0, 0, 1]),
        tempos=TempoMap.of([(0, 100), (500, 50)]),
        meters=MeterMap.of([(0, 3, 4), (1440, 4, 4)]),
        keys=(KeyChange(0, Key(0)), KeyChange(480, Key(7))),
        chords=(Mark(0, "C"), Mark(960, "F#m7b5/A")),
        lyrics=(Mark(480, "la", 0),),
        markers=(Mark(0, "A"), Mark(960, "B")),
        controls=Controls(
            *map(np.array, ([0, 100, 480, 1000], [64, 64, 7, 64], [127, 0, 90, 1], [0, 0, 1, 0]))
        ),
        bends=Bends(*map(np.array, ([10, 2000], [100, 0], [0, 0]))),
        track_names=("lead", "kit"),
    )
