"""What is written in a voice of a tune: bars of notes with their words, and the marks that give the order in
which the bars are played.

Source: the ABC music standard 2.1, sections 4.8 to 4.10 and 4.14 (repeats, endings, !segno!, !coda!, !fine!,
!D.C.!), and 5.1 (words).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from antiphon.io.repeats import PLAIN, RepeatMarks
from antiphon.score.maps import Key, Meter

LOUDNESS = {"pppp": 16, "ppp": 30, "pp": 45, "p": 60, "mp": 75, "mf": 90, "f": 105, "ff": 120, "fff": 127,
             "ffff": 127}  # fmt: skip
"""Velocities of the marks of loudness."""
DEFAULT_LOUDNESS = 100
"""The velocity of notes without a mark."""
QUARTER = 1024 * 9 * 5 * 7 * 11 * 13
"""Ticks per quarter while reading: tuplets of up to 15 but for some, and notes of 1/4096, are whole."""
_SYLLABLE = re.compile(r"[-_*|]|(?:\\-|[^-_*|\s])+")
_JUMPS = {"dc": "capo", "dacapo": "capo", "ds": "segno", "dalsegno": "segno"}
_REPEAT_END, _REPEAT_START = re.compile(r"(?<!\|)(:+)\]?\|"), re.compile(r"\|\]?:")
_UNSEEN = "[|]"  # an invisible bar line


@dataclass(slots=True)
class WrittenNote:
    """A note, its onset from the bar line and its length in ticks; `words` are its syllables, by verse."""

    onset: int
    duration: int
    pitch: int
    velocity: int
    is_tied: bool = False
    words: dict[int, str] | None = None


class Change(NamedTuple):
    """A key, a tempo (quarters per minute) or a chord symbol at `onset` from the bar line."""

    onset: int
    value: Key | float | str


@dataclass(slots=True)
class WrittenBar:
    """A written bar. `meter` is None where music is free."""

    start: int
    meter: Meter | None
    length: int = 0
    notes: list[WrittenNote] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    part: str = ""
    marks: RepeatMarks = PLAIN

    @property
    def is_empty(self) -> bool:
        """Whether no time has passed in it."""
        return not self.length


@dataclass(slots=True)
class WrittenVoice:
    """A voice as written, its bars in the order of the page."""

    name: str
    bars: list[WrittenBar]
    program: int = 0
    is_drum: bool = False


def sing(notes: Iterable[WrittenNote], text: str, verse: int) -> None:
    """Give the syllables of a w: line, the `verse`-th of its line, to the notes it stands under."""
    sung = iter(notes)
    for match in _SYLLABLE.finditer(text):
        syllable = match[0]
        if syllable == "|":
            continue
        if syllable == "-" and match.start() and text[match.start() - 1] not in "- ":
            continue
        note = next(sung, None)
        if note is None:
            return
        if syllable not in "-_*":
            note.words = note.words or {}
            note.words[verse] = syllable.replace("~", " ").replace("\\-", "-")


class BarLine(NamedTuple):
    """How often the section that ends is played (0 where none does), whether one begins, whether the line
    is double or thick."""

    ends: int
    starts: bool
    is_double: bool


def bar_line(text: str) -> BarLine | None:
    """What a bar line of any shape means; None for a lone ':'."""
    if text == "|":
        return BarLine(0, False, False)
    text = text.removeprefix(_UNSEEN) or "|"
    if "|" not in text:
        return BarLine(2, True, False) if len(text) > 1 else None
    before = _REPEAT_END.search(text)
    is_double = text.count("|") > 1 or "[" in text or "]" in text
    return BarLine(len(before[1]) + 1 if before else 0, bool(_REPEAT_START.search(text)), is_double)


class SignReader:
    """Takes in the signs for the order of bars as a voice is read, and sets the marks of its `bars`."""

    def __init__(self, bars: list[WrittenBar]) -> None:
        self.bars = bars
        self._coming: dict[str, object] = {}  # of the present bar
        self._codas: list[tuple[int, bool]] = []

    def at_bar_line(self, line: BarLine) -> None:
        """Take in a bar line after the last of the bars."""
        if self.bars and line.ends:
            _add(self.bars[-1], ends=line.ends)
        if line.is_double:
            if self.bars:
                _add(self.bars[-1], ending_stops=True)
            self._coming["is_section"] = True
        if line.starts:
            self._coming["starts"] = True

    def ending(self, passes: tuple[int, ...]) -> None:
        """Begin the present bar with an ending, for these passes."""
        self._coming["endings"] = passes

    def word(self, text: str, *, in_bar: bool) -> None:
        """Take in a decoration if it is such a sign; `in_bar` where part of the present bar precedes it."""
        word = re.sub(r"[^a-z]", "", text.lower())
        if word == "segno":
            self._coming["is_segno"] = True
        elif word in ("coda", "dacoda", "tocoda"):
            is_sign = word == "coda"
            self._codas.append((len(self.bars) - (not in_bar and not is_sign), is_sign))
        elif word == "fine":
            self._coming["fine"] = True
        elif (kind := re.sub(r"al(fine|coda)$", "", word)) in _JUMPS:
            self._coming["jump"] = _JUMPS[kind]

    def close(self, bar: WrittenBar) -> None:
        """End the present bar."""
        if self._coming:
            bar.marks = RepeatMarks(**self._coming)  # type: ignore[arg-type]
            self._coming = {}

    def finish(self) -> None:
        """End the voice: what stands after its last bar belongs to it; codas and endings are settled."""
        if self.bars:
            trailing = {"jump", "fine"} & self._coming.keys()
            _add(self.bars[-1], **{name: self._coming[name] for name in trailing})
        self._place_codas()
        self._close_endings()

    def _place_codas(self) -> None:
        """The last coda sign is where the coda begins; the others, where the music goes there."""
        signs = [bar for bar, is_sign in self._codas if is_sign]
        leaves = [bar for bar, is_sign in self._codas if not is_sign] + [bar - 1 for bar in signs[:-1]]
        for bar in leaves:
            if 0 <= bar < len(self.bars):
                _add(self.bars[bar], to_coda=True)
        if signs and signs[-1] < len(self.bars):
            _add(self.bars[signs[-1]], is_coda=True)

    def _close_endings(self) -> None:
        """A double bar line inside a first ending does not stop it, when a second one follows its repeat."""
        stopped: list[WrittenBar] = []
        for before, bar in zip(self.bars, self.bars[1:], strict=False):
            first, marks = before.marks, bar.marks
            if first.ending_stops and not first.ends:
                stopped.append(before)
            if marks.endings and first.ends:
                for inside in stopped:
                    _add(inside, ending_stops=False)
            if marks.endings or marks.starts or first.ends:
                stopped = []


def _add(bar: WrittenBar, **marks: object) -> None:
    if marks:
        bar.marks = replace(bar.marks, **marks)  # type: ignore[arg-type]
