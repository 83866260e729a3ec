"""From what is written to what is played: pedals lengthen notes, controllers and bends become curves over
samples.

Source: MIDI 1.0 (controllers 7 volume, 10 pan, 11 expression, 64 sustain pedal; registered parameter 0 the
range of pitch bend, 2 semitones unless set) and General MIDI 2's law for volume and expression (amplitude is
the square).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from antiphon.score.notes import Int
from antiphon.score.score import Score

VOLUME, PAN, EXPRESSION, PEDAL = 7, 10, 11, 64
_RANGE_MSB, _RANGE_LSB, _DATA = 101, 100, 6
_DEFAULT_VOLUME = 100
_RAMP_S = 0.006  # a controller glides to its new value: a jump would be heard as a click

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A value over samples: straight lines between (`at`, `value`), flat before and after them."""

    at: Float
    value: Float

    @classmethod
    def steps(cls, at: Float, value: Float, before: float, rate: int) -> Curve:
        """From values that hold from their sample on, `before` ahead of them; each change glides for 6 ms."""
        if not len(at):
            return cls(np.zeros(1), np.array([before]))
        last = np.append(np.diff(at) > 0, True)  # of several at one moment only the last is heard
        at, value = at[last], value[last]
        before = value[0] if at[0] <= 0 else before
        arrived = np.minimum(at + _RAMP_S * rate, np.append(at[1:], np.inf))
        old = np.concatenate([[before], value[:-1]])
        return cls(np.stack([at, arrived], 1).ravel(), np.stack([old, value], 1).ravel())

    def over(self, start: int, n: int) -> float | Float:
        """The value for `n` samples from `start`: one number where it does not change."""
        first = max(int(np.searchsorted(self.at, start, side="right")) - 1, 0)
        last = int(np.searchsorted(self.at, start + n)) + 1
        values = self.value[first:last]
        if np.all(values == values[0]):
            return float(values[0])
        return np.asarray(np.interp(np.arange(start, start + n), self.at, self.value))


@dataclass(frozen=True)
class Channel:
    """How a part is mixed and bent over time: amplitude, place (-1 left, 1 right), bend in semitones."""

    volume: Curve
    pan: Curve
    bend: Curve


def sounding_end(score: Score) -> Int:
    """Tick at which each note stops sounding: its end, the pedal's release, or the key struck again."""
    end = np.array(score.notes.end, dtype=np.int64)
    pedal = score.controls.number == PEDAL
    for track in np.unique(score.controls.track[pedal]):
        held = (score.notes.track == track) & ~score.notes.is_drum
        rows = pedal & (score.controls.track == track)
        order = np.argsort(score.controls.time[rows], kind="stable")
        down = score.controls.value[rows][order] >= 64
        end[held] = _until_release(end[held], score.controls.time[rows][order], down, score.end)
    return np.minimum(end, np.maximum(_next_strike(score), score.notes.end))


def channels(score: Score, rate: int) -> list[Channel]:
    """One `Channel` for every part of the score, in samples at `rate`."""
    spread = not np.any(score.controls.number == PAN)
    return [
        _channel(score, track, rate, _seat(track, score.n_tracks) if spread else 0.0)
        for track in range(score.n_tracks)
    ]


def _until_release(end: Int, time: Int, down: npt.NDArray[np.bool_], last: int) -> Int:
    index = np.searchsorted(time, end, side="right") - 1
    releases = np.flatnonzero(~down)
    following = np.searchsorted(releases, index, side="right")
    up = np.append(time[releases], max(last, int(time[-1])))[following]
    return np.where((index >= 0) & down[np.maximum(index, 0)], np.maximum(up, end), end)


def _next_strike(score: Score) -> Int:
    """Tick at which the same key of the same part is struck next; far away where it is not."""
    notes = score.notes
    order = np.lexsort((notes.start, notes.pitch, notes.track))
    same = (np.diff(notes.pitch[order]) == 0) & (np.diff(notes.track[order]) == 0)
    following = np.full(len(notes), np.iinfo(np.int64).max)
    following[order[:-1][same]] = notes.start[order[1:][same]]
    return following


def _channel(score: Score, track: int, rate: int, seat: float) -> Channel:
    volume = _controller(score, track, VOLUME, _DEFAULT_VOLUME, rate, lambda v: (v / _DEFAULT_VOLUME) ** 2)
    expression = _controller(score, track, EXPRESSION, 127, rate, lambda v: (v / 127.0) ** 2)
    pan = _controller(score, track, PAN, 64, rate, lambda v: np.clip((v - 64.0) / 63.0, -1.0, 1.0))
    if seat:
        pan = Curve(pan.at, pan.value + seat)
    return Channel(_product(volume, expression), pan, _bend(score, track, rate))


def _controller(
    score: Score, track: int, number: int, default: float, rate: int, law: Callable[[Float], Float]
) -> Curve:
    rows = (score.controls.number == number) & (score.controls.track == track)
    values = law(score.controls.value[rows].astype(np.float64))
    before = float(law(np.array([default]))[0])
    return Curve.steps(*_timed(score, score.controls.time[rows], values, rate), before=before, rate=rate)


def _timed(score: Score, time: Int, value: Float, rate: int) -> tuple[Float, Float]:
    order = np.argsort(time, kind="stable")
    return score.tempos.seconds(time[order], score.ticks_per_quarter) * rate, value[order]


def _product(a: Curve, b: Curve) -> Curve:
    at = np.union1d(a.at, b.at)
    return Curve(at, np.interp(at, a.at, a.value) * np.interp(at, b.at, b.value))


def _bend(score: Score, track: int, rate: int) -> Curve:
    rows = score.bends.track == track
    semitones = score.bends.value[rows] / 8192.0 * _bend_range(score, track)
    return Curve.steps(*_timed(score, score.bends.time[rows], semitones, rate), before=0.0, rate=rate)


def _bend_range(score: Score, track: int) -> float:
    """Semitones of a full bend: the data entry that follows registered parameter 0, else 2."""
    rows = score.controls.track == track
    chosen = {_RANGE_MSB: 127, _RANGE_LSB: 127}
    semitones = 2.0
    for number, value in zip(
        score.controls.number[rows].tolist(), score.controls.value[rows].tolist(), strict=True
    ):
        if number in chosen:
            chosen[number] = value
        elif number == _DATA and not any(chosen.values()):
            semitones = float(value)
    return semitones


def _seat(track: int, n_tracks: int) -> float:
    """The pan of a part when the file gives none: the first in the middle, the others a little aside."""
    if n_tracks < 2 or track == 0:
        return 0.0
    side = -1.0 if track % 2 else 1.0
    return side * min(0.22 + 0.06 * (track // 2), 0.5)
