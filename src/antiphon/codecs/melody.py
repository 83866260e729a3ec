"""Event ids of the melody family.

All melody codecs share one alphabet of 130 events, so that one decoder, one grammar mask and one browser
implementation serve them: 0 nothing new, 1 note off, 2 + p the onset of MIDI pitch p. Id 0 is the default
event, which makes a history of zeros right.

The grammar: a note-off comes only while a note sounds. Its state is whether one does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from antiphon.codecs import pitches
from antiphon.codecs.family import Family, Ids, Viewed
from antiphon.codecs.kind import Kind
from antiphon.codecs.pitches import MIDI_RANGE, PitchRange, PitchView
from antiphon.codecs.standing import Profile, Standing
from antiphon.errors import InputError
from antiphon.extract.melody import EXTRACTOR, NO_EVENT, Melody
from antiphon.score.maps import Meter
from antiphon.score.notes import Bool, Int

N_EVENTS = 130
NO_EVENT_ID = 0
NOTE_OFF_ID = 1
FIRST_PITCH_ID = 2


def encode(melody: Melody) -> Int:
    """Ids (int64 [T]) of a melody's events."""
    return melody.events.astype(np.int64) - NO_EVENT


def decode(
    ids: Ids,
    *,
    meter: Meter = Meter(),
    steps_per_quarter: int = 4,
    start_step: int = 0,
    start_in_bar: int = 0,
    track: int = 0,
    program: int = 0,
) -> Melody:
    """The melody of `ids` [T]; raises `InputError` for an id outside 0-129."""
    ids = np.asarray(ids)
    wrong = ids[(ids < 0) | (ids >= N_EVENTS)]
    if len(wrong):
        raise InputError(f"Event id {wrong[0]} is no melody event; expected 0 to {N_EVENTS - 1}.")
    events = (ids + NO_EVENT).astype(np.int16)
    return Melody(events, steps_per_quarter, meter, start_step, start_in_bar, track, program)


def excerpt(ids: Ids, start: int, stop: int | None = None) -> Int:
    """`ids` [start, stop) standing alone: a note-off of a note that began before becomes no event."""
    part = np.array(ids[start:stop], dtype=np.int64)
    before_first = np.cumsum(part >= FIRST_PITCH_ID) == 0
    part[before_first] = NO_EVENT_ID
    return part


def begin(n: int) -> Bool:
    """Grammar state (bool [n]: whether a note sounds) before the first event."""
    return np.zeros(n, dtype=np.bool_)


def advance(sounding: Bool, ids: Ids) -> Bool:
    """Grammar state after the events `ids` [B]."""
    result: Bool = (ids >= FIRST_PITCH_ID) | (sounding & (ids != NOTE_OFF_ID))
    return result


def sounding(ids: Ids) -> Bool:
    """Grammar state (bool [...]) after all of `ids` [..., T]."""
    steps = np.arange(ids.shape[-1])
    last_on = np.where(ids >= FIRST_PITCH_ID, steps, -1).max(axis=-1, initial=-1)
    last_off = np.where(ids == NOTE_OFF_ID, steps, -1).max(axis=-1, initial=-1)
    result: Bool = last_on > last_off
    return result


def allowed(sounding: Bool) -> Bool:
    """Which events may come next, bool [B, 130]: everything, but note-off only while a note sounds."""
    mask = np.ones((*sounding.shape, N_EVENTS), dtype=np.bool_)
    mask[..., NOTE_OFF_ID] = sounding
    return mask


def in_view(view: PitchView) -> Bool:
    """Which events a model of `view` knows, bool [130]: those without pitch and the pitches of its range."""
    known = np.ones(N_EVENTS, dtype=np.bool_)
    pitch = np.arange(N_EVENTS - FIRST_PITCH_ID)
    known[FIRST_PITCH_ID:] = (pitch >= view.min_pitch) & (pitch < view.max_pitch)
    return known


def view_shift(ids: Ids, view: PitchView) -> int:
    """Semitones that bring `ids` [T] into `view`'s key, near the middle of its range (Magenta's squash)."""
    return pitches.view_shift(_pitches(ids), view)


def to_view(ids: Ids, view: PitchView) -> Viewed:
    """`ids` [T] as a model of `view` sees them, and the semitones they were moved by.

    Notes that stick out are folded by octaves into the range, which `from_view` cannot undo.
    """
    shift = view_shift(ids, view)
    return Viewed(_moved(ids, shift, view.min_pitch, view.max_pitch), shift)


def from_view(ids: Ids, shift: int) -> Int:
    """`ids` [...] moved back by the shift `to_view` gave."""
    return transpose_ids(ids, -shift)


def transpose_ids(ids: Ids, semitones: int, view: PitchView | None = None) -> Int:
    """`ids` [...] moved by `semitones` and folded into `view`'s range (MIDI's range without one)."""
    low, high = MIDI_RANGE if view is None else (view.min_pitch, view.max_pitch)
    return _moved(ids, semitones, low, high)


def out_of_range(ids: Ids, view: PitchView) -> PitchRange | None:
    """The notes of `ids` [T] that `to_view` would have to fold, or None where all fit."""
    return pitches.out_of_range(_pitches(ids), view)


def _pitches(ids: Ids) -> Int:
    wide: Int = np.asarray(ids, dtype=np.int64)
    return wide[wide >= FIRST_PITCH_ID] - FIRST_PITCH_ID


def _moved(ids: Ids, semitones: int, low: int, high: int) -> Int:
    ids = np.asarray(ids, dtype=np.int64)
    moved = pitches.fold(ids - FIRST_PITCH_ID + semitones, low, high) + FIRST_PITCH_ID
    result: Int = np.where(ids >= FIRST_PITCH_ID, moved, ids)
    return result


FAMILY: Family[Melody] = Family(
    name="melody",
    n_events=N_EVENTS,
    default_id=NO_EVENT_ID,
    extractor=EXTRACTOR,
    encode=encode,
    decode=decode,
    excerpt=excerpt,
    begin=begin,
    advance=advance,
    grammar_state=sounding,
    allowed=allowed,
    in_view=in_view,
    view_shift=view_shift,
    to_view=to_view,
    from_view=from_view,
    transpose=transpose_ids,
    out_of_range=out_of_range,
)


def _of_standing(ids: Ids, standing: Standing, options: Any = None) -> Melody:
    return decode(ids, **standing.on_beats())


def _profile(melody: Melody) -> Profile:
    start, _, pitch = melody.notes()
    return Profile(start, pitch.astype(np.int64))


KIND = Kind("melody", EXTRACTOR, ("event",), encode, _of_standing, _profile)
