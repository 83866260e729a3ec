"""`Stepped`: what sequences that follow the beat have in common, and how one becomes a score."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from antiphon.extract.extraction import Events
from antiphon.score.bars import meter_of
from antiphon.score.maps import Meter, MeterMap, TempoMap
from antiphon.score.notes import Int, Notes, Small
from antiphon.score.score import DEFAULT_TICKS_PER_QUARTER, Score


@dataclass(frozen=True, eq=False)
class Stepped(Events):
    """Events of one passage in one meter, on a grid of steps per quarter.

    `start_step` is where the first step stood in the score; `start_in_bar` is the step of the bar it falls on
    (0 at a bar line, more after the beginning of a pick-up). `track` is -1 where several parts were pooled.
    """

    steps_per_quarter: int = 4
    meter: Meter = field(default_factory=Meter)
    start_step: int = 0
    start_in_bar: int = 0
    track: int = 0
    program: int = 0

    @property
    def steps_per_bar(self) -> int:
        """Steps in a bar of this sequence's meter."""
        return round(self.steps_per_quarter * self.meter.quarters)


def as_score(
    sequence: Stepped,
    sounds: tuple[Int, Int, Small],
    *,
    qpm: float,
    program: int | None,
    velocity: int,
    name: str,
    is_drum: bool = False,
) -> Score:
    """`sounds` (onsets and ends in steps from the sequence's first, pitches) as a score of one part `name`.

    The first step stands at tick 0. `program` None is the sequence's own. A pick-up becomes a short first
    meter; where no meter has its length (a third of a beat), the score begins with a whole bar, rests first.
    """
    step = max(1, DEFAULT_TICKS_PER_QUARTER // sequence.steps_per_quarter)
    meters, shift = opening(sequence)
    start, end, pitch = sounds
    return Score(
        Notes.of(
            (start + shift) * step,
            (end + shift) * step,
            pitch,
            velocity=velocity,
            program=sequence.program if program is None else program,
            is_drum=is_drum,
        ),
        ticks_per_quarter=step * sequence.steps_per_quarter,
        tempos=TempoMap.of([(0, qpm)]),
        meters=MeterMap.of([(time * step, *meter) for time, meter in meters]),
        track_names=(name,),
    )


def opening(sequence: Stepped) -> tuple[list[tuple[int, Meter]], int]:
    """The meters of a sequence as a score, (step, meter), and by how many steps all comes later there."""
    if not sequence.start_in_bar:
        return [(0, sequence.meter)], 0
    pickup = sequence.steps_per_bar - sequence.start_in_bar
    length = Fraction(pickup, sequence.steps_per_quarter)
    meter = meter_of(length)
    if meter.quarters != length:  # no meter is as short: a whole bar, of which the pick-up is the end
        return [(0, sequence.meter)], sequence.start_in_bar
    return [(0, meter), (pickup, sequence.meter)], 0


def one_track(tracks: Small) -> int:
    """The part that all notes of these `track`s came from, -1 where there are several (or none)."""
    return int(tracks[0]) if len(tracks) and (tracks == tracks[0]).all() else -1
