"""How often a bar repeats an earlier one: the plainest measure of whether music holds together.

A bar is compared with the one 1, 2 and 4 bars before it. Whole bars of the melody's own meter count (a
pick-up and an unfinished last bar do not), and only those in which a note starts, so that a held note or
silence earns nothing. Two bars are equal when every event is, and have the same rhythm when notes start
and end on the same steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from antiphon.codecs.melody import FIRST_PITCH_ID
from antiphon.evaluate.sequences import Ints, Sequences

LAGS = (1, 2, 4)


@dataclass(frozen=True)
class Structure:
    """Shares of bars, by how many bars back they are compared; nan where no bar has one so far back.

    `repeats` are equal in every event, `rhythms` in where notes start and end; `n_bars` bars of
    `n_melodies` melodies were looked at.
    """

    repeats: dict[int, float]
    rhythms: dict[int, float]
    n_bars: int
    n_melodies: int


def structure(sequences: Sequences) -> Structure:
    """The shares over all bars of `sequences` together: long melodies weigh more than short ones."""
    bars = [bars_of(sequences[i], *meter) for i, meter in enumerate(_meters(sequences))]
    rhythms = [np.minimum(bar, FIRST_PITCH_ID) for bar in bars]
    return Structure(
        repeats={lag: _share(bars, lag) for lag in LAGS},
        rhythms={lag: _share(rhythms, lag) for lag in LAGS},
        n_bars=sum(map(len, bars)),
        n_melodies=len(bars),
    )


def bars_of(events: Ints, steps_per_bar: int, start_in_bar: int) -> Ints:
    """The whole bars of a melody, [bars, steps per bar]."""
    from_bar_line = events[-start_in_bar % steps_per_bar :]
    count = len(from_bar_line) // steps_per_bar
    return from_bar_line[: count * steps_per_bar].reshape(count, steps_per_bar)


def _meters(sequences: Sequences) -> zip[tuple[int, int]]:
    return zip(sequences.steps_per_bar.tolist(), sequences.start_in_bar.tolist(), strict=True)


def _share(melodies: list[Ints], lag: int) -> float:
    compared = equal = 0
    for bars in melodies:
        sounding = (bars[lag:] >= FIRST_PITCH_ID).any(axis=1)
        compared += int(sounding.sum())
        equal += int((sounding & (bars[lag:] == bars[: len(bars[lag:])]).all(axis=1)).sum())
    return equal / compared if compared else float("nan")
