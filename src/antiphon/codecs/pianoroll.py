"""Ids of the kind "pianoroll": six columns per step, each a set of sixteen keys as the bits of an int16.

A row of zeros is silence. A column is named by its lowest key's MIDI pitch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from antiphon.codecs.alphabet import Ids
from antiphon.codecs.kinds import Kind, Profile, Standing
from antiphon.errors import InputError
from antiphon.extract.pianoroll import EXTRACTOR, LOWEST_PITCH, N_COLUMNS, N_KEYS, PianorollSequence
from antiphon.score.notes import Int

FIELDS = tuple(f"keys{LOWEST_PITCH + 16 * column}" for column in range(N_COLUMNS))
_HIGHEST_SET = (1 << (N_KEYS - 16 * (N_COLUMNS - 1))) - 1  # of the last column, which is not full


def encode(sequence: PianorollSequence) -> Int:
    """Ids (int64 [T, 6], each fits int16) of a pianoroll."""
    return sequence.events.astype(np.int64)


def decode(ids: Ids, standing: Standing, options: Any = None) -> PianorollSequence:
    """The pianoroll of `ids` [T, 6]; raises `InputError` for another shape, and for sets of what a piano has
    no keys for.
    """
    ids = np.asarray(ids)
    if ids.ndim != 2 or ids.shape[1] != N_COLUMNS:
        raise InputError(f"Ids of the shape {ids.shape} are no pianoroll; expected [steps, {N_COLUMNS}].")
    highest = np.array([*[(1 << 15) - 1] * (N_COLUMNS - 1), _HIGHEST_SET])
    lowest = np.array([*[-1 << 15] * (N_COLUMNS - 1), 0])
    wrong = ids[(ids < lowest) | (ids > highest)]
    if len(wrong):
        raise InputError(
            f"Id {wrong[0]} is no set of a piano's keys; expected 16 bits a column, in the last one 8."
        )
    return PianorollSequence(ids.astype(np.int16), **standing.on_beats())


def profile(sequence: PianorollSequence) -> Profile:
    """Onsets and pitches, at a step from the highest to the lowest."""
    start, _, pitch = sequence.notes()
    order = np.lexsort((-pitch, start))
    return Profile(start[order], pitch[order].astype(np.int64))


KIND = Kind("pianoroll", EXTRACTOR, FIELDS, encode, decode, profile)
