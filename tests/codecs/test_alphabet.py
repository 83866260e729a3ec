"""Alphabets as values: what ids mean, what is known, what is heard; and where bars stand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.codecs.alphabet import Alphabet, Field, Span, folded, restricted, single
from antiphon.codecs.timing import Bars
from antiphon.errors import InputError

TWO = Alphabet(
    (
        Field("note", (Span("none"), Span("on", 88, onset=True, pitch=21, known=(12, 60)))),
        Field("time", (Span("stay"), Span("wait", 4, steps=1, steps_more=2, known=(0, 3)))),
    ),
    values=("velocity",),
)


def test_what_each_id_means() -> None:
    note, time = TWO.fields
    assert TWO.sizes == (89, 5)
    assert TWO.n_events == 94
    assert TWO.slices == (slice(0, 89), slice(89, 94))
    assert (note.firsts, note.pitch[[0, 1, 88]].tolist()) == ({"none": 0, "on": 1}, [-1, 21, 108])
    assert time.steps.tolist() == [0, 1, 3, 5, 7]
    assert note.onset.sum() == 88
    assert (TWO.steady, TWO.is_pitched) == (0, True)
    assert single(Span("rest", steps=2), Span("hit", 3, steps=2, onset=True)).steady == 2


def test_what_events_mean() -> None:
    events = np.array([[40, 2], [0, 4], [1, 0]])
    assert TWO.steps(events).tolist() == [3, 7, 0]
    assert TWO.times(events).tolist() == [0, 3, 10]
    assert TWO.onsets(events).tolist() == [True, False, True]
    assert TWO.pitches(events).tolist() == [[60, -1], [-1, -1], [21, -1]]
    assert TWO.sorts(events).tolist() == [[1, 1], [0, 1], [1, 0]]
    ends = single(Span("hold"), Span("off", 3, pitch=60), Span("on", 3, pitch=60, onset=True))
    found = ends.pitches(np.array([[0], [2], [5]])).ravel()
    assert found.tolist() == [-1, -1, 61], "what ends begins no note"


def test_what_is_unknown_is_heard_as_the_nearest() -> None:
    heard = TWO.heard(np.array([[1, 4], [88, 3], [30, 0], [0, 1]]))
    assert heard.tolist() == [[13, 3], [52, 3], [30, 0], [0, 1]]  # A0 as A1, C8 as C5
    assert TWO.knows(heard)
    assert not TWO.knows(np.array([[1, 0]]))
    assert not TWO.knows(np.array([[0, 10**15]]))
    with pytest.raises(InputError, match="5 is no id of the field 'time'; expected 0 to 4"):
        TWO.heard(np.array([[0, 5]]))


@pytest.mark.parametrize(
    ("event", "steps", "expected"),
    [((40, 4), 6, (40, 3)), ((0, 3), 4, (0, 2)), ((40, 4), 1, (40, 1)), ((40, 4), 7, (40, 4))],
)
def test_an_event_is_shortened_no_more_than_it_must_be(
    event: tuple[int, int], steps: int, expected: tuple[int, int]
) -> None:
    found = TWO.shortened(np.array(event), steps)
    assert found is not None
    assert tuple(found.tolist()) == expected
    assert TWO.shortened(np.array(event), 0) is None, "a wait has no shorter one of no time in its span"


def test_a_span_without_known_ids_is_heard_as_nothing() -> None:
    field = Field("note", (Span("none"), Span("on", 12, pitch=0, onset=True, known=(4, 4))))
    assert field.nearest.tolist() == [0] * 13


@given(st.integers(0, 127), st.integers(0, 100), st.integers(1, 11))
def test_a_range_narrower_than_an_octave_is_kept_to(pitch: int, low: int, width: int) -> None:
    found = int(folded(np.array([pitch]), low, low + width)[0])
    assert found == min(max(pitch, low), low + width - 1)


@given(st.integers(0, 127), st.integers(0, 100), st.integers(12, 60))
def test_folding_moves_by_octaves_and_no_further_than_needed(pitch: int, low: int, width: int) -> None:
    high = low + width
    found = int(folded(np.array([pitch]), low, high)[0])
    assert low <= found < high
    assert (found - pitch) % 12 == 0
    if low <= pitch < high:
        assert found == pitch
    assert min(abs(found - low), abs(found - high)) <= 12 or found == pitch


def test_restricting_keeps_within_the_span() -> None:
    span = Span("on", 88, pitch=21, onset=True)
    assert restricted(span, 48, 84).known == (27, 63)
    assert restricted(span, 0, 300).known == (0, 88)
    assert restricted(span, 110, 120).known == (88, 88)
    assert Field("x", (Span("none"), span)).known.all()


def test_its_plain_values_leave_out_what_is_usual() -> None:
    assert TWO.as_dict() == {
        "fields": [
            {
                "name": "note",
                "spans": [
                    {"name": "none"},
                    {"name": "on", "n": 88, "onset": True, "pitch": 21, "known": [12, 60]},
                ],
            },
            {
                "name": "time",
                "spans": [
                    {"name": "stay"},
                    {"name": "wait", "n": 4, "steps": 1, "steps_more": 2, "known": [0, 3]},
                ],
            },
        ],
        "values": ["velocity"],
    }


def test_events_of_several_fields_may_all_take_as_many_steps() -> None:
    spans = (Span("a", 3, steps=1), Span("b", 2, steps=1))
    assert Alphabet((Field("x", spans), Field("y", (Span("c", 4),)))).steady == 1
    assert Alphabet((Field("x", spans), Field("y", (Span("c"), Span("d", steps=1))))).steady == 0


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(1, 20)), min_size=1, max_size=4),
    st.integers(0, 19),
)
def test_positions_count_bars_out(stretches: list[tuple[int, int]], start: int) -> None:
    """Against bars counted one step at a time; each stretch is some bars of some steps."""
    start %= stretches[0][1]
    steps, lines, where = [], [], -start
    for bars, length in stretches:
        lines.append((where, length))
        steps += [(step, length) for _ in range(bars) for step in range(length)]
        where += bars * length
    steps = steps[start:]
    found = Bars.changing(lines).at(np.arange(len(steps))[None])
    assert found[0].tolist() == [list(pair) for pair in steps]
    if len(stretches) == 1:
        assert (
            Bars.of(start, stretches[0][1]).at(np.arange(len(steps))[None])[0].tolist() == found[0].tolist()
        )


def test_what_stands_before_the_first_bar_line_stands_at_the_end_of_a_bar() -> None:
    found = Bars.changing([(4, 12), (28, 16)]).at(np.array([[0, 3, 4, 27, 28, 43]]))
    assert found[0].tolist() == [[8, 12], [11, 12], [0, 12], [11, 12], [0, 16], [15, 16]]


def test_music_without_bars_stands_nowhere_in_them() -> None:
    assert Bars.of(0, 0).at(np.array([0, 5]))[:, 1].tolist() == [0, 0]


def test_bars_of_rows_are_taken_with_them() -> None:
    bars = Bars.of([0, 3, 1], [16, 12, 6])
    assert bars.take(np.array([2, 0])).at(np.array([5, 5])).tolist() == [[0, 6], [5, 16]]
    assert Bars.of(0, 16).take(np.array([0, 0])).at(np.array([5, 17])).tolist() == [[5, 16], [1, 16]]
