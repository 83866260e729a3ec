"""Cutting music: a stretch of it, or all of it in pieces. Every function returns new values.

Times are ticks for a `Score`, steps for a `QuantizedScore`. A piece begins at 0 with the tempo, meter, key,
chord, controls and bends that hold where it was cut out; notes that began before are left out, notes that
last beyond its end stop there (Magenta's `extract_subsequence`, which keeps the pedals' controls only).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from antiphon.errors import OptionError
from antiphon.score import carry
from antiphon.score.bars import bar_lines, end_of, pickup
from antiphon.score.notes import Bool, Float, Int
from antiphon.score.quantized import QuantizedScore
from antiphon.score.score import Score

M = TypeVar("M", Score, QuantizedScore)


def extract(music: M, start: int = 0, end: int | None = None) -> M:
    """What begins from `start` to before `end` (the end of the music if None), with `start` as the new 0.

    Raises `OptionError` unless 0 <= start <= end.
    """
    end = end_of(music) if end is None else end
    _check(start, end)
    if isinstance(music, QuantizedScore):
        length = min(music.total_steps, end) - min(music.total_steps, start)
        return _stretch_of(music, start, end).replace(total_steps=length)
    return _stretch_of(music, start, end).replace(
        lyrics=carry.within(music.lyrics, start, end),
        markers=carry.within(music.markers, start, end),
        controls=carry.controls(music.controls, start, end),
        bends=carry.bends(music.bends, start, end),
    )


def trim(music: M, start: int = 0, end: int | None = None) -> M:
    """Only the notes that begin from `start` to before `end`, where they are; those that last beyond `end`
    stop there. Nothing else changes (Magenta's `trim_note_sequence`).

    Raises `OptionError` unless 0 <= start <= end.
    """
    end = end_of(music) if end is None else end
    _check(start, end)
    kept = _beginning(music, start, end)
    notes = music.notes[kept]
    notes = notes.replace(end=np.minimum(notes.end, end))
    if isinstance(music, QuantizedScore):
        onsets, length = _onsets(music, kept, 0), min(music.total_steps, end)
        return music.replace(notes=notes, onsets=onsets, total_steps=length)
    return music.replace(notes=notes)


def split(music: M, times: Iterable[int], *, inside_notes: bool = True) -> list[M]:
    """The music cut at `times`; pieces in which nothing begins are left out.

    With `inside_notes` False, a time at which a note is sounding is passed over. Times outside the music
    are no cuts.
    """
    wanted: Int = np.unique(np.fromiter(times, np.int64))
    wanted = wanted[(wanted > 0) & (wanted < end_of(music))]
    if not inside_notes:
        wanted = wanted[~_sounding(music, wanted)]
    bounds = [0, *wanted.tolist(), end_of(music)]
    return _pieces(music, pairwise(bounds))


def split_at_meter_changes(music: M) -> list[M]:
    """Pieces of one meter each. A pick-up bar (see `antiphon.score.bars.pickup`) stays with what follows."""
    return split(music, _changes(music, tempo=False))


def split_at_changes(music: M, *, inside_notes: bool = True) -> list[M]:
    """Pieces of one meter and one tempo each (Magenta's `split_note_sequence_on_time_changes`); a pick-up bar
    stays with what follows.
    """
    return split(music, _changes(music, tempo=True), inside_notes=inside_notes)


def split_at_silence(score: Score, gap_s: float = 3.0) -> list[Score]:
    """The score cut before every note that comes more than `gap_s` seconds after all earlier ones ended.

    Raises `OptionError` for a negative gap.
    """
    if not gap_s >= 0:
        raise OptionError(f"Cannot split at silences of {gap_s} s; expected 0 or more.")
    order = np.argsort(score.notes.start, kind="stable")
    start_s, end_s = score.start_s[order], score.end_s[order]
    silent = start_s[1:] > np.maximum.accumulate(end_s)[:-1] + gap_s
    return split(score, score.notes.start[order][1:][silent].tolist())


def split_every(music: M, bars: int, hop: int | None = None, *, whole: bool = False) -> list[M]:
    """Windows of `bars` bars along the meter map, one every `hop` bars (every `bars` if None).

    The last windows may be shorter unless `whole`; windows in which nothing begins are left out. Raises
    `OptionError` unless both numbers are at least 1.
    """
    hop = bars if hop is None else hop
    if bars < 1 or hop < 1:
        raise OptionError(f"Cannot split every {hop} bars into {bars}; expected 1 or more of both.")
    lines = [*bar_lines(music).tolist(), end_of(music)]
    last = len(lines) - 1
    firsts = range(0, last - bars + 1 if whole else last, hop)
    return _pieces(music, ((lines[first], lines[min(first + bars, last)]) for first in firsts))


def _check(start: int, end: int) -> None:
    if not 0 <= start <= end:
        raise OptionError(f"Cannot cut from {start} to {end}; expected 0 <= start <= end.")


def _beginning(music: Score | QuantizedScore, start: int, end: int) -> Bool:
    """Which notes begin from `start` to before `end`."""
    begins: Bool = (music.notes.start >= start) & (music.notes.start < end)
    return begins


def _stretch_of(music: M, start: int, end: int) -> M:
    kept = _beginning(music, start, end)
    notes = music.notes[kept]
    changes: dict[str, Any] = {
        "notes": notes.replace(start=notes.start - start, end=np.minimum(notes.end, end) - start),
        "tempos": carry.tempos(music.tempos, start, end),
        "meters": carry.meters(music.meters, start, end),
        "keys": carry.holding(music.keys, start, end),
        "chords": carry.holding(music.chords, start, end),
    }
    if isinstance(music, QuantizedScore):
        changes["onsets"] = _onsets(music, kept, start)
    return music.replace(**changes)


def _onsets(music: QuantizedScore, kept: Bool, start: int) -> Float | None:
    return None if music.onsets is None else music.onsets[kept] - start


def _pieces(music: M, bounds: Iterable[tuple[int, int]]) -> list[M]:
    """The pieces in which a note begins. The cost of each depends on its own notes only."""
    order = np.argsort(music.notes.start, kind="stable")
    times = music.notes.start[order]
    found = []
    for start, stop in bounds:
        first, last = np.searchsorted(times, (start, stop))
        if first < last:
            found.append(extract(_only(music, np.sort(order[first:last])), start, stop))
    return found


def _only(music: M, rows: Int) -> M:
    """The music with some of its notes."""
    changes: dict[str, Any] = {"notes": music.notes[rows]}
    if isinstance(music, QuantizedScore) and music.onsets is not None:
        changes["onsets"] = music.onsets[rows]
    return music.replace(**changes)


def _changes(music: Score | QuantizedScore, *, tempo: bool) -> Sequence[int]:
    """Times at which the meter (or the tempo too) changes."""
    times: list[int] = music.meters.time[2 if pickup(music) else 1 :].tolist()
    return [*times, *music.tempos.time[1:].tolist()] if tempo else times


def _sounding(music: Score | QuantizedScore, times: Int) -> Bool:
    """Whether a note that began before each of `times` lasts beyond it."""
    begun = np.searchsorted(np.sort(music.notes.start), times, side="left")
    ended = np.searchsorted(np.sort(music.notes.end), times, side="right")
    sounding: Bool = begun > ended
    return sounding
