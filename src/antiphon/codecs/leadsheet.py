"""Ids of the kind "leadsheet": four columns, in each of which 0 is the default.

event      the melody's, as in `antiphon.codecs.melody`
root       0 where there is no chord, else 1 + pitch class
pitches    the chord's pitch classes as 12 bits, bit 0 is C
bass       0 where there is no chord, else 1 + pitch class
"""

from __future__ import annotations

import numpy as np

from antiphon.codecs import melody
from antiphon.codecs.alphabet import Ids
from antiphon.codecs.kinds import Kind, Profile, Standing
from antiphon.errors import InputError
from antiphon.extract.leadsheet import EXTRACTOR, NO_ROOT, LeadSheet, LeadSheetOptions
from antiphon.extract.melody import NO_EVENT
from antiphon.score.notes import Int

FIELDS = ("event", "root", "pitches", "bass")

_LOWEST = np.array([NO_EVENT, NO_ROOT, 0, NO_ROOT])
_SIZES = np.array([melody.N_EVENTS, 13, 1 << 12, 13])


def encode(sheet: LeadSheet) -> Int:
    """Ids (int64 [T, 4]) of a lead sheet's steps."""
    ids: Int = sheet.events - _LOWEST
    return ids


def decode(ids: Ids, standing: Standing, options: LeadSheetOptions = LeadSheetOptions()) -> LeadSheet:
    """The lead sheet of `ids` [T, 4]; raises `InputError` for an id out of its column's range."""
    ids = np.asarray(ids)
    if ids.ndim != 2 or ids.shape[1] != len(FIELDS):
        raise InputError(
            f"Ids of shape {list(ids.shape)}; expected {len(FIELDS)} columns: {', '.join(FIELDS)}."
        )
    wrong = np.argwhere((ids < 0) | (ids >= _SIZES))
    if len(wrong):
        step, column = wrong[0].tolist()
        most = _SIZES[column] - 1
        raise InputError(f"Step {step} has {FIELDS[column]} {ids[step, column]}; expected 0 to {most}.")
    return LeadSheet((ids + _LOWEST).astype(np.int16), **standing.on_beats())


def profile(sheet: LeadSheet) -> Profile:
    """The notes of the melody."""
    start, _, pitch = sheet.melody.notes()
    return Profile(start, pitch.astype(np.int64))


KIND = Kind("leadsheet", EXTRACTOR, FIELDS, encode, decode, profile)
