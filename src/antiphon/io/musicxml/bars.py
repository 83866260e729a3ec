"""The bars of a score as written, and the meters of the bars as they are played."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from antiphon.io.musicxml.attributes import Meters, covering, fitting
from antiphon.io.musicxml.structure import Place
from antiphon.io.musicxml.written import Written
from antiphon.score.maps import Meter

_USUAL = Meter()


class Bar(NamedTuple):
    """From a bar line to the next: where it begins, in ticks from the beginning of the written score too; its
    length; the meter it stands in, None in free time.
    """

    place: Place
    start: int
    length: int
    meter: Meter | None


def bars(written: Written) -> list[Bar]:
    """The bars in order: the measures, and parts of those in which a meter changes or a repeat stands.

    A measure lasts as long as its fullest part; one without anything in it lasts its meter.
    """
    inside: dict[int, set[int]] = {}
    for measure, time in [*written.meters, *written.signs.inner]:
        if 0 < time < written.lengths[measure]:
            inside.setdefault(measure, set()).add(time)
    found: list[Bar] = []
    start = 0
    possible: Meters = (_USUAL,)
    for measure, filled in enumerate(written.lengths):
        cuts = sorted({0, *inside.get(measure, ())})
        for time, until in zip(cuts, [*cuts[1:], None], strict=True):
            possible = written.meters.get((measure, time), possible)
            length = (until or filled or _usual_length(possible, written.ticks_per_quarter)) - time
            found.append(_bar((measure, time), start, length, possible, written.ticks_per_quarter))
            start += length
    return found


def _usual_length(possible: Meters, per_quarter: int) -> int:
    return _length(possible[0] if possible else _USUAL, per_quarter)


def _bar(place: Place, start: int, length: int, possible: Meters, per_quarter: int) -> Bar:
    return Bar(place, start, length, fitting(possible, Fraction(length, per_quarter)))


def _length(meter: Meter, per_quarter: int) -> int:
    return round(Fraction(4 * meter.numerator * per_quarter, meter.denominator))


def meters(played: Sequence[Bar], per_quarter: int) -> Iterator[tuple[int, int, int]]:
    """(time, numerator, denominator) for bars that follow each other.

    Two short bars that together are a whole one are one bar (a repeat in the middle of it); a first or
    another bar of odd length has a meter of that length; the last may be short.
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


def _odd(bar: Bar, length: int, per_quarter: int) -> Meter | None:
    return covering(Fraction(length, per_quarter), bar.meter.denominator if bar.meter else _USUAL.denominator)
