"""The meters of bars as they were played, so that bar lines fall where they are written.

A bar that is shorter than its meter is completed by the ones that follow it: the end of a section is short by
the pick-up of the next. What cannot be completed has an entry of its own length, as has a pick-up at the
beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from antiphon.io.abc.bars import QUARTER, Bar
from antiphon.score.bars import meter_of
from antiphon.score.maps import Meter


def meters(bars: Sequence[Bar], starts: Sequence[int]) -> list[tuple[int, Meter]]:
    """(time, meter) entries; `starts` has one time more than there are bars, the end.

    A bar of more than two whole ones is music without bar lines, and free music has no meter: neither
    makes entries.
    """
    found: list[tuple[int, Meter]] = []
    begun: int | None = None  # where a bar that is not yet whole began
    for bar, start, stop in zip(bars, starts, starts[1:], strict=False):
        if bar.meter is None:
            begun = None
            continue
        whole = 4 * QUARTER * bar.meter.numerator // bar.meter.denominator
        if begun is not None and (stop - begun > whole or _meter_at(found) != bar.meter):
            found[-1] = _short(begun, start)
            begun = None
        if begun is None:
            found.append((start, bar.meter))
            begun = start
        if stop - begun == whole or (stop - begun) % whole == 0 or stop - begun > 2 * whole:
            begun = None
        elif stop - begun > whole:
            found[-1] = _short(begun, stop)
            begun = None
    return found


def _meter_at(found: Sequence[tuple[int, Meter]]) -> Meter:
    return found[-1][1]


def _short(start: int, stop: int) -> tuple[int, Meter]:
    return start, meter_of(Fraction(stop - start, QUARTER))
