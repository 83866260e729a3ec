"""Repeated bars, counted by hand."""

from __future__ import annotations

import math

import numpy as np

from antiphon.evaluate.sequences import Sequences
from antiphon.evaluate.structure import bars_of, structure

A, B, C = [62, 0, 64, 0], [62, 0, 65, 0], [66, 1, 0, 0]
REST, HELD = [1, 0, 0, 0], [0, 0, 0, 0]


def tune(*bars: list[int]) -> list[int]:
    return [event for bar in bars for event in bar]


def test_repeats_by_distance() -> None:
    found = structure(Sequences.of([tune(A, A, C, A, A, C)], 4))
    assert found.repeats == {1: 2 / 5, 2: 1 / 4, 4: 1 / 2}
    assert found.n_bars == 6


def test_same_rhythm_counts_apart() -> None:
    found = structure(Sequences.of([tune(A, B, A)], 4))
    assert found.repeats[1] == 0
    assert found.rhythms[1] == 1
    assert found.repeats[2] == 1


def test_bars_without_a_note_earn_nothing() -> None:
    found = structure(Sequences.of([tune(A, REST, HELD, HELD, A)], 4))
    assert found.repeats == {1: 0.0, 2: 0.0, 4: 1.0}


def test_pick_up_and_unfinished_bar_are_left_out() -> None:
    events = np.array([1, 0, *tune(A, A), 62])
    assert bars_of(events, 4, 2).tolist() == [A, A]
    found = structure(Sequences.of([events], 4, 2))
    assert (found.n_bars, found.repeats[1]) == (2, 1.0)


def test_shares_are_over_all_bars_together() -> None:
    found = structure(Sequences.of([tune(A, A, A, A), [*C, *A]], 4))
    assert found.repeats[1] == 3 / 4


def test_too_short_to_compare_is_no_number() -> None:
    found = structure(Sequences.of([tune(A)], 4))
    assert math.isnan(found.repeats[1])
