"""The bars of a score as written: where they begin, their meters, and the repeats, endings and jumps that bar
lines, signs and words ask for.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from antiphon.io.musicxml.attributes import Meters, covering, fitting
from antiphon.io.musicxml.directions import words
from antiphon.io.musicxml.numbers import Place, integer
from antiphon.io.repeats import RepeatMarks
from antiphon.score.maps import Meter

_MOST_PASSES = 64
_RANGE = re.compile(r"(\d{1,2})\s*-\s*(\d{1,2})")
_NUMBER = re.compile(r"\d{1,2}")
_CAPO = re.compile(r"^(?:d\.? ?c\.?|da capo)\b", re.IGNORECASE)
_SEGNO = re.compile(r"^(?:d\.? ?s\.?|dal? segno)\b", re.IGNORECASE)
_TO_CODA = re.compile(r"^to (?:the )?coda\b", re.IGNORECASE)
_FINE = re.compile(r"^fine\.?$", re.IGNORECASE)
_CODA = re.compile(r"^coda\.?$", re.IGNORECASE)
_SOUNDS: tuple[tuple[str, bool, str, Any], ...] = (
    ("dacapo", False, "jump", "capo"),
    ("dalsegno", False, "jump", "segno"),
    ("tocoda", False, "to_coda", True),
    ("fine", False, "fine", True),
    ("segno", True, "is_segno", True),
    ("coda", True, "is_coda", True),
    ("forward-repeat", True, "starts", True),
)
_WORDS: tuple[tuple[re.Pattern[str], bool, str, Any], ...] = (
    (_CAPO, False, "jump", "capo"),
    (_SEGNO, False, "jump", "segno"),
    (_TO_CODA, False, "to_coda", True),
    (_FINE, False, "fine", True),
    (_CODA, True, "is_coda", True),
)
_USUAL = Meter()


class RepeatSign(NamedTuple):
    """Something that bears on the order of bars; `begins` where it holds at the beginning of a bar."""

    place: Place
    begins: bool
    name: str
    value: Any


class RepeatSigns:
    """What all parts say about the order of bars, and where repeats stand inside a measure (`inner`)."""

    def __init__(self) -> None:
        self.signs: list[RepeatSign] = []
        self.inner: set[Place] = set()

    def barline(self, barline: Element, place: Place) -> None:
        """Take in a `barline` at a place."""
        ending, repeat = barline.find("ending"), barline.find("repeat")
        where = barline.get("location", "right")
        if ending is not None:
            self._ending(ending, place)
        if repeat is None:
            return
        if where == "middle" and place[1]:
            self.inner.add(place)
        if repeat.get("direction") == "forward":
            self._add(place, True, "starts", True)
        else:
            at = (place[0] - 1, 1 << 60) if where == "left" and place[0] and not place[1] else place
            times = integer(repeat.get("times")) or 2
            self._add(at, False, "ends", min(max(times, 1), _MOST_PASSES))

    def direction(self, direction: Element, place: Place) -> None:
        """Take in a `direction`: what it says for playing, else its signs and words."""
        sound = direction.find("sound")
        if sound is not None and self.sound(sound, place):
            return
        if direction.find("direction-type/segno") is not None:
            self._add(place, True, "is_segno", True)
        if direction.find("direction-type/coda") is not None:
            self._add(place, True, "is_coda", True)
        text = words(direction)
        for pattern, begins, name, value in _WORDS:
            if pattern.search(text):
                self._add(place, begins, name, value)
                return

    def sound(self, sound: Element, place: Place) -> bool:
        """Take in a `sound`; whether it says anything about the order of bars."""
        found = [entry for attribute, *entry in _SOUNDS if sound.get(attribute, "no") not in ("no", "")]
        for begins, name, value in found:
            self._add(place, begins, name, value)
        return bool(found)

    def marks(self, bars: Sequence[Place], lengths: Sequence[int]) -> list[RepeatMarks]:
        """The marks of each bar; `bars` are their beginnings, in order, `lengths` those of the measures."""
        found: list[dict[str, Any]] = [{} for _ in bars]
        for (measure, time), begins, name, value in self.signs:
            if begins:  # a sign at the end of a measure is meant for the next
                place = (measure + 1, 0) if time and time >= lengths[measure] else (measure, time)
            else:
                place = (measure, max(time - 1, 0))
            index = bisect_right(bars, place) - 1
            if bars[index][0] == place[0]:
                found[index].setdefault(name, value)
        return [RepeatMarks(**fields) for fields in found]

    def _add(self, place: Place, begins: bool, name: str, value: Any) -> None:
        self.signs.append(RepeatSign(place, begins, name, value))

    def _ending(self, ending: Element, place: Place) -> None:
        if ending.get("type") == "start":
            self._add(place, True, "endings", passes(ending.get("number", "") or ending.text or ""))
        else:
            self._add(place, False, "ending_stops", True)


def passes(text: str) -> tuple[int, ...]:
    """The passes of an ending: '1, 2' or '1-3'; the first where it gives none."""
    numbers = {int(number) for number in _NUMBER.findall(text)}
    for low, high in _RANGE.findall(text):
        numbers |= set(range(int(low), int(high) + 1))
    return tuple(sorted(n for n in numbers if 0 < n <= _MOST_PASSES)) or (1,)


class BarSpan(NamedTuple):
    """From a bar line to the next: where it begins, as a place and in ticks on the page; its length in
    ticks; its meter, None in free time.
    """

    place: Place
    start: int
    length: int
    meter: Meter | None


def written_bars(
    lengths: Sequence[int], meters: Mapping[Place, Meters], inner: Collection[Place], per_quarter: int
) -> list[BarSpan]:
    """The bars in order: the measures, cut where a meter changes or a repeat stands (`inner`) inside of one.

    A measure lasts as long as its fullest part; one without anything in it lasts its meter.
    """
    inside: dict[int, set[int]] = {}
    for measure, time in [*meters, *inner]:
        if 0 < time < lengths[measure]:
            inside.setdefault(measure, set()).add(time)
    found: list[BarSpan] = []
    start = 0
    possible: Meters = (_USUAL,)
    for measure, filled in enumerate(lengths):
        cuts = sorted({0, *inside.get(measure, ())})
        for time, until in zip(cuts, [*cuts[1:], None], strict=True):
            possible = meters.get((measure, time), possible)
            length = (until or filled or _usual_length(possible, per_quarter)) - time
            found.append(_bar((measure, time), start, length, possible, per_quarter))
            start += length
    return found


def _usual_length(possible: Meters, per_quarter: int) -> int:
    return _length(possible[0] if possible else _USUAL, per_quarter)


def _bar(place: Place, start: int, length: int, possible: Meters, per_quarter: int) -> BarSpan:
    return BarSpan(place, start, length, fitting(possible, Fraction(length, per_quarter)))


def _length(meter: Meter, per_quarter: int) -> int:
    return round(Fraction(4 * meter.numerator * per_quarter, meter.denominator))


def meters_played(played: Sequence[BarSpan], per_quarter: int) -> Iterator[tuple[int, int, int]]:
    """(time, numerator, denominator) of bars as they are played.

    Two short bars that together are a whole one are one bar (a repeat in the middle of it); a first or
    another bar of odd length has a meter of that length; the last may be short of its meter.
    """
    time = at = 0
    while at < len(played):
        bar = played[at]
        usual = _length(bar.meter, per_quarter) if bar.meter else 0
        following = played[at + 1] if at + 1 < len(played) else None
        length = bar.length
        if following and following.meter == bar.meter and length < usual == length + following.length:
            length, at = usual, at + 1
        ends_short = following is None and length < usual and time > 0
        meter = bar.meter if length == usual or ends_short else _odd(bar, length, per_quarter)
        yield time, *(meter or bar.meter or _USUAL)
        time += length
        at += 1


def _odd(bar: BarSpan, length: int, per_quarter: int) -> Meter | None:
    return covering(Fraction(length, per_quarter), bar.meter.denominator if bar.meter else _USUAL.denominator)
