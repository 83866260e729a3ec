"""Event ids of the kind "drums": the set of classes struck at a step, 0 to 511 for the nine of the kit.

Bit i of an id is class i of `antiphon.extract.drum_classes`; 0, silence, is the default event. These are the
classes of Magenta's `MultiDrumOneHotEncoding`. The two ids of its one-drum model (0 silence, 1 a hit of
whatever) are a view of them, `one_drum`, so that a corpus of drums trains both models; or they are extracted
with `classes="one"`, where hits of no class of the kit count too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from antiphon.codecs.family import Ids
from antiphon.codecs.kind import Kind
from antiphon.codecs.standing import Profile, Standing
from antiphon.errors import InputError
from antiphon.extract.drum_classes import NINE, drum_classes
from antiphon.extract.drums import EXTRACTOR, DrumOptions, DrumTrack
from antiphon.score.notes import Int

N_EVENTS = NINE.n_sets
SILENCE_ID = 0


def encode(drums: DrumTrack) -> Int:
    """Ids (int64 [T]) of a drum track; exact pitches, where it has them, are left behind."""
    return drums.events.astype(np.int64)


def decode(ids: Ids, standing: Standing, options: Any = DrumOptions()) -> DrumTrack:
    """The track of `ids` [T] in the classes of `options`; raises `InputError` for an id that is no set of
    them.
    """
    ids = np.asarray(ids)
    n = drum_classes(options.classes).n_sets
    wrong = ids[(ids < 0) | (ids >= n)]
    if len(wrong):
        raise InputError(f"Event id {wrong[0]} is no set of drums; expected 0 to {n - 1}.")
    return DrumTrack(ids.astype(np.int16), **standing.on_beats(), classes=options.classes)


def one_drum(ids: Ids) -> Int:
    """`ids` [...] of any classes as a one-drum model sees them: 1 where anything is struck (int64 [...])."""
    hit: Int = (np.asarray(ids) != SILENCE_ID).astype(np.int64)
    return hit


def profile(drums: DrumTrack) -> Profile:
    """Onsets and classes, at a step from the last class to the first."""
    step, index = drums.struck()
    order = np.lexsort((-index, step))
    return Profile(step[order], index[order])


KIND = Kind("drums", EXTRACTOR, ("drums",), encode, decode, profile, transposable=False)
