"""Cutting, moving, joining and transposing music. Every function returns new values.

Times are ticks for a `Score`, steps for a `QuantizedScore`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np

from antiphon.errors import EmptyError, OptionError
from antiphon.score.bars import bar_lines, end_of, pickup
from antiphon.score.maps import LETTERS, PITCH_CLASSES, Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Bool, Int, Notes
from antiphon.score.quantized import QuantizedScore
from antiphon.score.retime import retimed
from antiphon.score.score import Bends, Controls, Score

M = TypeVar("M", Score, QuantizedScore)
E = TypeVar("E", KeyChange, Mark)

_ROOT = re.compile(r"(^|/)([A-G])([#b]*)")
_FINEST = 0x7FFF  # ticks a quarter that a MIDI file can hold


def trim(music: M, start: int = 0, end: int | None = None) -> M:
    """What begins from `start` to before `end`, with `start` as the new 0.

    Notes that began before `start` are left out, those that last beyond `end` end there. Tempo, meter, key,
    chord, controls and bends that hold at `start` are carried to the new 0. Raises `OptionError` unless 0 <=
    start <= end.
    """
    end = end_of(music) if end is None else end
    if not 0 <= start <= end:
        raise OptionError(f"Cannot trim from {start} to {end}; expected 0 <= start <= end.")
    if isinstance(music, QuantizedScore):
        length = min(music.total_steps, end) - min(music.total_steps, start)
        return _trimmed(music, start, end).replace(total_steps=length)
    return _trimmed(music, start, end).replace(
        lyrics=_within(music.lyrics, start, end),
        markers=_within(music.markers, start, end),
        controls=_trimmed_controls(music.controls, start, end),
        bends=_trimmed_bends(music.bends, start, end),
    )


def shift(score: Score, ticks: int) -> Score:
    """Everything `ticks` later; the first tempo and meter hold from 0. Raises `OptionError` for a
    negative shift.
    """
    if ticks < 0:
        raise OptionError(
            f"Cannot shift by {ticks} ticks; expected 0 or more. Use trim to move music forward."
        )
    return retimed(score, lambda time: time + ticks)


def resample(score: Score, ticks_per_quarter: int) -> Score:
    """The score at another resolution; times are rounded to the nearest tick, halves upwards."""
    new, old = ticks_per_quarter, score.ticks_per_quarter
    if new < 1:
        raise OptionError(f"A resolution of {new} ticks a quarter; expected 1 or more.")
    if new == old:
        return score
    return retimed(score, lambda time: (2 * time * new + old) // (2 * old)).replace(ticks_per_quarter=new)


def stretch(score: Score, factor: float) -> Score:
    """The score lasting `factor` times as long in seconds: its tempos divided by it, its ticks as they
    are.
    """
    if not 0 < factor < math.inf:
        raise OptionError(f"Cannot stretch by {factor}; expected a number above 0, such as 2 for half speed.")
    return score.replace(tempos=TempoMap(score.tempos.time, score.tempos.qpm / factor))


def transpose(score: Score, semitones: int, lo: int = 0, hi: int = 127) -> tuple[Score, int]:
    """The score `semitones` higher, and how many notes were dropped because they left `lo`..`hi`.

    Drums stay as they are; keys and chord symbols move along, spelled with the fewest accidentals.
    """
    notes = score.notes
    pitch = notes.pitch + np.where(notes.is_drum, 0, semitones).astype(np.int16)
    kept: Bool = notes.is_drum | ((pitch >= lo) & (pitch <= hi))
    moved = score.replace(
        notes=notes.replace(pitch=pitch)[kept],
        keys=tuple(KeyChange(time, Key((key.tonic + semitones) % 12, key.mode)) for time, key in score.keys),
        chords=tuple(mark._replace(text=_transposed(mark.text, semitones)) for mark in score.chords),
    )
    return moved, int(len(notes) - kept.sum())


def concatenate(scores: Sequence[Score], *, at_bar: bool = True) -> Score:
    """The scores one after the other, each from the bar line (or the very end) after the last note of the
    one before.

    Parts with one number become one part, named as in the first score that names it. Raises `EmptyError` for
    none.
    """
    same = _same_resolution(scores)
    lengths = [_next_bar(score) if at_bar else score.end for score in same]
    starts = [0, *np.cumsum(lengths).tolist()]
    tempos: list[tuple[int, float]] = []
    meters: list[tuple[int, int, int]] = []
    for score, start, stop in zip(same, starts, starts[1:], strict=False):
        tempos += [(time + start, qpm) for time, qpm in _entries(score.tempos) if time + start < stop]
        meters += [(time + start, n, d) for time, n, d in _entries(score.meters) if time + start < stop]
    placed = [shift(_until(score, n), start) for score, n, start in zip(same, lengths, starts, strict=False)]
    n_tracks = max(score.n_tracks for score in same)
    names = (
        next((s.track_name(track) for s in same if s.track_name(track)), "") for track in range(n_tracks)
    )
    return _together(placed, tuple(names)).replace(tempos=TempoMap.of(tempos), meters=MeterMap.of(meters))


def merge(scores: Sequence[Score]) -> Score:
    """The scores at the same time, their parts side by side; tempos, meters and keys are those of the first.

    Raises `EmptyError` for none.
    """
    same = _same_resolution(scores)
    firsts = np.cumsum([0, *(score.n_tracks for score in same)]).tolist()
    layered = [_renumbered(score, first) for score, first in zip(same, firsts, strict=False)]
    names = (score.track_name(track) for score in same for track in range(score.n_tracks))
    return _together(layered, tuple(names)).replace(keys=same[0].keys)


def split_at_meter_changes(music: M) -> list[M]:
    """Pieces of one meter each, every one beginning at 0; those in which nothing begins are left out.

    A pick-up bar (see `antiphon.score.bars.pickup`) stays with what follows. Notes end where the meter
    changes.
    """
    starts: list[int] = [0, *music.meters.time[2 if pickup(music) else 1 :].tolist()]
    stops = [*starts[1:], max(end_of(music), starts[-1])]
    pieces = (trim(music, start, stop) for start, stop in zip(starts, stops, strict=True))
    return [piece for piece in pieces if len(piece.notes)]


def _trimmed(music: M, start: int, end: int) -> M:
    notes = music.notes[(music.notes.start >= start) & (music.notes.start < end)]
    tempos, meters = _entries(music.tempos), _entries(music.meters)
    return music.replace(
        notes=notes.replace(start=notes.start - start, end=np.minimum(notes.end, end) - start),
        tempos=TempoMap.of((max(time - start, 0), qpm) for time, qpm in tempos if time < end or time == 0),
        meters=MeterMap.of((max(time - start, 0), n, d) for time, n, d in meters if time < end or time == 0),
        keys=_holding(music.keys, start, end),
        chords=_holding(music.chords, start, end),
    )


def _entries(entries: TempoMap | MeterMap) -> list[tuple[Any, ...]]:
    """Rows of a map."""
    values = (entries.qpm,) if isinstance(entries, TempoMap) else (entries.numerator, entries.denominator)
    return list(zip(*(column.tolist() for column in (entries.time, *values)), strict=True))


def _until(score: Score, end: int) -> Score:
    """The score without keys and chords that begin from `end` on."""
    keys, chords = _holding(score.keys, 0, end), _holding(score.chords, 0, end)
    return score.replace(keys=keys, chords=chords)


def _holding(entries: Sequence[E], start: int, end: int) -> tuple[E, ...]:
    """Entries from `start` on, and before them the one that holds at `start`."""
    held: list[E] = [entry for entry in entries if entry.time <= start][-1:]
    inside: list[E] = [entry for entry in entries if start < entry.time < end]
    return tuple(entry._replace(time=max(entry.time - start, 0)) for entry in held + inside)


def _within(marks: Iterable[Mark], start: int, end: int) -> tuple[Mark, ...]:
    return tuple(mark._replace(time=mark.time - start) for mark in marks if start <= mark.time < end)


def _trimmed_controls(controls: Controls, start: int, end: int) -> Controls:
    rows = _rows_holding(controls.time, controls.track.astype(np.int64) * 128 + controls.number, start, end)
    time = np.maximum(controls.time[rows] - start, 0)
    return Controls(time, controls.number[rows], controls.value[rows], controls.track[rows])


def _trimmed_bends(bends: Bends, start: int, end: int) -> Bends:
    rows = _rows_holding(bends.time, bends.track.astype(np.int64), start, end)
    return Bends(np.maximum(bends.time[rows] - start, 0), bends.value[rows], bends.track[rows])


def _rows_holding(time: Int, kind: Int, start: int, end: int) -> Int:
    """Rows from `start` to `end`, and of each kind the last row before."""
    before = np.flatnonzero(time < start)[::-1]
    _, last = np.unique(kind[before], return_index=True)
    return np.union1d(before[last], np.flatnonzero((time >= start) & (time < end)))


def _transposed(symbol: str, semitones: int) -> str:
    """A chord symbol with its root and its bass moved ("Am7/G" + 2 = "Bm7/A"); what has no root stays."""

    def moved(found: re.Match[str]) -> str:
        accidentals = found[3].count("#") - found[3].count("b")
        return found[1] + PITCH_CLASSES[(LETTERS[found[2]] + accidentals + semitones) % 12]

    return _ROOT.sub(moved, symbol)


def _same_resolution(scores: Sequence[Score]) -> list[Score]:
    if not scores:
        raise EmptyError("No scores to join; expected one or more.")
    resolutions = [score.ticks_per_quarter for score in scores]
    common = math.lcm(*resolutions)
    return [resample(score, common if common <= _FINEST else max(resolutions)) for score in scores]


def _next_bar(score: Score) -> int:
    if not score.end:
        return 0
    last = int(bar_lines(score)[-1])
    return last + round(score.meters.at(last).quarters * score.ticks_per_quarter)


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
