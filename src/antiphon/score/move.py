"""Moving music: later, slower, finer, higher, onto a grid; by chance, a little, for more music to train on.

Every function returns new values; times are ticks.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from antiphon.errors import OptionError
from antiphon.score import chords
from antiphon.score.maps import Key, KeyChange, TempoMap
from antiphon.score.notes import Bool, Int, Notes
from antiphon.score.retime import retimed
from antiphon.score.score import Score

Outside = Literal["drop", "fold"]
"""What becomes of notes that a transposition takes out of its range: left out, or moved back by octaves."""


def shift(score: Score, ticks: int) -> Score:
    """Everything `ticks` later; the first tempo and meter hold from 0. Raises `OptionError` for a
    negative shift.
    """
    if ticks < 0:
        raise OptionError(
            f"Cannot shift by {ticks} ticks; expected 0 or more. Use cut.extract to move music forward."
        )
    return retimed(score, lambda time: time + ticks)


def resample(score: Score, ticks_per_quarter: int) -> Score:
    """The score at another resolution; times are rounded to the nearest tick, halves upwards."""
    new, old = ticks_per_quarter, score.ticks_per_quarter
    if new < 1:
        raise OptionError(f"A resolution of {new} ticks per quarter; expected 1 or more.")
    if new == old:
        return score
    return retimed(score, lambda time: (2 * time * new + old) // (2 * old)).replace(ticks_per_quarter=new)


def stretch(score: Score, factor: float) -> Score:
    """The score lasting `factor` times as long in seconds: its tempos divided by it, its ticks as they
    are.
    """
    if not 0 < factor < math.inf:
        raise OptionError(f"Cannot stretch by {factor}; expected a number above 0, such as 2 for half speed.")
    return score.replace(tempos=TempoMap(score.tempos.time, score.tempos.qpm / factor))


def transpose(
    score: Score, semitones: int, lo: int = 0, hi: int = 127, *, outside: Outside = "drop"
) -> tuple[Score, int]:
    """The score `semitones` higher, and how many notes left `lo`..`hi`: those are dropped, or folded back by
    octaves as far as the range allows.

    Drums stay as they are; keys and chord symbols move along (Magenta's `transpose_note_sequence`). Raises
    `OptionError` for a range that is none, or one below an octave to fold into.
    """
    if not 0 <= lo <= hi <= 127 or (outside == "fold" and hi - lo < 11):
        raise OptionError(f"A range of {lo} to {hi}; expected MIDI pitches, an octave or more to fold into.")
    notes = score.notes
    pitch = notes.pitch.astype(np.int64) + np.where(notes.is_drum, 0, semitones)
    out: Bool = ~notes.is_drum & ((pitch < lo) | (pitch > hi))
    if outside == "fold":
        pitch = np.where(out, _folded(pitch, lo, hi), pitch)
    kept = np.ones(len(notes), np.bool_) if outside == "fold" else ~out
    moved = score.replace(
        notes=_at(notes[kept], pitch[kept]),
        keys=tuple(KeyChange(time, Key((key.tonic + semitones) % 12, key.mode)) for time, key in score.keys),
        chords=tuple(mark._replace(text=chords.transpose(mark.text, semitones)) for mark in score.chords),
    )
    return moved, int(out.sum())


def semitones_between(one: Key, other: Key) -> int:
    """The smallest move that takes music in `one` to the tonic of `other`: -5 to 6 semitones."""
    return (other.tonic - one.tonic + 5) % 12 - 5


def snap(score: Score, steps_per_quarter: int, strength: float = 1.0) -> Score:
    """The notes' onsets drawn towards the nearest of `steps_per_quarter` steps, their lengths kept.

    `strength` 1 puts them on the grid (to the nearest tick), 0 leaves them; halves go upwards. Raises
    `OptionError` for a grid of less than one step and a strength outside 0..1.
    """
    if steps_per_quarter < 1 or not 0 <= strength <= 1:
        raise OptionError(
            f"Cannot snap to {steps_per_quarter} steps at strength {strength}; expected 1 or more; 0 to 1."
        )
    notes, per_quarter = score.notes, score.ticks_per_quarter
    step = (2 * notes.start * steps_per_quarter + per_quarter) // (2 * per_quarter)
    distance = step * per_quarter / steps_per_quarter - notes.start
    move = np.floor(strength * distance + 0.5).astype(np.int64)
    return score.replace(notes=notes.replace(start=notes.start + move, end=notes.end + move))


def _folded(pitch: Int, lo: int, hi: int) -> Int:
    """Pitches outside `lo`..`hi` moved by octaves to the nearest place inside."""
    up = -(-(lo - pitch) // 12) * 12
    down = -(-(pitch - hi) // 12) * 12
    result: Int = pitch + np.where(pitch < lo, up, 0) - np.where(pitch > hi, down, 0)
    return result


def _at(notes: Notes, pitch: Int) -> Notes:
    return notes.replace(pitch=pitch.astype(np.int16))


def augmented(
    score: Score,
    rng: np.random.Generator,
    *,
    stretches: tuple[float, float] = (0.95, 1.05),
    semitones: tuple[int, int] = (-3, 3),
    lo: int = 0,
    hi: int = 127,
) -> Score:
    """The score stretched by a factor and transposed by semitones drawn evenly from the two ranges, both ends
    included. What would take a note out of `lo`..`hi` is not drawn; a score that does not fit is not moved.

    Magenta's `augment_note_sequence`. Raises `OptionError` for a range whose ends are the wrong way round.
    """
    if not 0 < stretches[0] <= stretches[1] < math.inf or not semitones[0] <= semitones[1]:
        raise OptionError(
            f"Cannot draw from {stretches} and {semitones}; expected the smaller end first, factors above 0."
        )
    factor = rng.uniform(*stretches)
    pitched = score.notes.pitch[~score.notes.is_drum]
    least, most = semitones
    if len(pitched):
        least, most = max(least, lo - int(pitched.min())), min(most, hi - int(pitched.max()))
    amount = int(rng.integers(least, most, endpoint=True)) if least <= most else 0
    return transpose(stretch(score, factor), amount)[0]
