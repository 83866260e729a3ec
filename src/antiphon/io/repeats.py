"""The order in which the bars of a written piece are played: repeats, endings, da capo, segno and coda.

Rules: a section is played as often as its end says, or as its endings need. A repeat without a beginning goes
back to the end of the repeat before or to the double bar line after that, whichever is later; the first one
goes back to the beginning of the piece, over double bar lines (the ABC music standard 2.1, 4.8, names all
three without an order). After a jump (D.C., D.S.) repeats are not taken again and the last ending is
played, until the music goes beyond the jump; each jump is made once. Whatever the marks, the walk ends.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from antiphon.errors import FormatError

MOST_BARS = 100_000


@dataclass(frozen=True, slots=True)
class RepeatMarks:
    """What stands at one bar. `starts`, `is_section`, `endings`, `is_segno` and `is_coda` hold at its
    beginning, the others at its end."""

    starts: bool = False
    """A repeat begins."""
    is_section: bool = False
    """A double bar line stands before it: repeats without a beginning, but the first, go back to here."""
    endings: tuple[int, ...] = ()
    """An ending begins, for these passes."""
    ends: int = 0
    """A repeat ends: how often its section is played in all (2 as a rule); 0 for none."""
    ending_stops: bool = False
    """The ending is over (without that it lasts until a repeat ends or begins, or the next ending)."""
    is_segno: bool = False
    is_coda: bool = False
    jump: str = ""
    """'capo' (to the beginning), 'segno' (to the last segno before), or none."""
    to_coda: bool = False
    fine: bool = False


PLAIN = RepeatMarks()
"""The marks of a bar that has none."""


class PlayedBar(NamedTuple):
    """Bar number `bar` (from 0), in the pass `turn` (from 1) of its section."""

    bar: int
    turn: int


def order(bars: Sequence[RepeatMarks], most: int = MOST_BARS) -> list[PlayedBar]:
    """The bars as they are played. Raises `FormatError` where that makes more than `most` of them."""
    walk = _Walk(bars)
    while walk.at < len(bars):
        if not walk.arrive():
            continue
        if len(walk.played) >= most:
            raise FormatError(f"repeats that play more than {most} bars; write fewer repeats.")
        walk.played.append(PlayedBar(walk.at, walk.turn))
        walk.leave()
    return walk.played


@dataclass(slots=True)
class _Group:
    """Endings that follow each other: the bar of the ending of each pass, and the bar after them all."""

    after: int
    bar_of: dict[int, int]
    turns: int = 1


class _Walk:
    """Where the music is, and what has been played."""

    def __init__(self, bars: Sequence[RepeatMarks]) -> None:
        self.bars = bars
        self.groups = _groups(bars)
        self.codas = [i for i, marks in enumerate(bars) if marks.is_coda]
        self.played: list[PlayedBar] = []
        self.at = 0
        self.turn = 1
        self.start = 0  # of the section
        self.opened = True  # by a mark of its own, or as the beginning of the piece
        self.group: _Group | None = None  # in which the music is
        self.jumped: set[int] = set()  # the bars whose jump has been made
        self.left: set[int] = set()  # and those from which it went to the coda
        self.replayed = -1  # up to this bar the music has been played before a jump
        self.segno = 0

    def arrive(self) -> bool:
        """Set the section's beginning, choose the ending; whether the present bar is to be played."""
        marks = self.bars[self.at]
        if marks.starts and (self.at != self.start or not self.opened):
            self._begin(self.at, opened=True)
        elif marks.is_section and not self.opened and self.turn == 1 and not self.group:
            self._begin(self.at)
        if marks.is_segno:
            self.segno = self.at
        return self.at not in self.groups or self._choose(self.groups[self.at])

    def leave(self) -> None:
        """Go to the bar that comes next."""
        marks, here = self.bars[self.at], self.at
        self.at += 1
        replaying = here <= self.replayed
        if replaying and marks.fine:
            self.at = len(self.bars)
        elif replaying and marks.to_coda and here not in self.left and self.codas[-1:] > [here]:
            self.left.add(here)
            self._begin(self.codas[bisect_right(self.codas, here)])
        elif not replaying and self.turn < self._turns(marks.ends):
            self._again()
        else:
            self._go_on(marks, here)

    def _begin(self, bar: int, *, opened: bool = False) -> None:
        self.at = self.start = bar
        self.turn, self.opened, self.group = 1, opened, None

    def _again(self) -> None:
        self.at, self.turn, self.group = self.start, self.turn + 1, None

    def _turns(self, ends: int) -> int:
        """How often the section is played that may end here; the last of its endings is an end unsaid."""
        if self.group and (ends == 2 or (not ends and self.at == self.group.after)):
            return max(ends, self.group.turns)
        return ends

    def _go_on(self, marks: RepeatMarks, here: int) -> None:
        if marks.jump and here not in self.jumped:
            self.jumped.add(here)
            self.replayed = max(self.replayed, here)
            self._begin(self.segno if marks.jump == "segno" else 0)
        elif marks.ends:
            self._begin(self.group.after if self.group else self.at)
        elif marks.ending_stops and self.group and self.at == self.group.after:
            self._begin(self.at)

    def _choose(self, group: _Group) -> bool:
        """Go to the ending of this pass (True), or back for the next pass, or to what follows the endings."""
        replaying = self.at <= self.replayed
        wanted = group.turns if replaying else self.turn
        if self.group is group and self.turn < group.turns and not replaying:
            self._again()  # from one ending into the next without a repeat's end
        elif self.group is not group and wanted in group.bar_of:
            self.at, self.group = group.bar_of[wanted], group
            return True
        elif self.group is not group and self.turn == 1:
            self.turn, self.group = min(group.bar_of), group
            return True
        else:
            self._begin(group.after)
        return False


def _groups(bars: Sequence[RepeatMarks]) -> dict[int, _Group]:
    """The group of each bar at which an ending begins."""
    found: dict[int, _Group] = {}
    group: _Group | None = None
    inside = False
    for i, marks in enumerate(bars):
        if marks.endings:
            if group is None or (not inside and group.after != i) or marks.starts:
                group = _Group(i, {})
            for turn in marks.endings:
                group.bar_of.setdefault(turn, i)
            group.turns = max(group.turns, *marks.endings)
            found[i], inside = group, True
        elif marks.starts:
            group, inside = None, False
        if inside and group is not None:
            group.after = i + 1
            inside = not (marks.ends or marks.ending_stops)
    return found
