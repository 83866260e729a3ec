"""Writes a `Score` as one ABC tune: a voice for each part, with bar lines, ties, triplets, chord symbols."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from antiphon.errors import OutputError, one_line
from antiphon.io.abc.bars import DEFAULT_LOUDNESS, LOUDNESS
from antiphon.io.abc.layers import GRID, LayerSegment, cut, layers, on_grid
from antiphon.io.abc.pitches import Speller, key_text
from antiphon.io.abc.tune import ABOUT
from antiphon.score import bars
from antiphon.score.maps import Key, Meter
from antiphon.score.score import Score

_UNIT = Fraction(1, 8)
_STEPS_A_UNIT = int(4 * GRID * _UNIT)
_BARS_A_LINE = 4
_MOST_BARS = 100_000
_FIELDS = {name: letter for letter, name in ABOUT.items()} | {"subtitle": "T"}


def dumps(score: Score) -> bytes:
    """`score` as an ABC tune, UTF-8.

    Times are rounded to a grid of 48 to a quarter. A part has one program and loudness in eight grades;
    controls, bends and markers are left out, and so are things `about` the piece for which ABC has no field.
    What overlaps within a part is written with '&'. Raises `OutputError` for a meter that ABC cannot hold
    and for more than 100,000 bars in all parts.
    """
    sheet = _Sheet(score)
    text = "\n".join([*_header(score), *(line for i in range(len(sheet.names)) for line in sheet.voice(i))])
    return (text + "\n").encode("utf-8", errors="replace")


def _header(score: Score) -> Iterator[str]:
    yield "X:1"
    yield f"T:{_text(score.title)}"
    for name, text in score.about:
        if name in _FIELDS and one_line(text):
            yield f"{_FIELDS[name]}:{_text(text)}"
    yield f"M:{_meter(_first_meter(score))}"
    yield f"L:{_UNIT}"
    yield f"Q:{_tempo(float(score.tempos.qpm[0]))}"
    yield f"K:{key_text(_first_key(score))}"


class _Sheet:
    """What all voices share: bar lines and changes, in steps of the grid."""

    def __init__(self, score: Score) -> None:
        self.score = score
        self.names = [score.track_name(i) for i in range(max(score.n_tracks, 1))]
        self.lines = self._lines()
        self.signs: dict[int, list[str]] = defaultdict(list)  # what stands before a time, in every voice
        self.keys: dict[int, Key] = {}
        self.only: dict[int, list[str]] = defaultdict(list)  # and in the first voice only
        self._place_changes()

    def voice(self, number: int) -> Iterator[str]:
        """The lines of one part."""
        score = self.score
        notes = score.notes[score.notes.track == number]
        if len(self.names) > 1 or self.names[0]:
            name = _text(self.names[number]).replace('"', "'")
            yield f'V:{number + 1} name="{name}"'
        if len(notes) and int(notes.program[0]):
            yield f"%%MIDI program {int(notes.program[0])}"
        if len(notes) and bool(notes.is_drum[0]):
            yield "%%MIDI channel 10"
        words = {self._at(lyric.time): lyric.text for lyric in score.lyrics if max(lyric.track, 0) == number}
        changes = sorted(self.signs.keys() | (self.only.keys() if number == 0 else set()))
        bounds = sorted({*self.lines, *changes})
        parts = [cut(layer, bounds) for layer in layers(notes, score.ticks_per_quarter) or [[]]]
        yield from _Voice(self, number, parts, words).lines()

    def _at(self, time: int) -> int:
        return int(on_grid(time, self.score.ticks_per_quarter))  # type: ignore[arg-type]

    def _lines(self) -> list[int]:
        """Bar lines, and the end of the music."""
        if (n_bars := bars.most_bars(self.score) * len(self.names)) > _MOST_BARS:
            raise OutputError(
                f"music of {n_bars} bars in all parts; ABC is written with at most {_MOST_BARS}."
            )
        found = {self._at(int(time)) for time in bars.bar_lines(self.score)}
        begun = [*self.score.notes.start.tolist(), *(mark.time for mark in self.score.chords)]
        end = max((self._at(time) + 1 for time in {max(begun, default=-1)} if time >= 0), default=0)
        return sorted(found | {0, max(end, self._at(self.score.end))})

    def _place_changes(self) -> None:
        score, begin = self.score, bars.pickup(self.score)
        first, end = _first_key(score), self.lines[-1]
        times = zip(
            score.meters.time.tolist()[1:],
            score.meters.numerator[1:],
            score.meters.denominator[1:],
            strict=True,
        )
        for time, numerator, denominator in times:
            if time != begin:
                self.signs[self._at(time)].append(f"[M:{_meter(Meter(int(numerator), int(denominator)))}]")
        for change in score.keys:
            if change.time or change.key != first:
                self.signs[self._at(change.time)].append(f"[K:{key_text(change.key)}]")
            self.keys[self._at(change.time)] = change.key
        for time, qpm in zip(score.tempos.time.tolist()[1:], score.tempos.qpm.tolist()[1:], strict=True):
            self.only[self._at(time)].append(f"[Q:{_tempo(qpm)}]")
        for chord in score.chords:
            self.only[self._at(chord.time)].append(f'"{_text(chord.text).replace(chr(34), "")}"')
        for late in [time for time in (*self.signs, *self.only) if time >= end > 0]:
            self.signs.pop(late, None)
            self.only.pop(late, None)


class _Voice:
    """One part on the sheet."""

    def __init__(
        self, sheet: _Sheet, number: int, parts: list[list[LayerSegment]], words: dict[int, str]
    ) -> None:
        self.sheet, self.is_first, self.parts, self.words = sheet, number == 0, parts, words
        self.starts = [[segment.start for segment in part] for part in parts]
        self.speller = Speller(_first_key(sheet.score))
        self.loudness = DEFAULT_LOUDNESS
        self.sung: list[str] = []

    def lines(self) -> Iterator[str]:
        """A few bars a line, its words under it."""
        n_bars = len(self.sheet.lines) - 1
        has_words = bool(self.words)
        for first in range(0, n_bars, _BARS_A_LINE):
            self.sung = []
            stop = min(first + _BARS_A_LINE, n_bars)
            music = " | ".join(self._bar(i) for i in range(first, stop))
            yield f"{music} {'|]' if stop == n_bars else '|'}"
            if has_words and self.sung:
                yield f"w: {' '.join(self.sung)}"

    def _bar(self, number: int) -> str:
        start, stop = self.sheet.lines[number : number + 2]
        self.speller.begin_bar()
        cuts = [(bisect_left(starts, start), bisect_left(starts, stop)) for starts in self.starts]
        found = [part[first:last] for part, (first, last) in zip(self.parts, cuts, strict=True)]
        first, *others = found
        over = [segments for segments in others if any(segment.pitches for segment in segments)]
        texts = [" ".join(self._segments(first, leads=True, always=bool(over)))]
        texts += [" ".join(self._segments(segments, leads=False, always=True)) for segments in over]
        return " & ".join(texts)

    def _segments(self, segments: Sequence[LayerSegment], *, leads: bool, always: bool) -> Iterator[str]:
        for group, is_triplet in _groups(segments):
            text = "" if not is_triplet else "(3" if len(group) == 3 else f"(3:2:{len(group)}"
            for segment in group:
                text += self._signs(segment.start) if leads else ""
                text += self._segment(segment, Fraction(3, 2) if is_triplet else Fraction(1), always)
            yield text

    def _signs(self, time: int) -> str:
        sheet = self.sheet
        if time in sheet.keys:
            self.speller.set_key(sheet.keys[time])
        return "".join((*sheet.signs.get(time, ()), *(sheet.only.get(time, ()) if self.is_first else ())))

    def _segment(self, segment: LayerSegment, factor: Fraction, always: bool) -> str:
        length = _length((segment.stop - segment.start) * factor)
        if not segment.pitches:
            return "z" + length
        word = self.words.pop(segment.start, None) if segment.began else None
        self.sung.append("*" if word is None else _syllable(word))
        # A tie hands on by letter what the key before it meant; what goes on in another key says what it is.
        turned = not segment.began and segment.start in self.sheet.keys
        notes = self.speller.chord(segment.pitches, always=always or turned)
        text = f"[{notes}]" if len(segment.pitches) > 1 else notes
        return self._loudness(segment.velocity) + text + length + ("-" if segment.goes_on else "")

    def _loudness(self, velocity: int) -> str:
        if velocity == self.loudness:
            return ""
        mark, value = min(LOUDNESS.items(), key=lambda item: abs(item[1] - velocity))
        if value == self.loudness:
            return ""
        self.loudness = value
        return f"!{mark}!"


def _groups(segments: Iterable[LayerSegment]) -> Iterator[tuple[list[LayerSegment], bool]]:
    """Plain segments one by one; triplets from where their thirds begin to where they add up."""
    group: list[LayerSegment] = []
    for segment in segments:
        group.append(segment)
        if (segment.stop - group[0].start) % 3 == 0:
            yield group, len(group) > 1
            group = []
    if group:
        yield group, True


def _length(steps: Fraction) -> str:
    length = steps / _STEPS_A_UNIT
    over = "" if length.numerator == 1 else str(length.numerator)
    return over if length.denominator == 1 else f"{over}/{length.denominator}"


def _first_meter(score: Score) -> Meter:
    return score.meters.at(bars.pickup(score))


def _first_key(score: Score) -> Key | None:
    return score.keys[0].key if score.keys and score.keys[0].time == 0 else None


def _meter(meter: Meter) -> str:
    if (
        meter.denominator & (meter.denominator - 1)
        or meter.denominator > 128
        or not 0 < meter.numerator <= 256
    ):
        raise OutputError(f"ABC cannot hold a meter of {meter}; its denominators are powers of two to 128.")
    return str(meter)


def _tempo(qpm: float) -> str:
    number = f"{min(max(qpm, 1.0), 9999.0):.6f}".rstrip("0").rstrip(".")
    return f"1/4={number}"


def _text(text: str) -> str:
    """A text on one line that reads back as it is."""
    return one_line(text).replace("&", "&amp;").replace("%", "\\%")


def _syllable(word: str) -> str:
    plain = re.sub(r"[*_|]", " ", _text(word)).strip()
    return re.sub(r"\s+", "~", plain).replace("-", "\\-") or "*"
