"""Melodies made to stand beside real ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from antiphon.evaluate.sequences import Sequences
from antiphon.generate.counterparts import counterparts
from antiphon.runtime.bundle import Bundle


def test_one_for_each_as_long_and_in_the_same_bars(real_bundle: Callable[[str], Bundle]) -> None:
    rows = [np.zeros((n, 1), dtype=np.int64) for n in (70, 40, 64, 5)]
    alphabet = real_bundle("melody/basic").alphabet
    real = Sequences.of(alphabet, rows, np.array([16, 12, 16, 12]), np.array([0, 8, 0, 0]))
    made, again = (counterparts(real_bundle("melody/basic"), real, seed=2) for _ in range(2))
    assert [len(row) for row in made] == [70, 40, 64, 5]
    assert made.start_in_bar.tolist() == [0, 8, 0, 0]
    assert all(row[0] >= 2 for row in made)
    assert all(np.array_equal(one, other) for one, other in zip(made, again, strict=True))
