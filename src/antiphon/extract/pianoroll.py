"""`PianorollSequence`: which of a piano's keys sound at each step; its extraction from a score, and the way
back.

The rules and the default options are those of Magenta's pianoroll pipeline: 88 keys, and a key that is struck
again is up in the step before. Beyond Magenta, a score may change its meter and begin with a pick-up bar, and
one part of several can be chosen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from antiphon.extract import passages
from antiphon.extract.extraction import Extraction, Extractor
from antiphon.extract.passages import Passage, PassageOptions
from antiphon.extract.phrases import count
from antiphon.extract.stepped import Stepped, as_score
from antiphon.score.notes import Bool, Int, Small
from antiphon.score.quantized import QuantizedScore
from antiphon.score.score import Score

LOWEST_PITCH = 21
N_KEYS = 88
N_COLUMNS = 6
"""Columns of sixteen keys that hold all keys."""


@dataclass(frozen=True, eq=False)
class PianorollSequence(Stepped):
    """Keys together. `events` int16 [T, 6] are sets of keys: bit b of column c is set where the key of MIDI
    pitch 21 + 16 c + b sounds.

    `track` is -1 where the notes came from several parts.
    """

    def roll(self) -> Bool:
        """Which keys sound, bool [T, 88]: key k is MIDI pitch 21 + k."""
        packed = np.ascontiguousarray(self.events.reshape(-1, N_COLUMNS), dtype="<i2").view(np.uint8)
        return np.unpackbits(packed, axis=1, count=N_KEYS, bitorder="little").view(np.bool_)

    def notes(self) -> tuple[Int, Int, Small]:
        """Onset and end of every note in steps (int64 [N]) and its pitch (int16 [N]), by pitch and onset: a
        note lasts as long as its key sounds without a break.
        """
        silence = np.zeros((N_KEYS, 1), np.int8)
        change = np.diff(self.roll().T.view(np.int8), axis=1, prepend=silence, append=silence)
        key, start = np.nonzero(change == 1)
        return start, np.nonzero(change == -1)[1], (key + LOWEST_PITCH).astype(np.int16)


def packed(roll: Bool) -> Small:
    """A roll (bool [T, 88]) as the events of a `PianorollSequence`, int16 [T, 6]."""
    wide = np.zeros((len(roll), 16 * N_COLUMNS), np.bool_)
    wide[:, :N_KEYS] = roll
    return np.packbits(wide, axis=1, bitorder="little").view("<i2").astype(np.int16)


@dataclass(frozen=True)
class PianorollOptions(PassageOptions):
    """What counts as a pianoroll. The defaults are those of Magenta's pipeline, but for drums, which it takes
    for notes of their pitches."""

    max_steps: int | None = 2048
    """Longer ones are cut, or left out; None keeps them whole."""
    cut: bool = True
    """Whether longer ones are cut."""
    split_repeats: bool = True
    """Whether a key is up in the step before it is struck, so that repeated notes stay apart. A note of one
    step is lost where the next follows at once."""


def extract(
    score: QuantizedScore, options: PianorollOptions = PianorollOptions()
) -> Extraction[PianorollSequence]:
    """One pianoroll for every stretch of one meter of `score`, with the reasons for what was left out.

    Needs a `PerQuarter` grid (`TypeError` otherwise).
    """
    losses: Counter[str] = Counter()
    found = []
    for passage in passages.passages(score, options, losses):
        passage = _on_keys(passage, losses)
        if len(passage.pitch):
            found.append(PianorollSequence(packed(_roll(passage, options.split_repeats)), **passage.standing))
    return Extraction(found, losses)


def _on_keys(passage: Passage, losses: Counter[str]) -> Passage:
    """The passage without notes that a piano has no key for."""
    key = passage.pitch - LOWEST_PITCH
    inside = (key >= 0) & (key < N_KEYS)
    count(losses, "notes outside a piano's keys", len(inside) - int(inside.sum()))
    if inside.all():
        return passage
    return passage._replace(start=passage.start[inside], end=passage.end[inside], pitch=passage.pitch[inside])


def _roll(passage: Passage, split_repeats: bool) -> Bool:
    """bool [T, 88]; onsets and ends are counted per cell, and summed along time."""
    key = passage.pitch - LOWEST_PITCH
    changes = np.zeros((passage.n_steps + 1, N_KEYS), np.int32)
    np.add.at(changes, (passage.start, key), 1)
    np.subtract.at(changes, (passage.end, key), 1)
    roll: Bool = np.cumsum(changes, axis=0, out=changes)[:-1] > 0
    if split_repeats:
        again = passage.start > 0
        roll[passage.start[again] - 1, key[again]] = False
    return roll


def to_score(
    sequence: PianorollSequence,
    qpm: float = 120.0,
    program: int | None = None,
    velocity: int = 100,
    name: str = "Piano",
) -> Score:
    """`sequence` as a score of one part named `name`, step 0 at tick 0.

    `program` None is the sequence's own. A pick-up becomes a short first meter; where no meter has its length
    (a third of a beat), the score begins with a whole bar, rests first. Silence after the last note is lost.
    """
    return as_score(sequence, sequence.notes(), qpm=qpm, program=program, velocity=velocity, name=name)


EXTRACTOR = Extractor(PianorollSequence, extract, PianorollOptions, to_score)
