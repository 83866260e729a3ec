"""Joining music: one after the other, over and over, or at the same time. Every function returns new values.

Times are ticks. Scores of different resolutions meet at a common one, exact where a MIDI file could hold it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from antiphon.errors import EmptyError, OptionError
from antiphon.score import carry
from antiphon.score.bars import closing_bar_line
from antiphon.score.cut import extract
from antiphon.score.maps import MeterMap, TempoMap
from antiphon.score.move import resample, shift
from antiphon.score.notes import Notes
from antiphon.score.score import Bends, Controls, Score

_FINEST = 0x7FFF  # ticks per quarter that a MIDI file can hold
_MOST_PARTS = 1 << 15  # numbers of parts are 16-bit integers


def concatenate(scores: Sequence[Score], *, at_bar: bool = True) -> Score:
    """The scores one after the other, each from the bar line (or the very end) after the last note of the
    one before.

    Parts with one number become one part, named as in the first score that names it. Raises `EmptyError` for
    none.
    """
    same = _same_resolution(scores)
    return _in_a_row(same, [closing_bar_line(score) if at_bar else score.end for score in same])


def repeat(score: Score, length: int, period: int | None = None) -> Score:
    """The score over and over until `length` ticks are full, the last time as much as fits.

    `period` is how long once lasts, up to the bar line after the last note if None. Raises `OptionError` for
    a negative length or a period below 1, `EmptyError` for a score without a note.
    """
    period = closing_bar_line(score) if period is None else period
    if not score.end:
        raise EmptyError("There is no note to repeat; expected a score with one at least.")
    if length < 0 or period < 1:
        raise OptionError(f"Cannot fill {length} ticks with {period} at a time; expected 0 and 1 or more.")
    once = extract(score, 0, period)
    times = max(1, -(-length // period))
    return extract(_in_a_row([once] * times, [period] * times), 0, length)


def loop(score: Score, start: int, end: int, times: int) -> Score:
    """The score with what begins from `start` to before `end` played `times` times before it goes on.

    Notes that sound across `start` or `end` stop there, so that no pass lasts into the next. Raises
    `OptionError` unless 0 <= start < end and there is at least one time.
    """
    if not 0 <= start < end or times < 1:
        raise OptionError(
            f"Cannot loop {start} to {end} {times} times; expected 0 <= start < end, once or more."
        )
    before, section = extract(score, 0, start), extract(score, start, end)
    after = extract(score, end, max(end, score.end))
    lengths = [start, *[end - start] * times, max(0, score.end - end)]
    joined = _in_a_row([before, *[section] * times, after], lengths)
    return joined.replace(title=score.title, about=score.about, source=score.source)


def merge(scores: Sequence[Score]) -> Score:
    """The scores at the same time, their parts side by side; tempos, meters and keys are those of the first.

    Raises `EmptyError` for none, `OptionError` for more parts than a score can number.
    """
    same = _same_resolution(scores)
    firsts = np.cumsum([0, *(score.n_tracks for score in same)]).tolist()
    if firsts[-1] > _MOST_PARTS:
        raise OptionError(f"{firsts[-1]} parts together; expected at most {_MOST_PARTS}.")
    layered = [_renumbered(score, first) for score, first in zip(same, firsts, strict=False)]
    names = (score.track_name(track) for score in same for track in range(score.n_tracks))
    return _together(layered, tuple(names)).replace(keys=same[0].keys)


def _in_a_row(scores: Sequence[Score], lengths: Sequence[int]) -> Score:
    """Scores of one resolution, each beginning where the `lengths` of those before it end."""
    starts = [0, *np.cumsum(lengths).tolist()]
    tempos: list[tuple[int, float]] = []
    meters: list[tuple[int, int, int]] = []
    for score, start, stop in zip(scores, starts, starts[1:], strict=False):
        tempos += [(time + start, qpm) for time, qpm in carry.rows(score.tempos) if time + start < stop]
        meters += [(time + start, n, d) for time, n, d in carry.rows(score.meters) if time + start < stop]
    placed = [
        shift(_until(score, n), start) for score, n, start in zip(scores, lengths, starts, strict=False)
    ]
    n_tracks = max(score.n_tracks for score in scores)
    names = (
        next((s.track_name(track) for s in scores if s.track_name(track)), "") for track in range(n_tracks)
    )
    return _together(placed, tuple(names)).replace(tempos=TempoMap.of(tempos), meters=MeterMap.of(meters))


def _until(score: Score, end: int) -> Score:
    """The score without keys and chords that begin from `end` on."""
    keys, chords = carry.holding(score.keys, 0, end), carry.holding(score.chords, 0, end)
    return score.replace(keys=keys, chords=chords)


def _same_resolution(scores: Sequence[Score]) -> list[Score]:
    if not scores:
        raise EmptyError("No scores to join; expected one or more.")
    resolutions = [score.ticks_per_quarter for score in scores]
    common = math.lcm(*resolutions)
    return [resample(score, common if common <= _FINEST else max(resolutions)) for score in scores]


def _renumbered(score: Score, first: int) -> Score:
    """The same score with its parts counted from `first`."""
    notes, controls, bends = score.notes, score.controls, score.bends
    return score.replace(
        notes=notes.replace(track=notes.track + np.int16(first)),
        controls=Controls(controls.time, controls.number, controls.value, controls.track + np.int16(first)),
        bends=Bends(bends.time, bends.value, bends.track + np.int16(first)),
        lyrics=tuple(m if m.track < 0 else m._replace(track=m.track + first) for m in score.lyrics),
    )


def _together(scores: Sequence[Score], names: tuple[str, ...]) -> Score:
    """One score with everything in `scores`; tempos and meters are those of the first."""

    def column(part: str, name: str) -> Any:
        return np.concatenate([getattr(getattr(score, part), name) for score in scores])

    return scores[0].replace(
        notes=Notes.join([score.notes for score in scores]),
        keys=_all_of(scores, "keys"),
        chords=_all_of(scores, "chords"),
        lyrics=_all_of(scores, "lyrics"),
        markers=_all_of(scores, "markers"),
        controls=Controls(*(column("controls", name) for name in ("time", "number", "value", "track"))),
        bends=Bends(*(column("bends", name) for name in ("time", "value", "track"))),
        track_names=names,
    )


def _all_of(scores: Sequence[Score], name: str) -> tuple[Any, ...]:
    """The entries called `name` of all scores, by time."""
    return tuple(
        sorted((entry for score in scores for entry in getattr(score, name)), key=lambda entry: entry.time)
    )
