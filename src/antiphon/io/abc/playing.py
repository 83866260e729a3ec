"""Written voices as a score: bars in the order in which they are played, ties joined, times in ticks, and
the meters of the bars as they were played.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from antiphon.arrays import Int64
from antiphon.errors import FormatError
from antiphon.io import repeats
from antiphon.io.abc.bars import QUARTER, WrittenBar, WrittenVoice
from antiphon.io.limits import MOST_TICKS_PER_QUARTER, Limits
from antiphon.io.repeats import PlayedBar
from antiphon.score.bars import meter_of
from antiphon.score.maps import Key, KeyChange, Mark, Meter, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score

_USUAL_TICKS = 480
_ROUND_TICKS = 27_720  # divided by all numbers up to 12


class PlayedVoice(NamedTuple):
    """A voice as it is played: its bars one after the other, when each begins (one time more, the end), and
    in which pass of its section."""

    bars: list[WrittenBar]
    starts: list[int]
    turns: list[int]


Row = tuple[int, int, int, int]  # start, end, pitch, velocity


def score(voices: Sequence[WrittenVoice], order: str, qpm: float, limits: Limits) -> Score:
    """The music of `voices`, a part each; `order` is that of a P: field. Raises `FormatError`."""
    played = _played_voices(voices, order, limits)
    rows = [np.array(_rows(voice), dtype=np.int64).reshape(-1, 4) for voice in played]
    changes = [_changes(voice) for voice in played]
    meters = _meters(played[0].bars, played[0].starts) if played else []
    words = [list(_words(voice)) for voice in played]
    others = [time for found in changes for time, _ in found]
    others += [time for sung in words for time, _ in sung] + [time for time, _ in meters]
    moments = np.array(others, dtype=np.int64)
    per_quarter = _resolution([*(part[:, :2].ravel() for part in rows), moments])
    at = dict(zip(others, _ticks(moments, per_quarter).tolist(), strict=True))
    every = [(at[time], value) for found in changes for time, value in found]
    return Score(
        Notes.join([_notes(*part, i, per_quarter) for i, part in enumerate(zip(rows, voices, strict=True))]),
        ticks_per_quarter=per_quarter,
        tempos=TempoMap.of([(0, qpm), *((time, value) for time, value in every if isinstance(value, float))]),
        meters=MeterMap.of((at[time], *meter) for time, meter in meters),
        keys=tuple(_keys((time, value) for time, value in every if isinstance(value, Key))),
        chords=tuple(_chords((time, value) for time, value in every if isinstance(value, str))),
        lyrics=tuple(sorted(Mark(at[time], text, i) for i, sung in enumerate(words) for time, text in sung)),
        track_names=tuple(voice.name for voice in voices),
    )


# The order of bars


def _played_voices(voices: Sequence[WrittenVoice], order: str, limits: Limits) -> list[PlayedVoice]:
    """The voices as played; those with as many bars as the first share its repeats and its bar lines."""
    if not voices:
        return []
    played = {id(voice): _order(voice.bars, order) for voice in voices}
    first = played[id(voices[0])]
    n_bars = len(voices[0].bars)
    together = [voice for voice in voices if len(voice.bars) == n_bars]
    lengths = [max(bars) for bars in zip(*([bar.length for bar in v.bars] for v in together), strict=True)]
    found = []
    for voice in voices:
        if len(voice.bars) == n_bars:
            found.append(_played_voice(voice.bars, first, lengths, limits))
        else:
            own = [bar.length for bar in voice.bars]
            found.append(_played_voice(voice.bars, played[id(voice)], own, limits))
    if sum(len(bar.notes) for voice in found for bar in voice.bars) > limits.notes:
        raise FormatError(f"more than {limits.notes} notes, repeats played; expected fewer.")
    return found


def _order(bars: Sequence[WrittenBar], order: str) -> list[PlayedBar]:
    """The bars as played; each part of a P: field is a piece of its own, as often as it is named."""
    starts = [i for i, bar in enumerate(bars) if bar.part]
    names = {bars[i].part for i in starts}
    if not order or not names or not set(order) <= names:
        return _walked(bars, 0, len(bars))
    bounds = zip(starts, [*starts[1:], len(bars)], strict=True)
    parts = {bars[start].part: _walked(bars, start, stop) for start, stop in bounds}
    found = _walked(bars, 0, starts[0])
    for name in order:
        found += parts[name]
        if len(found) > repeats.MOST_BARS:
            raise FormatError(
                f"an order of parts that plays more than {repeats.MOST_BARS} bars; write fewer."
            )
    return found


def _walked(bars: Sequence[WrittenBar], start: int, stop: int) -> list[PlayedBar]:
    marks = [bar.marks for bar in bars[start:stop]]
    return [PlayedBar(start + bar, turn) for bar, turn in repeats.order(marks)]


def _played_voice(
    bars: Sequence[WrittenBar], order: Sequence[PlayedBar], lengths: Sequence[int], limits: Limits
) -> PlayedVoice:
    starts = [0]
    for bar, _ in order:
        starts.append(starts[-1] + lengths[bar])
    if starts[-1] > limits.quarters * QUARTER:
        raise FormatError(f"music of more than {limits.quarters} quarters; expected less.")
    return PlayedVoice([bars[bar] for bar, _ in order], starts, [turn for _, turn in order])


# Notes, changes, words


def _rows(voice: PlayedVoice) -> list[Row]:
    """Every note, tied ones joined."""
    found: list[Row] = []
    tied: defaultdict[tuple[int, int], deque[tuple[int, int]]] = defaultdict(deque)  # at (end, pitch)
    for bar, start in zip(voice.bars, voice.starts, strict=False):
        for note in bar.notes:
            onset = start + note.onset
            end = onset + note.duration
            waiting = tied.get((onset, note.pitch)) if tied else None
            if waiting:
                number, onset = waiting.popleft()
                found[number] = (onset, end, note.pitch, found[number][3])
            else:
                number = len(found)
                found.append((onset, end, note.pitch, note.velocity))
            if note.is_tied:
                tied[end, note.pitch].append((number, onset))
    return found


def _changes(voice: PlayedVoice) -> list[tuple[int, Key | float | str]]:
    return [
        (start + change.onset, change.value)
        for bar, start in zip(voice.bars, voice.starts, strict=False)
        for change in bar.changes
    ]


def _words(voice: PlayedVoice) -> Iterator[tuple[int, str]]:
    """(time, syllable) of the verse that is sung: the second one when the section is played again."""
    for bar, start, turn in zip(voice.bars, voice.starts, voice.turns, strict=False):
        for note in bar.notes:
            if note.words:
                text = note.words.get(min(turn, max(note.words)), "")
                if text:
                    yield start + note.onset, text


def _keys(entries: Iterable[tuple[int, Key]]) -> Iterator[KeyChange]:
    """Changes of key, without those that change nothing; the last at one time counts."""
    before: Key | None = None
    for time, key in sorted(dict(sorted(entries, key=lambda entry: entry[0])).items()):
        if key != before:
            yield KeyChange(time, key)
        before = key


def _chords(entries: Iterable[tuple[int, str]]) -> Iterator[Mark]:
    """Chord symbols, each once, though several voices write it."""
    return (Mark(time, text) for time, text in sorted(set(entries)))


# Meters


def _meters(bars: Sequence[WrittenBar], starts: Sequence[int]) -> list[tuple[int, Meter]]:
    """(time, meter) entries by which bar lines fall where they are written; `starts` has one time more than
    there are bars, the end.

    A bar shorter than its meter is completed by those that follow it: the end of a section is short by the
    pick-up of the next. What cannot be completed has an entry of its own length, as has a pick-up at the
    beginning. A bar of more than two whole ones is music without bar lines, and free music has no meter:
    neither makes entries.
    """
    found: list[tuple[int, Meter]] = []
    begun: int | None = None  # where a bar that is not yet whole began
    for bar, start, stop in zip(bars, starts, starts[1:], strict=False):
        if bar.meter is None:
            begun = None
            continue
        whole = 4 * QUARTER * bar.meter.numerator // bar.meter.denominator
        if begun is not None and (stop - begun > whole or _meter_at(found) != bar.meter):
            found[-1] = _short(begun, start)
            begun = None
        if begun is None:
            found.append((start, bar.meter))
            begun = start
        if stop - begun == whole or (stop - begun) % whole == 0 or stop - begun > 2 * whole:
            begun = None
        elif stop - begun > whole:
            found[-1] = _short(begun, stop)
            begun = None
    return found


def _meter_at(found: Sequence[tuple[int, Meter]]) -> Meter:
    return found[-1][1]


def _short(start: int, stop: int) -> tuple[int, Meter]:
    return start, meter_of(Fraction(stop - start, QUARTER))


# Times


def _resolution(times: Sequence[Int64]) -> int:
    """The ticks per quarter that hold all times: 480 or a multiple where they can, 27,720 where none can."""
    shared = int(np.gcd.reduce(np.concatenate([*times, np.array([QUARTER])])))
    needed = QUARTER // shared
    for wanted in (_USUAL_TICKS, int(np.lcm(needed, _USUAL_TICKS)), -(-_USUAL_TICKS // needed) * needed):
        if wanted % needed == 0 and wanted <= MOST_TICKS_PER_QUARTER:
            return wanted
    return _ROUND_TICKS


def _ticks(times: Int64, per_quarter: int) -> Int64:
    return (2 * times * per_quarter + QUARTER) // (2 * QUARTER)


def _notes(rows: Int64, voice: WrittenVoice, track: int, per_quarter: int) -> Notes:
    times = _ticks(rows[:, :2], per_quarter)
    return Notes.of(
        times[:, 0],
        np.maximum(times[:, 1], times[:, 0] + 1),
        rows[:, 2],
        velocity=rows[:, 3],
        program=voice.program,
        is_drum=voice.is_drum,
        track=track,
    ).sorted()
