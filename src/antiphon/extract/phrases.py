"""Passages without a gap, and the rules of length that every line-wise kind of sequence shares.

The rules are those of Magenta's `extract_melodies` and `extract_drum_tracks`: a passage begins at the bar
line before its first onset and ends where a rest of `gap_bars` bars follows; short ones are left out, long
ones cut.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from antiphon.errors import OptionError
from antiphon.extract.meters import Stretch
from antiphon.score.notes import Bool, Int

MOST_STEPS = 1 << 24
"""Steps of all passages of a score; thousands of parts may each hold notes for hours."""


class OnsetColumns(Protocol):
    """Columns ordered by line and start, one row per onset."""

    @property
    def start(self) -> Int:
        """First step."""
        ...

    @property
    def end(self) -> Int:
        """The step after the last."""
        ...

    @property
    def line(self) -> Int:
        """Number of the line."""
        ...

    @property
    def stretch(self) -> Int:
        """Number of the stretch of one meter."""
        ...


class Phrasing(Protocol):
    """The options that say what a passage is."""

    @property
    def min_bars(self) -> int:
        """Shorter passages are left out."""
        ...

    @property
    def max_steps(self) -> int | None:
        """Longer passages are cut here; None keeps them whole."""
        ...

    @property
    def gap_bars(self) -> float:
        """A rest of this many bars ends a passage."""
        ...

    @property
    def trim_start(self) -> bool:
        """Whether a passage begins at its first onset."""
        ...

    @property
    def pad_end(self) -> bool:
        """Whether the last bar is filled up."""
        ...


def check(options: Phrasing) -> None:
    """Raises `OptionError` for values that no passage could follow."""
    if not (options.gap_bars > 0 and math.isfinite(options.gap_bars)):
        raise OptionError(f"gap_bars is {options.gap_bars}; expected a number of bars above 0.")
    if options.max_steps is not None and options.max_steps < 1:
        raise OptionError(f"max_steps is {options.max_steps}; expected at least 1, or none for no limit.")


class Phrases(NamedTuple):
    """Columns of passages: rows [`first`, `stop`) of the onsets; the step `begin` of event 0 and its step in
    the bar; steps of a bar; length in steps."""

    first: Int
    stop: Int
    begin: Int
    start_in_bar: Int
    bar: Int
    length: Int

    def where(self, mask: Bool) -> Phrases:
        """Those of `mask`."""
        return Phrases(*(column[mask] for column in self))


def phrases(found: OnsetColumns, areas: Sequence[Stretch], options: Phrasing) -> Phrases:
    """Every passage of every line, in order and uncut; its last bar filled up where the options say so.

    There has to be at least one onset.
    """
    bars = np.array([max(1, int(area.steps_per_bar)) for area in areas])
    rest = found.start[1:] - found.end[:-1] >= (options.gap_bars * bars)[found.stretch[1:]]
    first = np.append(0, np.flatnonzero(rest | (found.line[1:] != found.line[:-1])) + 1)
    stop = np.append(first[1:], len(found.start))
    area, onset = found.stretch[first], found.start[first]
    bar, bar_line = bars[area], np.array([a.bar_line for a in areas])[area]
    begin = onset
    if not options.trim_start:
        begin = np.maximum(onset - (onset - bar_line) % bar, np.array([a.start for a in areas])[area])
    start_in_bar = (begin - bar_line) % bar
    length = found.end[stop - 1] - begin
    if options.pad_end:
        length += -(start_in_bar + length) % bar
    return Phrases(first, stop, begin, start_in_bar, bar, length)


def long_enough(found: Phrases, options: Phrasing, losses: Counter[str]) -> Phrases:
    """Passages of enough bars."""
    enough = found.length >= options.min_bars * found.bar
    count(losses, f"shorter than {options.min_bars} bars", len(enough) - int(enough.sum()))
    return found.where(enough)


def cut(onsets: OnsetColumns, found: Phrases, options: Phrasing, losses: Counter[str]) -> Phrases:
    """Passages no longer than allowed, cut at a bar line where ends are filled up, with onsets left."""
    if options.max_steps is None or not (found.length > options.max_steps).any():
        return found
    too_long = np.flatnonzero(found.length > options.max_steps)
    count(losses, f"cut at {options.max_steps} steps", len(too_long))
    length, stop = found.length.copy(), found.stop.copy()
    length[too_long] = options.max_steps
    if options.pad_end:
        length[too_long] -= ((found.start_in_bar + length) % found.bar)[too_long]
    for i in too_long.tolist():
        begin, first = found.begin[i], found.first[i]
        stop[i] = first + np.searchsorted(onsets.start[first : stop[i]], begin + length[i])
    return found._replace(length=length, stop=stop).where(stop > found.first)


def bounded(found: Phrases, losses: Counter[str]) -> Phrases:
    """Passages as long as all of them have `MOST_STEPS` at most."""
    inside = np.cumsum(found.length) <= MOST_STEPS
    count(losses, f"more than {MOST_STEPS} steps", len(inside) - int(inside.sum()))
    return found.where(inside)


class PassageLayout(NamedTuple):
    """Where the onsets of passages stand when the passages are laid end to end."""

    row: Int
    """Row of each onset that is left."""
    shift: Int
    """What its steps are to be raised by."""
    last: Int
    """Place in `row` of every passage's last onset."""
    end: Int
    """Step after each passage."""


def laid(found: Phrases) -> PassageLayout:
    """The passages end to end, from step 0 on."""
    n, end = found.stop - found.first, np.cumsum(found.length)
    last = np.cumsum(n) - 1
    row = np.arange(n.sum()) + np.repeat(found.stop - 1 - last, n)
    return PassageLayout(row, np.repeat(end - found.length - found.begin, n), last, end)


def count(losses: Counter[str], reason: str, n: int) -> None:
    """Add `n` to the reason, unless it is none."""
    if n:
        losses[reason] += n
