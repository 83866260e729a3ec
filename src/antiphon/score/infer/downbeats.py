"""Which beats begin bars: a meter and a first downbeat for beats that are given.

Bars begin where music is accented: with loud, low and long notes, and where harmony changes. Every
number of beats per bar and every place of the first downbeat is tried on the whole piece.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from antiphon.score.infer.key import durations
from antiphon.score.infer.pulse import Onsets
from antiphon.score.notes import Float, Notes

_PRIOR = {4: 0.0, 3: 0.0, 2: -0.15}
"""What speaks for each number of beats per bar before any music is heard."""
_BEGINNING = 0.08
"""What speaks for music that begins on a downbeat."""
_NEAR = 0.125
"""How far from a beat, in beats, an onset may fall and still be on it."""


class BarGrouping(NamedTuple):
    """A regular grouping of beats."""

    beats: int
    """Beats in a bar."""
    first: int
    """Index of the first beat that begins a bar, below `beats`."""


def accents(beats: Float, found: Onsets, notes: Notes) -> Float:
    """How strongly each beat is accented, float64 [B], on average 0.

    `notes` are the piece's, their times in beats (1000 per beat).
    """
    onset = _on_beats(beats, found)
    change = _changes(notes, len(beats))
    return _scaled(onset) + _scaled(change)


def group(accent: Float) -> BarGrouping:
    """The bars whose downbeats stand out most from the other beats, for `accent` as `accents` gives it."""
    fits = {}
    for beats, prior in _PRIOR.items():
        for first in range(min(beats, len(accent))):
            down = np.zeros(len(accent), dtype=np.bool_)
            down[first::beats] = True
            fits[BarGrouping(beats, first)] = _contrast(accent, down) + prior + _BEGINNING * (first == 0)
    return max(fits, key=lambda bars: fits[bars])


def _contrast(accent: Float, down: np.ndarray) -> float:
    """How far downbeats stand out, in standard errors per square root of a beat."""
    if down.all() or not down.any():
        return -np.inf
    spread = accent.std() or 1.0
    share = down.mean()
    difference = accent[down].mean() - accent[~down].mean()
    return float(difference / spread * np.sqrt(share * (1 - share)))


def _on_beats(beats: Float, found: Onsets) -> Float:
    """Strength of the onsets on each beat."""
    place = np.interp(found.time, beats, np.arange(len(beats)), left=-1, right=-1)
    near = np.round(place).astype(np.int64)
    on = (near >= 0) & (np.abs(place - near) <= _NEAR)
    return np.bincount(near[on], weights=found.strength[on], minlength=len(beats)).astype(np.float64)


def _changes(notes: Notes, n_beats: int) -> Float:
    """How much the harmony changes at each beat: 1 less the likeness of the two beats after to the two
    before.
    """
    sounding = durations(notes, np.arange(n_beats + 1) * 1000)
    total = np.concatenate([np.zeros((1, 12)), np.cumsum(sounding, axis=0)])
    index = np.arange(n_beats)
    after = total[np.minimum(index + 2, n_beats)] - total[index]
    before = total[index] - total[np.maximum(index - 2, 0)]
    length = np.linalg.norm(after, axis=1) * np.linalg.norm(before, axis=1)
    alike = np.divide((after * before).sum(axis=1), length, out=np.ones(n_beats), where=length > 0)
    change: Float = 1.0 - alike
    return change


def _scaled(values: Float) -> Float:
    spread = values.std()
    scaled: Float = (values - values.mean()) / (spread if spread > 1e-9 else 1.0)
    return scaled
