"""Beats in music that was played free of any grid: where a listener would tap, from onsets alone.

A path of beats through time is sought by dynamic programming, as Ellis (2007, "Beat tracking by dynamic
programming") does, but with the length of each beat as part of the state, so that the tempo may drift, and
with every onset heard: what falls within a beat counts by where it falls, most on the beat, less on its half,
its quarters and its thirds, and against the path elsewhere. So all onsets are counted once whatever the
tempo, and slow and fast readings can be compared.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.errors import EmptyError, OptionError
from antiphon.score.notes import Float, Int
from antiphon.score.score import Score

RATE = 100
"""Frames per second."""
_LONGEST_S = 3600.0
_TOGETHER_S = 0.035
"""Notes that begin within this time are one onset."""
_NEAR_S = 0.05
"""How far from its frame a beat may be moved to the onsets there."""
_KICKS = np.isin(np.arange(128), (35, 36, 49, 52, 55, 57)).astype(np.float64)
"""Which drums count as low notes do: bass drums, and the crashes that come with them at beginnings."""
_PERIODS = np.unique(np.round(np.geomspace(27, 150, 72)).astype(np.int64))
"""Lengths of a beat in frames: 222 to 40 beats per minute."""
_REACH = 4
"""By how many places in `_PERIODS` a beat may differ from the one before."""


class Weights(NamedTuple):
    """What makes a path good, in units of an average second's onsets."""

    half: float = 0.5
    quarter: float = 0.35
    third: float = 0.3
    elsewhere: float = -0.42
    width_s: float = 0.025
    drift: float = 110.0
    """Cost of a change of tempo, times the squared change in octaves."""
    usual_s: float = 0.8
    """The most usual beat."""
    unusual: float = 0.4
    """Cost per second of another beat, times its squared distance in octaves."""


class Onsets(NamedTuple):
    """Moments at which notes begin."""

    time: Float
    """Seconds, float64 [M], rising."""
    strength: Float
    """How much each stands out, float64 [M]."""


def onsets(score: Score) -> Onsets:
    """The moments at which something begins in `score`, and how much each stands out.

    Loud, many, low and long notes do. Raises `EmptyError` for a score without notes, `OptionError` for one
    of more than an hour.
    """
    if not len(score.notes):
        raise EmptyError("No beats can be told without notes.")
    if score.duration_s > _LONGEST_S:
        raise OptionError(
            f"Music of {score.duration_s / 60:.0f} minutes; beats are told of at most 60. Cut it into pieces."
        )
    order = np.argsort(score.start_s, kind="stable")
    time, notes = score.start_s[order], score.notes[order]
    group = np.cumsum(np.diff(time, prepend=-1.0) > _TOGETHER_S) - 1
    loud = notes.velocity / 64.0
    low = np.where(notes.is_drum, _KICKS[notes.pitch & 127], np.clip((60.0 - notes.pitch) / 24.0, 0.0, 1.0))
    length = np.minimum(score.end_s[order] - time, 1.0)
    salience = loud * (0.5 + low + length)
    total = np.bincount(group, weights=salience)
    centre = np.bincount(group, weights=salience * time) / np.maximum(total, 1e-12)
    return Onsets(centre, np.sqrt(total))


def beats(found: Onsets, weights: Weights = Weights()) -> Float:
    """Times of the beats in seconds (float64 [B], rising, B >= 2) from about the first onset to the last."""
    frames = _path(found, weights)
    return _refined(frames / RATE, found)


def _signal(found: Onsets) -> Float:
    """Onset strength in frames, an average of 1 per second; as many empty frames before and after as the
    longest beat has.
    """
    margin = int(_PERIODS[-1])
    place = np.round(found.time * RATE).astype(np.int64) + margin
    signal = np.bincount(place, weights=found.strength, minlength=int(place[-1]) + margin + 1)
    seconds = max(float(found.time[-1] - found.time[0]), 1.0)
    result: Float = signal * (seconds / found.strength.sum())
    return result


def _template(period: int, weights: Weights) -> Float:
    """What an onset counts at each frame of a beat of `period` frames."""
    half, quarter, third = weights.half, weights.quarter, weights.third
    gains = {0: 1.0, 1 / 4: quarter, 1 / 3: third, 1 / 2: half, 2 / 3: third, 3 / 4: quarter, 1: 1.0}
    parts = np.array(list(gains)) * period / RATE
    away = (np.arange(period)[:, None] / RATE - parts) / weights.width_s
    near = np.exp(-0.5 * away**2) * (np.array(list(gains.values())) - weights.elsewhere)
    template: Float = near.max(axis=1) + weights.elsewhere
    return template


def _gains(signal: Float, weights: Weights) -> npt.NDArray[np.float32]:
    """What the beat that ends before frame t and is `_PERIODS[i]` long gains: float32 [t, i]."""
    gains = np.zeros((len(signal), len(_PERIODS)), dtype=np.float32)
    for column, period in enumerate(_PERIODS.tolist()):
        heard = np.correlate(signal, _template(period, weights), mode="valid")[:-1]
        cost = weights.unusual * period / RATE * np.log2(period / RATE / weights.usual_s) ** 2
        gains[period:, column] = heard - cost
    return gains


def _moves(weights: Weights) -> tuple[Int, Float]:
    """For each length of a beat those of the beat before, as places in `_PERIODS`, and what each costs."""
    places = np.arange(len(_PERIODS))[:, None] + np.arange(-_REACH, _REACH + 1)
    before = np.clip(places, 0, len(_PERIODS) - 1)
    octaves = np.log2(_PERIODS[before] / _PERIODS[:, None])
    return before, np.where(places == before, weights.drift / RATE * octaves**2, np.inf)


def _path(found: Onsets, weights: Weights) -> Int:
    """Frames of the best path's beats; it may begin up to half a longest beat after the first onset.

    No beat is shorter than the shortest, so as many frames as that has are looked at together.
    """
    signal = _signal(found)
    gains, (before, cost) = _gains(signal, weights), _moves(weights)
    shortest, longest = int(_PERIODS[0]), int(_PERIODS[-1])
    best = np.full(gains.shape, -np.inf)
    best[: longest + longest // 2] = 0.0
    came = np.full(gains.shape, -1, dtype=np.int8)
    for start in range(longest, len(signal), shortest):
        frames = np.arange(start, min(start + shortest, len(signal)))
        paths = best[(frames[:, None] - _PERIODS)[:, :, None], before] - cost
        choice = paths.argmax(axis=2)
        value = np.take_along_axis(paths, choice[:, :, None], axis=2)[:, :, 0] + gains[frames]
        better = value > best[frames]
        best[frames] = np.where(better, value, best[frames])
        came[frames] = np.where(better, before[np.arange(len(_PERIODS)), choice], -1)
    return _traced(best, came) - longest


def _traced(best: Float, came: npt.NDArray[np.int8]) -> Int:
    """Frames of the beats on the way to the best state from the last onset on."""
    last = len(best) - int(_PERIODS[-1]) - 1
    late, column = divmod(int(best[last:].argmax()), best.shape[1])
    path = [last + late]
    while came[path[-1], column] >= 0:
        path.append(path[-1] - int(_PERIODS[column]))
        column = int(came[path[-2], column])
    return np.array(path[::-1], dtype=np.int64)


def _refined(times: Float, found: Onsets) -> Float:
    """Each beat moved to the middle of the onsets within 50 ms of it."""
    low = np.searchsorted(found.time, times - _NEAR_S)
    high = np.searchsorted(found.time, times + _NEAR_S)
    mass = np.concatenate([[0.0], np.cumsum(found.strength)])
    moment = np.concatenate([[0.0], np.cumsum(found.strength * found.time)])
    inside = mass[high] - mass[low]
    return np.where(high > low, (moment[high] - moment[low]) / np.maximum(inside, 1e-12), times)
