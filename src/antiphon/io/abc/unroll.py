"""Written voices to a score: bars in the order in which they are played, ties joined, times in ticks."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from antiphon.errors import FormatError
from antiphon.io import repeats
from antiphon.io.abc import barring
from antiphon.io.abc.bars import QUARTER, Bar, Written
from antiphon.io.limits import Limits
from antiphon.io.repeats import Played
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Int, Notes
from antiphon.score.score import Score

_USUAL_TICKS = 480
_MOST_TICKS = 32_767
_ROUND_TICKS = 27_720  # divided by all numbers up to 12


class Line(NamedTuple):
    """A voice as it is played: its bars one after the other, when each begins (one time more, the end), and
    in which pass of its section."""

    bars: list[Bar]
    starts: list[int]
    turns: list[int]


Row = tuple[int, int, int, int]  # start, end, pitch, velocity


def score(voices: Sequence[Written], order: str, qpm: float, limits: Limits) -> Score:
    """The music of `voices`, a part each; `order` is that of a P: field. Raises `FormatError`."""
    lines = _lines(voices, order, limits)
    rows = [np.array(_rows(line), dtype=np.int64).reshape(-1, 4) for line in lines]
    changes = [_changes(line) for line in lines]
    meters = barring.meters(lines[0].bars, lines[0].starts) if lines else []
    words = [list(_words(line)) for line in lines]
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


def _lines(voices: Sequence[Written], order: str, limits: Limits) -> list[Line]:
    """Voices with as many bars as the first share its repeats and its bar lines."""
    if not voices:
        return []
    played = {id(voice): _order(voice.bars, order) for voice in voices}
    first = played[id(voices[0])]
    n_bars = len(voices[0].bars)
    together = [voice for voice in voices if len(voice.bars) == n_bars]
    lengths = [max(bars) for bars in zip(*([bar.length for bar in v.bars] for v in together), strict=True)]
    lines = []
    for voice in voices:
        if len(voice.bars) == n_bars:
            lines.append(_line(voice.bars, first, lengths, limits))
        else:
            own = [bar.length for bar in voice.bars]
            lines.append(_line(voice.bars, played[id(voice)], own, limits))
    if sum(len(bar.sounds) for line in lines for bar in line.bars) > limits.notes:
        raise FormatError(f"more than {limits.notes} notes, repeats played; expected fewer.")
    return lines


def _order(bars: Sequence[Bar], order: str) -> list[Played]:
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


def _walked(bars: Sequence[Bar], start: int, stop: int) -> list[Played]:
    marks = [bar.marks for bar in bars[start:stop]]
    return [Played(start + bar, turn) for bar, turn in repeats.order(marks)]


def _line(bars: Sequence[Bar], order: Sequence[Played], lengths: Sequence[int], limits: Limits) -> Line:
    starts = [0]
    for bar, _ in order:
        starts.append(starts[-1] + lengths[bar])
    if starts[-1] > limits.quarters * QUARTER:
        raise FormatError(f"music of more than {limits.quarters} quarters; expected less.")
    return Line([bars[bar] for bar, _ in order], starts, [turn for _, turn in order])


# What sounds


def _rows(line: Line) -> list[Row]:
    """Every note, a tied one with those it goes on into."""
    found: list[Row] = []
    tied: defaultdict[tuple[int, int], deque[tuple[int, int]]] = defaultdict(deque)  # at (end, pitch)
    for bar, start in zip(line.bars, line.starts, strict=False):
        for sound in bar.sounds:
            onset = start + sound.onset
            end = onset + sound.duration
            waiting = tied.get((onset, sound.pitch)) if tied else None
            if waiting:
                number, onset = waiting.popleft()
                found[number] = (onset, end, sound.pitch, found[number][3])
            else:
                number = len(found)
                found.append((onset, end, sound.pitch, sound.velocity))
            if sound.is_tied:
                tied[end, sound.pitch].append((number, onset))
    return found


def _changes(line: Line) -> list[tuple[int, Key | float | str]]:
    return [
        (start + change.onset, change.value)
        for bar, start in zip(line.bars, line.starts, strict=False)
        for change in bar.changes
    ]


def _words(line: Line) -> Iterator[tuple[int, str]]:
    """The syllables of the verse that is sung: the second one when the section is played again."""
    for bar, start, turn in zip(line.bars, line.starts, line.turns, strict=False):
        for sound in bar.sounds:
            if sound.words:
                text = sound.words.get(min(turn, max(sound.words)), "")
                if text:
                    yield start + sound.onset, text


def _keys(entries: Iterable[tuple[int, Key]]) -> Iterator[KeyChange]:
    """Without those that change nothing; the last of one time counts."""
    before: Key | None = None
    for time, key in sorted(dict(sorted(entries, key=lambda entry: entry[0])).items()):
        if key != before:
            yield KeyChange(time, key)
        before = key


def _chords(entries: Iterable[tuple[int, str]]) -> Iterator[Mark]:
    """Each once, though several voices write it."""
    return (Mark(time, text) for time, text in sorted(set(entries)))


# Times


def _resolution(times: Sequence[Int]) -> int:
    """The ticks a quarter that hold all times: 480 or a multiple where they can, 27,720 where none can."""
    shared = int(np.gcd.reduce(np.concatenate([*times, np.array([QUARTER])])))
    needed = QUARTER // shared
    for wanted in (_USUAL_TICKS, int(np.lcm(needed, _USUAL_TICKS)), -(-_USUAL_TICKS // needed) * needed):
        if wanted % needed == 0 and wanted <= _MOST_TICKS:
            return wanted
    return _ROUND_TICKS


def _ticks(times: Int, per_quarter: int) -> Int:
    return (2 * times * per_quarter + QUARTER) // (2 * QUARTER)


def _notes(rows: Int, voice: Written, track: int, per_quarter: int) -> Notes:
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
