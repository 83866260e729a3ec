"""Event ids of the kind "performance".

All performance codecs share one alphabet, whatever their bins of velocity and longest wait:

    0               nothing (a wait of no steps)
    1 + p           onset of pitch p
    129 + p         release of pitch p
    256 + b         velocity bin b, 1 to 127
    383 + s         a wait of s steps, 1 to 32,000

A model that knows waits of up to n steps needs the first 384 + n ids. Id 0 never comes from playing; it is
the default event, which makes a history of zeros silence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from antiphon.codecs.alphabet import Ids
from antiphon.codecs.kinds import Kind, Profile, Standing
from antiphon.errors import InputError
from antiphon.extract.note_performance import NotePerformance
from antiphon.extract.performance import (
    EXTRACTOR,
    MAX_SHIFT,
    NOTE_ON,
    TIME_SHIFT,
    Performance,
    PerformanceOptions,
)
from antiphon.extract.playing import PlayingOptions
from antiphon.score.notes import Int, Small

NOTHING_ID = 0
FIRST_ON_ID = 1
FIRST_OFF_ID = 129
FIRST_VELOCITY_ID = 257
FIRST_SHIFT_ID = 384
N_EVENTS = FIRST_SHIFT_ID + MAX_SHIFT

_FIRST = np.array([FIRST_ON_ID, FIRST_OFF_ID, FIRST_SHIFT_ID, FIRST_VELOCITY_ID])  # by type of event, from 1
_LOWEST = np.array([0, 0, 1, 1])  # the value that the first id of each type means
_TYPES = np.argsort(_FIRST)


def encode(performance: Performance) -> Int:
    """Ids (int64 [T]) of a performance's events."""
    kind, value = performance.events[:, 0] - NOTE_ON, performance.events[:, 1].astype(np.int64)
    ids: Int = (_FIRST - _LOWEST)[kind] + value
    ids[(kind == TIME_SHIFT - NOTE_ON) & (value == 0)] = NOTHING_ID
    return ids


def decode(ids: Ids, standing: Standing, options: PlayingOptions = PerformanceOptions()) -> Performance:
    """The performance of `ids` [T]; raises `InputError` for an id outside the alphabet."""
    return Performance(events_of(ids), **played(standing, options))


def played(standing: Standing, options: PlayingOptions) -> dict[str, Any]:
    """What a performance (`antiphon.extract.playing.Played`) is made with besides its events."""
    names = ("steps_per_second", "steps_per_quarter", "start_step", "track", "program")
    return {name: getattr(standing, name) for name in names} | {"n_velocity_bins": options.n_velocity_bins}


def profile(performance: Performance | NotePerformance) -> Profile:
    """Onsets and pitches; of notes without length too."""
    time, pitch = performance.onsets()
    order = np.lexsort((-pitch, time))
    return Profile(time[order], pitch[order])


def events_of(ids: Ids) -> Small:
    """Types and values, int16 [T, 2], of `ids` [T]; raises `InputError` for one outside the alphabet."""
    ids = np.asarray(ids)
    wrong = ids[(ids < 0) | (ids >= N_EVENTS)]
    if len(wrong):
        raise InputError(f"Event id {wrong[0]} is no performance event; expected 0 to {N_EVENTS - 1}.")
    kind = _TYPES[np.searchsorted(_FIRST[_TYPES], ids, side="right") - 1]
    value = ids - (_FIRST - _LOWEST)[kind]
    nothing = ids == NOTHING_ID
    kind[nothing], value[nothing] = TIME_SHIFT - NOTE_ON, 0
    return np.stack([kind + NOTE_ON, value], axis=1).astype(np.int16)


KIND = Kind("performance", EXTRACTOR, ("event",), encode, decode, profile, on_grid=False)
