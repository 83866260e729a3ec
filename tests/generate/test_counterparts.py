"""Melodies made to stand beside real ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from antiphon.evaluate.sequences import Sequences
from antiphon.generate.counterparts import counterparts
from antiphon.runtime.bundle import Bundle


def test_one_for_each_as_long_in_whole_bars(real_bundle: Callable[[str], Bundle]) -> None:
    rows = [np.zeros(n, dtype=np.int64) for n in (70, 40, 64, 5)]
    made = counterparts(real_bundle("melody/basic"), Sequences.of(rows, np.array([16, 12, 16, 12])), seed=2)
    assert [len(row) for row in made] == [64, 36, 64, 12]
    assert all(row[0] >= 2 for row in made)
