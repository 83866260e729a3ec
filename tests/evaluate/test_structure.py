"""Repeated bars, counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from antiphon.codecs.alphabet import Alphabet, Field, Span
from antiphon.evaluate.sequences import Sequences
from antiphon.evaluate.structure import structure
from antiphon.recipes import find

ALPHABET = find("melody/mono").alphabet

A, B, C = [62, 0, 64, 0], [62, 0, 65, 0], [66, 1, 0, 0]
REST, HELD = [1, 0, 0, 0], [0, 0, 0, 0]


def tune(*bars: list[int]) -> list[int]:
    return [event for bar in bars for event in bar]


def test_repeats_by_distance() -> None:
    found = structure(Sequences.of(ALPHABET, [tune(A, A, C, A, A, C)], 4))
    assert found.repeats == {1: 2 / 5, 2: 1 / 4, 4: 1 / 2}
    assert found.n_bars == 6


def test_same_rhythm_counts_apart() -> None:
    found = structure(Sequences.of(ALPHABET, [tune(A, B, A)], 4))
    assert found.repeats[1] == 0
    assert found.rhythms[1] == 1
    assert found.repeats[2] == 1


def test_bars_without_a_note_earn_nothing() -> None:
    found = structure(Sequences.of(ALPHABET, [tune(A, REST, HELD, HELD, A)], 4))
    assert found.repeats == {1: 0.0, 2: 0.0, 4: 1.0}
    assert structure(Sequences.of(ALPHABET, [tune(A, A, REST)], 4)).repeats[1] == 1, "the later one counts"
    assert structure(Sequences.of(ALPHABET, [tune(REST, A, A)], 4)).repeats[1] == 1 / 2


def test_pick_up_and_unfinished_bar_are_left_out() -> None:
    events = np.array([1, 0, *tune(A, A), 62])
    found = structure(Sequences.of(ALPHABET, [events], 4, 2))
    assert (found.n_bars, found.repeats[1]) == (2, 1.0)


@pytest.mark.parametrize("start", [0, 1, 2, 3])
def test_bars_begin_on_bar_lines(start: int) -> None:
    """After a pick-up of 0 to 3 steps: had they been looked for elsewhere, no two would be equal."""
    pickup = [70 + n for n in range(-start % 4)]
    found = structure(Sequences.of(ALPHABET, [[*pickup, *tune(A, B, A, B), 99]], 4, start))
    assert (found.n_bars, found.repeats[1], found.repeats[2]) == (4, 0.0, 1.0)


def test_events_that_take_time_stand_where_they_sound() -> None:
    """Notes of two fields, a pitch and the time to the next: bars of 4 steps."""
    alphabet = Alphabet(
        (
            Field("note", (Span("none"), Span("on", 24, onset=True, pitch=60))),
            Field("time", (Span("stay"), Span("wait", 8, steps=1, steps_more=1))),
        )
    )
    bar, late = [(1, 2), (5, 2)], [(1, 3), (5, 1)]
    rows = [[*bar, *bar, *late, *bar], [(1, 0), (5, 4), (1, 0), (5, 4)], [(1, 8), (5, 8), (5, 4)]]
    found = structure(Sequences.of(alphabet, rows, 4))
    assert found.n_bars == 4 + 2 + 5
    # Of 3 + 1 + 3 comparisons only bars that begin a note count: those of the third are bars 2 and 4.
    assert found.repeats[1] == 2 / 6
    assert found.rhythms[1] == 2 / 6


def test_bars_are_equal_in_every_field_and_in_the_order_on_a_step() -> None:
    alphabet = Alphabet(
        (
            Field("note", (Span("none"), Span("on", 24, onset=True, pitch=60))),
            Field("time", (Span("stay"), Span("wait", 8, steps=1, steps_more=1))),
            Field("touch", (Span("touch", 4),)),
        )
    )
    bar, louder = [(1, 0, 0), (5, 0, 0), (9, 4, 0)], [(1, 0, 0), (5, 0, 3), (9, 4, 0)]
    other_order = [(5, 0, 0), (1, 0, 0), (9, 4, 0)]
    found = structure(Sequences.of(alphabet, [[*bar, *bar, *louder, *bar, *other_order]], 4))
    assert (found.n_bars, found.repeats[1], found.rhythms[1]) == (5, 1 / 4, 1.0)


def test_music_by_the_clock_has_no_bars() -> None:
    found = structure(Sequences.of(ALPHABET, [tune(A, A), tune(A)], [0, 4]))
    assert found.n_bars == 1
    assert math.isnan(found.repeats[1])


def test_shares_are_over_all_bars_together() -> None:
    found = structure(Sequences.of(ALPHABET, [tune(A, A, A, A), [*C, *A]], 4))
    assert found.repeats[1] == 3 / 4


def test_too_short_to_compare_is_no_number() -> None:
    found = structure(Sequences.of(ALPHABET, [tune(A)], 4))
    assert math.isnan(found.repeats[1])
