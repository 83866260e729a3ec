"""A written score as it is played: repeats unrolled, ties joined, loudness and maps along the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from antiphon.errors import FormatError
from antiphon.io import repeats
from antiphon.io.limits import Limits, check_length
from antiphon.io.musicxml.bars import Bar, bars, meters
from antiphon.io.musicxml.dynamics import Hairpin, Level, velocities
from antiphon.io.musicxml.structure import Place
from antiphon.io.musicxml.ties import Tied, joined
from antiphon.io.musicxml.written import Note, Sung, Written
from antiphon.io.repeats import PlayedBar
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Float, Int, Notes
from antiphon.score.score import Score

T = TypeVar("T")

_ROUNDING = 16  # ends and beginnings of tied notes may miss each other by this part of a quarter


def score(written: Written, limits: Limits, *, unroll: bool = True) -> Score:
    """The score as it sounds; without `unroll` each bar once, in the order of the page. Raises `FormatError`
    where that is outside `limits`.
    """
    stage = Stage.of(written, unroll)
    if stage.ticks > limits.quarters * written.ticks_per_quarter:
        raise FormatError(f"MusicXML that plays more than {limits.quarters} quarter notes; it is not read.")
    found = Score(
        notes=_notes(written, stage, limits),
        ticks_per_quarter=written.ticks_per_quarter,
        tempos=TempoMap.of(_tempos(written, stage)),
        meters=MeterMap.of(meters([stage.bars[p.bar] for p in stage.order], written.ticks_per_quarter)),
        keys=_keys(written, stage),
        chords=_chords(written, stage),
        lyrics=_lyrics(written.lyrics, stage),
        markers=tuple(Mark(time, text) for time, text in stage.marks(written.markers)),
        track_names=tuple(written.names),
    )
    check_length(found, limits, "MusicXML")
    return found


@dataclass(frozen=True)
class Stage:
    """From places on the page to times: the bars, where measures begin, the order of bars, and by how many
    ticks each played bar is later than its place on the page.
    """

    bars: list[Bar]
    measures: Int
    order: list[PlayedBar]
    shift: Int

    @classmethod
    def of(cls, written: Written, unroll: bool) -> Stage:
        """The stage of a score."""
        found = bars(written)
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


_MOST_MARKS = 1_000_000


def _notes(written: Written, stage: Stage, limits: Limits) -> Notes:
    if not written.notes:
        return Notes.none()
    table = np.array(written.notes, dtype=np.int64)
    columns = dict(zip(Note._fields, table.T, strict=True))
    on_page = stage.measures[columns["measure"]] + columns["time"]
    velocity = _velocities(written, stage, columns["track"], on_page) + columns["louder"]
    velocity = np.where(columns["own"] > 0, columns["own"], np.clip(np.rint(velocity), 1, 127))
    order = np.argsort(on_page, kind="stable")
    numbers, start, _ = stage.play(on_page[order], limits.notes)
    rows = {name: column[order][numbers] for name, column in columns.items()}
    tied = Tied(start, start + rows["length"], rows["track"], rows["pitch"], rows["voice"], rows["tie"])
    keep, end = joined(tied, written.ticks_per_quarter // _ROUNDING)
    notes = Notes(
        start, end, rows["pitch"], velocity[order][numbers], rows["program"], rows["is_drum"], rows["track"]
    )[keep]
    return notes[np.lexsort((notes.start, notes.track))]


def _velocities(written: Written, stage: Stage, track: Int, on_page: Int) -> Float:
    found = np.empty(len(track))
    for number in range(len(written.names)):
        mine = track == number
        if not mine.any():
            continue
        levels, slopes = written.levels.get(number, []), written.slopes.get(number, [])
        times = stage.on_page([place for place, _ in levels]).tolist()
        marks = [Level(time, level) for time, (_, level) in zip(times, levels, strict=True)]
        starts = stage.on_page([slope.start for slope in slopes]).tolist()
        stops = stage.on_page([slope.stop for slope in slopes]).tolist()
        hairpins = [Hairpin(a, b, slope.sign) for a, b, slope in zip(starts, stops, slopes, strict=True)]
        found[mine] = velocities(on_page[mine], marks, hairpins, written.ticks_per_quarter)
    return found


def _tempos(written: Written, stage: Stage) -> list[tuple[int, float]]:
    if not written.tempos:
        return []
    ordered = sorted(written.tempos, key=lambda entry: (entry[0], entry[1].weight))
    times = stage.on_page([place for place, _ in ordered]).tolist()
    return stage.along([(time, tempo.qpm) for time, (_, tempo) in zip(times, ordered, strict=True)])


def _keys(written: Written, stage: Stage) -> tuple[KeyChange, ...]:
    """The keys of the first part that has any."""
    first = min((track for _, _, track in written.keys), default=0)
    ordered = sorted((place, key) for place, key, track in written.keys if track == first)
    if not ordered:
        return ()
    times = stage.on_page([place for place, _ in ordered]).tolist()
    latest: dict[int, Key] = dict(
        stage.along([(time, key) for time, (_, key) in zip(times, ordered, strict=True)])
    )
    changes = [KeyChange(time, key) for time, key in latest.items()]
    return tuple(c for b, c in zip([None, *changes], changes, strict=False) if b is None or b.key != c.key)


def _chords(written: Written, stage: Stage) -> tuple[Mark, ...]:
    """The chord symbols; those that several parts have are one."""
    return tuple(dict.fromkeys(Mark(time, text) for time, text in stage.marks(written.chords)))


def _lyrics(lyrics: Sequence[Sung], stage: Stage) -> tuple[Mark, ...]:
    """The verse of each pass where there is one, else the first of the verses that the bar has."""
    if not lyrics:
        return ()
    ordered = sorted(lyrics, key=lambda sung: sung.place)
    numbers, times, turns = stage.play(stage.on_page([sung.place for sung in ordered]), _MOST_MARKS)
    played = list(zip((ordered[n] for n in numbers.tolist()), times.tolist(), turns.tolist(), strict=True))
    chosen = _chosen_verses(((turn, sung.track, sung.verse) for sung, _, turn in played), stage)
    marks = (
        Mark(time, sung.text, sung.track)
        for sung, time, turn in played
        if sung.verse == chosen[turn, sung.track]
    )
    return tuple(sorted(marks, key=lambda mark: (mark.time, mark.track)))


def _chosen_verses(sung: Iterable[tuple[int, int, int]], stage: Stage) -> dict[tuple[int, int], int]:
    """The verse that is sung in each played bar of each track."""
    verses: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for turn, track, verse in sung:
        verses[turn, track].add(verse)
    return {
        at: stage.order[at[0]].turn if stage.order[at[0]].turn in there else min(there)
        for at, there in verses.items()
    }
