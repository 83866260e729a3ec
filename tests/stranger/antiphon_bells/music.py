"""`Peal`: strokes of 24 bells with the waits between them; how it is found in a score, and how it sounds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from antiphon.codecs.kinds import Kind, Profile, Standing
from antiphon.errors import InputError
from antiphon.extract.extraction import Events, Extraction, Extractor, Reading
from antiphon.score.maps import Meter, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.quantized import PerQuarter, PerSecond, QuantizedScore
from antiphon.score.score import Score

LOWEST, N_BELLS, LONGEST = 60, 24, 16
TICKS = 480


@dataclass(frozen=True, eq=False)
class Peal(Events):
    """`events` int16 [T, 3]: the bell (1 to 24, 0 rests), steps until the next event (0 to 16), and the
    velocity."""

    steps_per_quarter: int = 4
    steps_per_second: int = 0
    meter: Meter = field(default_factory=Meter)
    start_step: int = 0
    start_in_bar: int = 0
    track: int = 0
    program: int = 14

    def strokes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Step, MIDI pitch and velocity of every stroke, int64 [N]."""
        bell, wait, velocity = self.events.astype(np.int64).reshape(-1, 3).T
        step = np.cumsum(wait) - wait
        struck = bell > 0
        return step[struck], bell[struck] + LOWEST - 1, velocity[struck]


@dataclass(frozen=True)
class PealOptions:
    """What counts as a peal."""

    min_strokes: int = 4
    steps_per_second: int = 0
    """0 counts steps of a quarter."""


def extract(score: QuantizedScore, options: PealOptions = PealOptions()) -> Extraction[Peal]:
    """One peal of all strokes of `score`."""
    losses: Counter[str] = Counter()
    notes = score.notes
    inside = (notes.pitch >= LOWEST) & (notes.pitch < LOWEST + N_BELLS) & ~notes.is_drum
    losses["notes that no bell has"] += int((~inside).sum())
    order = np.lexsort((notes.pitch[inside], notes.start[inside]))
    step, pitch, velocity = (column[inside][order] for column in (notes.start, notes.pitch, notes.velocity))
    if len(step) < options.min_strokes:
        losses[f"fewer than {options.min_strokes} strokes"] += 1
        return Extraction([], +losses)
    meter = score.meters.at(0)
    clock = (0, score.grid.steps) if isinstance(score.grid, PerSecond) else (score.grid.steps, 0)
    return Extraction([Peal(_events(step, pitch, velocity), *clock, meter)], +losses)


def _events(step: np.ndarray, pitch: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Rests fill waits that are longer than one event lasts."""
    rows, now = [], 0
    ends = [*step[1:].tolist(), int(step[-1]) + 4]
    for at, end, p, v in zip(step.tolist(), ends, pitch.tolist(), velocity.tolist(), strict=True):
        while now < at:
            rows.append((0, min(at - now, LONGEST), 0))
            now += rows[-1][1]
        rows.append((p - LOWEST + 1, min(end - now, LONGEST), v))
        now += rows[-1][1]
    return np.array(rows, np.int16)


def to_score(
    peal: Peal, qpm: float = 120.0, program: int | None = None, velocity: int = 100, name: str = "Bells"
) -> Score:
    """`peal` as a score of one part, step 0 at tick 0."""
    step, pitch, struck = peal.strokes()
    ticks = (
        TICKS * qpm / 60 / peal.steps_per_second if peal.steps_per_second else TICKS / peal.steps_per_quarter
    )
    start, length = np.round(step * ticks).astype(np.int64), max(round(ticks), 1)
    sound = peal.program if program is None else program
    return Score(
        Notes.of(start, start + length, pitch, np.clip(struck, 1, 127), sound),
        TICKS,
        TempoMap.of([(0, qpm)]),
        MeterMap.of([(0, *peal.meter)]),
        track_names=(name,),
    )


def reading(options: PealOptions, steps_per_quarter: int) -> Reading:
    """By the clock where the options say so, else by the beat."""
    second = options.steps_per_second
    return Reading(PerSecond(second) if second else PerQuarter(steps_per_quarter))


def encode(peal: Peal) -> np.ndarray:
    """Ids int64 [T, 3]."""
    return peal.events.astype(np.int64)


def decode(ids: np.ndarray, standing: Standing, options: Any = None) -> Peal:
    """The peal of `ids` [T, 3]; raises `InputError` for what is none."""
    ids = np.asarray(ids)
    high = np.array([N_BELLS, LONGEST, 127])
    wrong = ids[(ids < 0) | (ids > high)]
    if len(wrong):
        raise InputError(f"{wrong[0]} is no bell, wait or velocity.")
    return Peal(ids.astype(np.int16), *standing[1:3], standing.meter, *standing[3:])


def profile(peal: Peal) -> Profile:
    """The strokes."""
    step, pitch, _ = peal.strokes()
    order = np.lexsort((-pitch, step))
    return Profile(step[order], pitch[order])


EXTRACTOR = Extractor(Peal, extract, PealOptions, to_score, reading)
KIND = Kind("bells", EXTRACTOR, ("bell", "wait", "velocity"), encode, decode, profile)
