"""Event ids of the kind and family "melody", 130 in all: 0 nothing new, 1 note off, 2 + p the onset of MIDI
pitch p.

Id 0 is the default event, which makes a history of zeros right. The grammar: a note-off comes only while a
note sounds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from antiphon.codecs.alphabet import Alphabet, Ids, Span, restricted, single
from antiphon.codecs.families import Family, Float32, Learn, Learned
from antiphon.codecs.kinds import Kind, Profile, Standing
from antiphon.codecs.pitches import PitchView
from antiphon.codecs.rules import Automaton
from antiphon.errors import InputError, PromptError
from antiphon.extract.melody import EXTRACTOR, NO_EVENT, NOTE_OFF, Melody, MelodyOptions
from antiphon.score.notes import Bool, Int

N_EVENTS = 130
NO_EVENT_ID = 0
NOTE_OFF_ID = 1
FIRST_PITCH_ID = 2

_SPANS = (
    Span("hold", steps=1),
    Span("off", steps=1),
    Span("on", 128, steps=1, onset=True, pitch=0),
)
_ANY = MelodyOptions(min_bars=0, max_steps=None, min_pitch_classes=1, gap_bars=1e9, polyphony="top")


def encode(melody: Melody) -> Int:
    """Ids (int64 [T]) of a melody's events."""
    return melody.events.astype(np.int64) - NO_EVENT


def decode(ids: Ids, standing: Standing, options: Any = None) -> Melody:
    """The melody of `ids` [T]; raises `InputError` for an id outside 0-129."""
    ids = np.asarray(ids)
    wrong = ids[(ids < 0) | (ids >= N_EVENTS)]
    if len(wrong):
        raise InputError(f"Event id {wrong[0]} is no melody event; expected 0 to {N_EVENTS - 1}.")
    return Melody((ids + NO_EVENT).astype(np.int16), **standing.on_beats())


def profile(melody: Melody) -> Profile:
    """The notes of a melody."""
    start, _, pitch = melody.notes()
    return Profile(start, pitch.astype(np.int64))


KIND = Kind("melody", EXTRACTOR, ("event",), encode, decode, profile)


class MelodyFamily(Family[Melody]):
    """The family of melodies. People write numbers: -2 goes on, -1 ends a note, 0 to 127 begins one."""

    name = "melody"
    plural = "melodies"
    view = PitchView
    extractor = EXTRACTOR

    def alphabet(self, view: PitchView) -> Alphabet:
        """130 events; onsets outside the view's range are not known."""
        hold, off, on = _SPANS
        return single(hold, off, restricted(on, view.min_pitch, view.max_pitch))

    def grammar(self, alphabet: Alphabet) -> Sequence[Automaton]:
        """State 0: silence, in which nothing can end. State 1: a note sounds."""
        allows = np.ones((2, N_EVENTS), np.bool_)
        allows[0, NOTE_OFF_ID] = False
        leads = np.ones((2, N_EVENTS), np.int64)
        leads[0, NO_EVENT_ID] = leads[:, NOTE_OFF_ID] = 0
        return (Automaton((allows,), (leads,)),)

    def after_end(self, alphabet: Alphabet) -> tuple[Bool, ...]:
        """Anything but to hold the note that has ended."""
        return (np.arange(N_EVENTS) != NO_EVENT_ID,)

    @property
    def sources(self) -> Mapping[str, Learn]:
        """Melodies as they are."""
        return {"melody": lambda ids, view, control: Learned(np.asarray(ids, np.int64)[:, None])}

    def excerpt(self, ids: Ids, start: int, stop: int | None = None) -> Int:
        """A note-off of a note that began before becomes no event."""
        part = np.array(ids[start:stop], np.int64)
        before_first = np.cumsum(part[:, 0] >= FIRST_PITCH_ID) == 0
        part[before_first] = NO_EVENT_ID
        return part

    def encode(self, sequence: Melody, view: PitchView) -> Int:
        """Ids [T, 1], at the melody's own pitches."""
        return encode(sequence)[:, None]

    def decode(self, ids: Ids, standing: Standing, view: PitchView, value: Float32 | None = None) -> Melody:
        """The melody of `ids` [T, 1]."""
        return decode(np.asarray(ids)[:, 0], standing)

    def prompt_options(self, view: PitchView) -> MelodyOptions:
        """The first line of a score, chords reduced to their top voice, rests and all."""
        return _ANY

    def silence(self, alphabet: Alphabet, n: int) -> Int:
        """A note-off, then nothing new."""
        ids = np.zeros((n, 1), np.int64)
        ids[:1] = NOTE_OFF_ID
        return ids

    def event(self, ids: Int, view: PitchView) -> int:
        """-2, -1, or a pitch."""
        return int(ids[0]) + NO_EVENT

    def ids(self, event: Any, view: PitchView) -> Sequence[int]:
        """The id of -2, -1, or a pitch."""
        if not isinstance(event, int | np.integer) or not NO_EVENT <= event <= 127:
            raise PromptError(
                f"The primer event {event!r:.20} is no melody event; expected {NO_EVENT} (go on), "
                f"{NOTE_OFF} (end), 0 to 127."
            )
        return (int(event) - NO_EVENT,)

    def text(self, events: Sequence[Any]) -> str:
        """Numbers with spaces between."""
        return " ".join(map(str, events))

    def read(self, text: str, view: PitchView) -> list[Any]:
        """'60 -2 62 -2', with or without commas and brackets."""
        words = re.sub(r"[\[\](),]", " ", text).split()
        wrong = next((word for word in words if not re.fullmatch(r"-?\d{1,9}", word)), None)
        if wrong is not None:
            raise PromptError(
                f"The primer event '{wrong:.20}' is no number of an event; expected MIDI pitches, -2 (go on) "
                "and -1 (end)."
            )
        return [int(word) for word in words]


FAMILY = MelodyFamily()
