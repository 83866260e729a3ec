"""A written score as it is played: repeats unrolled, ties joined, loudness and maps along the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np

from antiphon.errors import FormatError
from antiphon.io import repeats
from antiphon.io.limits import Limits, check_length
from antiphon.io.musicxml.bars import BarSpan, meters_played, written_bars
from antiphon.io.musicxml.directions import Hairpin, Level, velocities
from antiphon.io.musicxml.numbers import Place
from antiphon.io.musicxml.written import STARTS, STOPS, Note, Syllable, WrittenScore
from antiphon.io.repeats import PlayedBar
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Bool, Float, Int, Notes
from antiphon.score.score import Score

T = TypeVar("T")

_MOST_MARKS = 1_000_000
_TIME_BITS = 36
_ROUNDING = 16  # ends and beginnings of tied notes may miss each other by this part of a quarter


def score(written: WrittenScore, limits: Limits, *, unroll: bool = True) -> Score:
    """The score as it sounds; without `unroll` each bar once, in the order of the page. Raises `FormatError`
    where that is outside `limits`.
    """
    timeline = Timeline.of(written, unroll)
    if timeline.ticks > limits.quarters * written.ticks_per_quarter:
        raise FormatError(f"MusicXML that plays more than {limits.quarters} quarter notes; it is not read.")
    found = Score(
        notes=_notes(written, timeline, limits),
        ticks_per_quarter=written.ticks_per_quarter,
        tempos=TempoMap.of(_tempos(written, timeline)),
        meters=MeterMap.of(
            meters_played([timeline.bars[p.bar] for p in timeline.order], written.ticks_per_quarter)
        ),
        keys=_keys(written, timeline),
        chords=_chords(written, timeline),
        lyrics=_lyrics(written.lyrics, timeline),
        markers=tuple(Mark(time, text) for time, text in timeline.marks(written.markers)),
        track_names=tuple(written.names),
    )
    check_length(found, limits, "MusicXML")
    return found


@dataclass(frozen=True)
class Timeline:
    """Places on the page as times of playing. `bars` are those of the page, `measures` the ticks at which
    measures begin on it, `order` the bars as played, and `shift` how many ticks later each of these is played
    than it stands on the page.
    """

    bars: list[BarSpan]
    measures: Int
    order: list[PlayedBar]
    shift: Int

    @classmethod
    def of(cls, written: WrittenScore, unroll: bool) -> Timeline:
        """The timeline of a score; without `unroll` each bar is played once."""
        found = written_bars(written.lengths, written.meters, written.signs.inner, written.ticks_per_quarter)
        measures = np.array([bar.start for bar in found if bar.place[1] == 0], dtype=np.int64)
        order = [PlayedBar(i, 1) for i in range(len(found))]
        if unroll:
            lengths = np.diff([*measures, found[-1].start + found[-1].length if found else 0]).tolist()
            order = repeats.order(written.signs.marks([bar.place for bar in found], lengths))
        starts = np.array([found[p.bar].start for p in order], dtype=np.int64)
        lasting = np.array([found[p.bar].length for p in order], dtype=np.int64)
        return cls(found, measures, order, np.cumsum(lasting) - lasting - starts)

    @property
    def ticks(self) -> int:
        """When the last bar begins."""
        return self.bars[self.order[-1].bar].start + int(self.shift[-1]) if self.order else 0

    def on_page(self, places: Sequence[Place]) -> Int:
        """Ticks from the beginning of the page for places."""
        rows = np.array(places, dtype=np.int64).reshape(-1, 2)
        times: Int = self.measures[rows[:, 0]] + rows[:, 1]
        return times

    def play(self, on_page: Int, most: int) -> tuple[Int, Int, Int]:
        """Where and when things at sorted times of the page are played: their numbers, their times, and the
        numbers of the played bars. Raises `FormatError` for more than `most`.
        """
        starts = np.array([bar.start for bar in self.bars], dtype=np.int64)
        low = np.searchsorted(on_page, starts)
        high = np.append(low[1:], len(on_page))
        order = np.array([p.bar for p in self.order], dtype=np.int64)
        counts = (high - low)[order]
        if counts.sum() > most:
            raise FormatError(
                f"MusicXML whose repeats play {counts.sum()} notes or marks; at most {most} are read."
            )
        first = np.repeat(low[order] - (np.cumsum(counts) - counts), counts)
        numbers = first + np.arange(len(first))
        turns = np.repeat(np.arange(len(order)), counts)
        return numbers, on_page[numbers] + self.shift[turns], turns

    def marks(self, entries: Sequence[tuple[Place, str]]) -> list[tuple[int, str]]:
        """(time, text) of texts as they are played."""
        if not entries:
            return []
        ordered = sorted(entries, key=lambda entry: entry[0])
        numbers, times, _ = self.play(self.on_page([place for place, _ in ordered]), _MOST_MARKS)
        return [(t, ordered[n][1]) for n, t in zip(numbers.tolist(), times.tolist(), strict=True)]

    def along(self, entries: Sequence[tuple[int, T]]) -> list[tuple[int, T]]:
        """(time, value) of values that hold until the next on the page, also where the music jumps; `entries`
        are sorted by their times on the page.
        """
        times = np.array([time for time, _ in entries], dtype=np.int64)
        numbers, played, _ = self.play(times, _MOST_MARKS)
        found = [(t, entries[n][1]) for n, t in zip(numbers.tolist(), played.tolist(), strict=True)]
        for turn, (before, now) in enumerate(pairwise(self.order), start=1):
            if now.bar != before.bar + 1:
                start = self.bars[now.bar].start
                holds = int(np.searchsorted(times, start, side="right")) - 1
                if holds >= 0:
                    found.append((start + int(self.shift[turn]), entries[holds][1]))
        return sorted(found, key=lambda entry: entry[0])


def _notes(written: WrittenScore, timeline: Timeline, limits: Limits) -> Notes:
    if not written.notes:
        return Notes.none()
    table = np.array(written.notes, dtype=np.int64)
    columns = dict(zip(Note._fields, table.T, strict=True))
    on_page = timeline.measures[columns["measure"]] + columns["time"]
    velocity = _velocities(written, timeline, columns["track"], on_page) + columns["louder"]
    velocity = np.where(columns["own"] > 0, columns["own"], np.clip(np.rint(velocity), 1, 127))
    order = np.argsort(on_page, kind="stable")
    numbers, start, _ = timeline.play(on_page[order], limits.notes)
    rows = {name: column[order][numbers] for name, column in columns.items()}
    tied = Tied(start, start + rows["length"], rows["track"], rows["pitch"], rows["voice"], rows["tie"])
    keep, end = joined(tied, written.ticks_per_quarter // _ROUNDING)
    notes = Notes(
        start, end, rows["pitch"], velocity[order][numbers], rows["program"], rows["is_drum"], rows["track"]
    )[keep]
    return notes[np.lexsort((notes.start, notes.track))]


def _velocities(written: WrittenScore, timeline: Timeline, track: Int, on_page: Int) -> Float:
    found = np.empty(len(track))
    for number in range(len(written.names)):
        mine = track == number
        if not mine.any():
            continue
        levels, placed = written.levels.get(number, []), written.hairpins.get(number, [])
        times = timeline.on_page([place for place, _ in levels]).tolist()
        marks = [Level(time, level) for time, (_, level) in zip(times, levels, strict=True)]
        starts = timeline.on_page([hairpin.start for hairpin in placed]).tolist()
        stops = timeline.on_page([hairpin.stop for hairpin in placed]).tolist()
        hairpins = [Hairpin(a, b, hairpin.sign) for a, b, hairpin in zip(starts, stops, placed, strict=True)]
        found[mine] = velocities(on_page[mine], marks, hairpins, written.ticks_per_quarter)
    return found


def _tempos(written: WrittenScore, timeline: Timeline) -> list[tuple[int, float]]:
    if not written.tempos:
        return []
    ordered = sorted(written.tempos, key=lambda entry: (entry[0], entry[1].weight))
    times = timeline.on_page([place for place, _ in ordered]).tolist()
    return timeline.along([(time, tempo.qpm) for time, (_, tempo) in zip(times, ordered, strict=True)])


def _keys(written: WrittenScore, timeline: Timeline) -> tuple[KeyChange, ...]:
    """The keys of the first part that has any."""
    first = min((track for _, _, track in written.keys), default=0)
    ordered = sorted((place, key) for place, key, track in written.keys if track == first)
    if not ordered:
        return ()
    times = timeline.on_page([place for place, _ in ordered]).tolist()
    latest: dict[int, Key] = dict(
        timeline.along([(time, key) for time, (_, key) in zip(times, ordered, strict=True)])
    )
    changes = [KeyChange(time, key) for time, key in latest.items()]
    return tuple(c for b, c in zip([None, *changes], changes, strict=False) if b is None or b.key != c.key)


def _chords(written: WrittenScore, timeline: Timeline) -> tuple[Mark, ...]:
    """The chord symbols; those that several parts have are one."""
    return tuple(dict.fromkeys(Mark(time, text) for time, text in timeline.marks(written.chords)))


def _lyrics(lyrics: Sequence[Syllable], timeline: Timeline) -> tuple[Mark, ...]:
    """The verse of each pass where there is one, else the first of the verses that the bar has."""
    if not lyrics:
        return ()
    ordered = sorted(lyrics, key=lambda sung: sung.place)
    numbers, times, turns = timeline.play(timeline.on_page([sung.place for sung in ordered]), _MOST_MARKS)
    played = list(zip((ordered[n] for n in numbers.tolist()), times.tolist(), turns.tolist(), strict=True))
    chosen = _chosen_verses(((turn, sung.track, sung.verse) for sung, _, turn in played), timeline)
    marks = (
        Mark(time, sung.text, sung.track)
        for sung, time, turn in played
        if sung.verse == chosen[turn, sung.track]
    )
    return tuple(sorted(marks, key=lambda mark: (mark.time, mark.track)))


def _chosen_verses(sung: Iterable[tuple[int, int, int]], timeline: Timeline) -> dict[tuple[int, int], int]:
    """The verse that is sung in each played bar of each track."""
    verses: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for turn, track, verse in sung:
        verses[turn, track].add(verse)
    return {
        at: timeline.order[at[0]].turn if timeline.order[at[0]].turn in there else min(there)
        for at, there in verses.items()
    }


# Ties


class Tied(NamedTuple):
    """Columns of notes (int64 [N]) by their beginnings; `tie` is a sum of `STARTS` and `STOPS`."""

    start: Int
    end: Int
    track: Int
    pitch: Int
    voice: Int
    tie: Int


def joined(notes: Tied, rounding: int) -> tuple[Bool, Int]:
    """Which notes begin a sound (bool [N]), and the ends of the sounds (int64 [N]).

    A tie leads to the next note of its pitch and part at which a tie stops; they may miss each other by
    `rounding` ticks. Of several open ties the nearest does, of equally near ones that of the same voice. A
    tie leads as well to a note right after it in the same voice at which no tie is said to stop. A note at
    which a tie stops that started nowhere, as after a jump, is a sound of its own.
    """
    keep, end = np.ones(len(notes.start), dtype=np.bool_), notes.end.copy()
    rows = np.flatnonzero((notes.tie > 0) | _following(notes))
    waiting: defaultdict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
    columns = (column[rows].tolist() for column in (notes.track, notes.pitch, notes.start, notes.voice))
    for i, track, pitch, start, voice in zip(rows.tolist(), *columns, strict=True):
        tie = int(notes.tie[i])
        open_ties = waiting[track, pitch]
        head = _leading_to(open_ties, end, start, voice, rounding, any_voice=bool(tie & STOPS))
        if head is not None:
            keep[i] = False
            end[head] = end[i]
        if tie & STARTS:
            open_ties.append((i if head is None else head, voice))
    return keep, end


def _following(notes: Tied) -> Bool:
    """Notes that begin where a tied note of the same pitch and voice ends."""
    key = (notes.track * 128 + notes.pitch) * (int(notes.voice.max(initial=0)) + 1) + notes.voice
    starts = (notes.tie & STARTS) > 0
    place = key << _TIME_BITS
    found: Bool = np.isin(place + notes.start, place[starts] + notes.end[starts])
    return found


def _leading_to(
    open_ties: list[tuple[int, int]], end: Int, start: int, voice: int, rounding: int, *, any_voice: bool
) -> int | None:
    """The first note of the open tie (note, voice) that leads to a note, None for none; the tie is taken from
    `open_ties`, as are those too old to lead anywhere.
    """
    open_ties[:] = [tie for tie in open_ties if end[tie[0]] >= start - rounding]
    near = [(abs(int(end[note]) - start), other != voice, i) for i, (note, other) in enumerate(open_ties)]
    fitting = [miss for miss in near if (miss[0] <= rounding if any_voice else miss[0] == 0 and not miss[1])]
    return open_ties.pop(min(fitting)[2])[0] if fitting else None
