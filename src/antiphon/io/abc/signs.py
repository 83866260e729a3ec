"""The signs in a voice that say in which order its bars are played.

Source: the ABC music standard 2.1, sections 4.8 to 4.10, and 4.14 for !segno!, !coda!, !fine!, !D.C.!.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from antiphon.io.abc.bars import Bar
from antiphon.io.repeats import Marks

_JUMPS = {"dc": "capo", "dacapo": "capo", "ds": "segno", "dalsegno": "segno"}
_REPEAT_END, _REPEAT_START = re.compile(r"(?<!\|)(:+)\]?\|"), re.compile(r"\|\]?:")
_UNSEEN = "[|]"


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


class Signs:
    """The signs of a voice whose bars are `bars`, while they are read."""

    def __init__(self, bars: list[Bar]) -> None:
        self.bars = bars
        self._coming: dict[str, object] = {}  # of the present bar
        self._codas: list[tuple[int, bool]] = []

    def at_bar_line(self, line: BarLine) -> None:
        """A bar line after the last of the bars."""
        if self.bars and line.ends:
            _add(self.bars[-1], ends=line.ends)
        if line.is_double:
            if self.bars:
                _add(self.bars[-1], ending_stops=True)
            self._coming["is_section"] = True
        if line.starts:
            self._coming["starts"] = True

    def ending(self, passes: tuple[int, ...]) -> None:
        """The present bar begins with an ending."""
        self._coming["endings"] = passes

    def word(self, text: str, *, in_bar: bool) -> None:
        """A decoration that is one of order; `in_bar` where something of the present bar came before it."""
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

    def close(self, bar: Bar) -> None:
        """The present bar is over."""
        if self._coming:
            bar.marks = Marks(**self._coming)  # type: ignore[arg-type]
            self._coming = {}

    def finish(self) -> None:
        """The voice is over: what stands after its last bar is that bar's; codas and endings are settled."""
        if self.bars:
            _add(
                self.bars[-1], **{name: self._coming[name] for name in {"jump", "fine"} & self._coming.keys()}
            )
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
        stopped: list[Bar] = []
        for before, bar in zip(self.bars, self.bars[1:], strict=False):
            first, marks = before.marks, bar.marks
            if first.ending_stops and not first.ends:
                stopped.append(before)
            if marks.endings and first.ends:
                for inside in stopped:
                    _add(inside, ending_stops=False)
            if marks.endings or marks.starts or first.ends:
                stopped = []


def _add(bar: Bar, **marks: object) -> None:
    if marks:
        bar.marks = replace(bar.marks, **marks)  # type: ignore[arg-type]
