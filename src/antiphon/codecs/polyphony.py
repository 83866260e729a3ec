"""Event ids of the kind "polyphony", 259 in all: 0 the end of a step, 1 the start, 2 the end, 3 + p a note
that begins at MIDI pitch p, 131 + p one that goes on.

A step's end is the default event: of steps that say nothing else, a history of zeros is silence. The start
and the end are stored, so a model learns how music opens and closes. Magenta's classes are the same but for
the first three, which it counts start, end, end of a step: `labels` and `of_labels` turn one into the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from antiphon.codecs.alphabet import Ids
from antiphon.codecs.kinds import Kind, Profile, Standing
from antiphon.errors import InputError
from antiphon.extract.polyphony import (
    CONTINUED_NOTE,
    END,
    EXTRACTOR,
    N_EVENTS,
    NEW_NOTE,
    START,
    STEP_END,
    PolyphonicSequence,
)
from antiphon.score.notes import Int

_ID_OF_LABEL = np.array([START, END, STEP_END, *range(NEW_NOTE, N_EVENTS)], np.int64)
_LABEL_OF_ID: Int = np.argsort(_ID_OF_LABEL)


def encode(sequence: PolyphonicSequence) -> Int:
    """Ids (int64 [E]) of a polyphonic sequence's events."""
    return sequence.events.astype(np.int64)


def decode(ids: Ids, standing: Standing, options: Any = None) -> PolyphonicSequence:
    """The sequence of `ids` [E]; raises `InputError` for an id outside 0-258."""
    return PolyphonicSequence(_known(ids).astype(np.int16), **standing.on_beats())


def labels(ids: Ids) -> Int:
    """Magenta's classes of the events `ids` [E] (int64 [E]); raises `InputError` as `decode`."""
    return _LABEL_OF_ID[_known(ids)]


def of_labels(labels: Ids) -> Int:
    """The ids of Magenta's classes `labels` [E] (int64 [E]); raises `InputError` as `decode`."""
    return _ID_OF_LABEL[_known(labels)]


def _known(ids: Ids) -> Int:
    known: Int = np.asarray(ids, np.int64)
    wrong = known[(known < 0) | (known >= N_EVENTS)]
    if len(wrong):
        raise InputError(f"Event id {wrong[0]} is no event of polyphony; expected 0 to {N_EVENTS - 1}.")
    return known


def profile(sequence: PolyphonicSequence) -> Profile:
    """Onsets and pitches of the notes that begin."""
    begins = (sequence.events >= NEW_NOTE) & (sequence.events < CONTINUED_NOTE)
    return Profile(sequence.steps()[begins], sequence.events[begins].astype(np.int64) - NEW_NOTE)


KIND = Kind("polyphony", EXTRACTOR, ("event",), encode, decode, profile)
