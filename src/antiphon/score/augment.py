"""Copies of a score for training: a little faster or slower, a little higher or lower."""

from __future__ import annotations

import math

import numpy as np

from antiphon.errors import OptionError
from antiphon.score.move import stretch, transpose
from antiphon.score.score import Score


def augmented(
    score: Score,
    rng: np.random.Generator,
    *,
    stretches: tuple[float, float] = (0.95, 1.05),
    semitones: tuple[int, int] = (-3, 3),
    lo: int = 0,
    hi: int = 127,
) -> Score:
    """The score stretched by a factor and transposed by semitones drawn evenly from the two ranges, both ends
    included. What would take a note out of `lo`..`hi` is not drawn; a score that does not fit is not moved.

    Magenta's `augment_note_sequence`. Raises `OptionError` for a range whose ends are the wrong way round.
    """
    if not 0 < stretches[0] <= stretches[1] < math.inf or not semitones[0] <= semitones[1]:
        raise OptionError(
            f"Cannot draw from {stretches} and {semitones}; expected the smaller end first, factors above 0."
        )
    factor = rng.uniform(*stretches)
    pitched = score.notes.pitch[~score.notes.is_drum]
    least, most = semitones
    if len(pitched):
        least, most = max(least, lo - int(pitched.min())), min(most, hi - int(pitched.max()))
    amount = int(rng.integers(least, most, endpoint=True)) if least <= most else 0
    return transpose(stretch(score, factor), amount)[0]
