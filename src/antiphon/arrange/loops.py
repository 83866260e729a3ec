"""Drum loops: a pattern for any meter, from where its strong and weak beats lie.

A bar is felt in groups: quarters in 2/4, 3/4 and 4/4, dotted quarters in 6/8, 9/8 and 12/8, twos and a last
three in 5/8 and 7/8. A style says what plays on which group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from antiphon.errors import NameNotFound
from antiphon.score.bars import bar_lines, pickup
from antiphon.score.maps import Meter
from antiphon.score.notes import Notes
from antiphon.score.score import Score

KICK, SIDE_STICK, SNARE, CLOSED_HAT, PEDAL_HAT, OPEN_HAT, RIDE = 36, 37, 38, 42, 44, 46, 51


class Hit(NamedTuple):
    """One stroke: `at` in units of the meter's denominator, a General MIDI percussion key, a velocity."""

    at: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Style:
    """What plays where: the first and the middle group are strong, the others weak. 0 is silence."""

    strong: int = KICK
    weak: int = SNARE
    middle: int = KICK
    pulse: int = CLOSED_HAT
    """On every half group."""
    between: int = 0
    """On the second half of every group, over the pulse."""


STYLES = {
    "rock": Style(),
    "disco": Style(weak=KICK, between=OPEN_HAT),
    "ballad": Style(weak=SIDE_STICK, middle=0, pulse=RIDE),
    "waltz": Style(weak=PEDAL_HAT, middle=PEDAL_HAT, pulse=0),
}


def groups(meter: Meter) -> list[int]:
    """Lengths of the groups of a bar, in units of the denominator (6/8: [3, 3]; 7/8: [2, 2, 3]; 4/4: [1, 1,
    1, 1]).
    """
    beats, unit = meter
    if unit < 8:
        return [1] * beats
    if beats % 3 == 0:
        return [3] * (beats // 3)
    return [2] * (beats // 2) if beats % 2 == 0 else [2] * ((beats - 3) // 2) + [3] if beats > 1 else [1]


def pattern(meter: Meter, style: str | None = None) -> list[Hit]:
    """One bar. `style` None is a waltz where there are three groups, else rock. Raises `NameNotFound`."""
    lengths = groups(meter)
    name = style or ("waltz" if len(lengths) == 3 else "rock")
    if name not in STYLES:
        raise NameNotFound("drum style", name, STYLES)
    chosen, starts = STYLES[name], np.cumsum([0, *lengths]).tolist()
    beats = [_beat(chosen, number, len(lengths)) for number in range(len(lengths))]
    hits = [Hit(at, pitch, 95 if at else 110) for at, pitch in zip(starts, beats, strict=False)]
    for start, length in zip(starts, lengths, strict=False):
        halves = [start + k for k in range(length)] if length > 1 else [start, start + 0.5]
        hits += [Hit(at, chosen.pulse, 80 if at == start else 60) for at in halves]
        hits.append(Hit(halves[len(halves) // 2], chosen.between, 75))
    return sorted(hit for hit in hits if hit.pitch)


def _beat(style: Style, group: int, n_groups: int) -> int:
    if group == 0:
        return style.strong
    return style.middle if 2 * group == n_groups else style.weak


def loop(score: Score, style: str | None = None) -> Score:
    """Drums for every whole bar of `score`, each in its meter, as a score of one part."""
    lines, before = bar_lines(score).tolist(), pickup(score)
    ends = [
        *lines[1:],
        score.end + 4 * score.ticks_per_quarter,
    ]  # the last bar is whole; others may be cut short
    rows = [
        (line + round(hit.at * 4 * score.ticks_per_quarter / meter.denominator), hit.pitch, hit.velocity, end)
        for line, end, meter in zip(lines, ends, map(score.meters.at, lines), strict=True)
        if line >= before
        for hit in pattern(meter, style)
    ]
    start, pitch, velocity, end = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    inside = start < end
    start, pitch, velocity = start[inside], pitch[inside], velocity[inside]
    stroke = max(score.ticks_per_quarter // 8, 1)
    notes = Notes.of(start, start + stroke, pitch, velocity, is_drum=True)
    return Score(notes, score.ticks_per_quarter, score.tempos, score.meters, track_names=("Drums",))
