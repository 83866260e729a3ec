"""`Alphabet`: the events of a family as one model knows them, as a value.

An event is a tuple of F fields, each a small whole number (its id), most often one field. A field's ids lie
in runs, its `Span`s, whose ids mean the same sort of thing: one hundred and twenty-eight onsets, a hundred
waits. A span says what all who handle events without knowing the family need: how many steps of time pass
with an event, whether a note begins with it, which pitch it carries, and which of its ids the model knows. Id
0 of every field is the default, so that a history of zeros is one in which nothing has happened.

Arrays of events are int64 [..., F].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.errors import InputError
from antiphon.score.notes import Bool, Int

Ids = npt.NDArray[np.integer[Any]]
"""Event ids of any integer type; what comes back is int64."""

NO_PITCH = -1


@dataclass(frozen=True)
class Span:
    """A run of `n` ids of one sort."""

    name: str
    n: int = 1
    steps: int = 0
    """Steps of time that pass with its first id."""
    steps_more: int = 0
    """How many more pass with each further id than with the one before."""
    onset: bool = False
    """Whether a note, or a stroke, begins."""
    pitch: int | None = None
    """MIDI pitch of its first id, each further id being a semitone higher; None where it has none."""
    known: tuple[int, int] | None = None
    """The ids that the model knows, from the first of this pair to below the second, counted from the span's
    first; None is all of them."""

    @property
    def known_ids(self) -> tuple[int, int]:
        """The same with None resolved."""
        return self.known or (0, self.n)


@dataclass(frozen=True)
class Field:
    """One of the numbers that an event is made of."""

    name: str
    spans: tuple[Span, ...]

    @property
    def size(self) -> int:
        """How many ids it has."""
        return sum(span.n for span in self.spans)

    @cached_property
    def firsts(self) -> dict[str, int]:
        """The first id of each span by its name."""
        bounds = np.cumsum([0, *(span.n for span in self.spans)]).tolist()
        return {span.name: first for span, first in zip(self.spans, bounds, strict=False)}

    @cached_property
    def span(self) -> Int:
        """Which span each id is of, int64 [V]."""
        return np.repeat(np.arange(len(self.spans)), [span.n for span in self.spans])

    @cached_property
    def place(self) -> Int:
        """Each id counted from the first of its span, int64 [V]."""
        return np.concatenate([np.arange(span.n) for span in self.spans])

    @cached_property
    def steps(self) -> Int:
        """Steps of time that pass with each id, int64 [V]."""
        return np.concatenate([span.steps + span.steps_more * np.arange(span.n) for span in self.spans])

    @cached_property
    def onset(self) -> Bool:
        """Whether a note begins with each id, bool [V]."""
        return np.repeat([span.onset for span in self.spans], [span.n for span in self.spans])

    @cached_property
    def pitch(self) -> Int:
        """The pitch that each id carries, int64 [V]; -1 for none."""
        parts = [
            np.full(span.n, NO_PITCH) if span.pitch is None else span.pitch + np.arange(span.n)
            for span in self.spans
        ]
        return np.concatenate(parts)

    @cached_property
    def known(self) -> Bool:
        """Which ids the model knows, bool [V]."""
        parts = [np.arange(span.n) for span in self.spans]
        inside = [
            (part >= span.known_ids[0]) & (part < span.known_ids[1])
            for part, span in zip(parts, self.spans, strict=True)
        ]
        return np.concatenate(inside)

    @cached_property
    def nearest(self) -> Int:
        """The id that the model hears in place of each, int64 [V]: itself where it is known, else one of its
        span: the same note in another octave, or the nearest number. Where a span has none at all, 0."""
        found = np.arange(self.size)
        for first, span in zip(self.firsts.values(), self.spans, strict=True):
            low, high = span.known_ids
            place = np.arange(span.n)
            if low >= high:
                found[first : first + span.n] = 0
            elif span.pitch is None:
                found[first : first + span.n] = first + np.clip(place, low, high - 1)
            else:
                found[first : first + span.n] = first + folded(place, low, high)
        return found


@dataclass(frozen=True)
class Alphabet:
    """All that is known of a family's events without knowing the family."""

    fields: tuple[Field, ...]
    values: tuple[str, ...] = ()
    """Names of the continuous numbers, float32 [..., G], that go with each event (velocities, timing)."""

    @cached_property
    def n_fields(self) -> int:
        """F."""
        return len(self.fields)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Ids of each field."""
        return tuple(field.size for field in self.fields)

    @cached_property
    def n_events(self) -> int:
        """Width of a distribution: the ids of all fields side by side."""
        return sum(self.sizes)

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """Where each field's ids stand in a distribution."""
        bounds = np.cumsum([0, *self.sizes]).tolist()
        return tuple(slice(a, b) for a, b in pairwise(bounds))

    @cached_property
    def known(self) -> Bool:
        """Which ids the model knows, those of all fields side by side, bool [V]."""
        return np.concatenate([field.known for field in self.fields])

    @cached_property
    def steady(self) -> int:
        """Steps that every event takes, where all take as many; else 0."""
        if any((field.steps != field.steps[0]).any() for field in self.fields):
            return 0
        return sum(int(field.steps[0]) for field in self.fields)

    @cached_property
    def is_pitched(self) -> bool:
        """Whether events carry pitches."""
        return any(span.pitch is not None for field in self.fields for span in field.spans)

    def steps(self, events: Ids) -> Int:
        """Steps of time that pass with each event, int64 [...]."""
        if self.n_fields == 1:
            return self.fields[0].steps[events[..., 0]]
        return sum(
            (field.steps[events[..., f]] for f, field in enumerate(self.fields[1:], 1)),
            self.fields[0].steps[events[..., 0]],
        )

    def times(self, events: Ids) -> Int:
        """Steps gone by before each event of sequences [..., T, F], int64 [..., T]."""
        steps = self.steps(events)
        return np.cumsum(steps, axis=-1) - steps

    def shortened(self, event: Int, steps: int) -> Int | None:
        """`event` [F] that takes `steps` steps at most, by another id of one of its spans; None where there
        is none such."""
        excess = int(self.steps(event)) - steps
        if excess <= 0:
            return event
        for f, field in enumerate(self.fields):
            near = np.flatnonzero(field.span == field.span[event[f]])
            fitting = near[field.steps[near] <= field.steps[event[f]] - excess]
            if len(fitting):
                found = event.copy()
                found[f] = fitting[field.steps[fitting].argmax()]
                return found
        return None

    def onsets(self, events: Ids) -> Bool:
        """Whether a note begins with each event, bool [...]."""
        return self._any(events, [field.onset for field in self.fields])

    def pitches(self, events: Ids) -> Int:
        """The pitch of the note that begins with each field of each event, int64 [..., F]; -1 where none does
        or it has none."""
        tables = [np.where(field.onset, field.pitch, NO_PITCH) for field in self.fields]
        return np.stack([table[events[..., f]] for f, table in enumerate(tables)], axis=-1)

    def sorts(self, events: Ids) -> Int:
        """The span of each id instead of the id, int64 [..., F]: what is left of music when its pitches, and
        the numbers of other spans, are not looked at."""
        return np.stack([field.span[events[..., f]] for f, field in enumerate(self.fields)], axis=-1)

    def knows(self, events: Ids) -> bool:
        """Whether the model knows all of them; False too for a number that is no id at all."""
        if self.n_fields == 1:
            return self._known_ids[0].issuperset(events.ravel().tolist())
        columns = events.reshape(-1, self.n_fields).T.tolist()
        return all(known.issuperset(ids) for known, ids in zip(self._known_ids, columns, strict=True))

    def heard(self, events: Ids) -> Int:
        """The events that sounded, as the model hears them: see `Field.nearest`. Raises `InputError` for a
        number that is no id at all."""
        return np.stack([field.nearest[self._ids(events, f)] for f, field in enumerate(self.fields)], axis=-1)

    def _ids(self, events: Ids, f: int) -> Int:
        ids = np.asarray(events[..., f], np.int64)
        wrong = ids[(ids < 0) | (ids >= self.sizes[f])]
        if wrong.size:
            name, most = self.fields[f].name, self.sizes[f] - 1
            raise InputError(f"{wrong.flat[0]} is no id of the field '{name}'; expected 0 to {most}.")
        return ids

    def _any(self, events: Ids, tables: Sequence[Bool]) -> Bool:
        found: Bool = tables[0][events[..., 0]]
        for f, table in enumerate(tables[1:], start=1):
            found = found | table[events[..., f]]
        return found

    @cached_property
    def _known_ids(self) -> tuple[frozenset[int], ...]:
        return tuple(frozenset(np.flatnonzero(field.known).tolist()) for field in self.fields)

    def as_dict(self) -> dict[str, Any]:
        """JSON types, as in `docs/playing-contract.md`. What a span has by default is left out."""
        plain = Span("")
        return {
            "fields": [
                {
                    "name": field.name,
                    "spans": [
                        {"name": span.name}
                        | {
                            name: list(value) if isinstance(value, tuple) else value
                            for name, value in vars(span).items()
                            if name != "name" and value != getattr(plain, name)
                        }
                        for span in field.spans
                    ],
                }
                for field in self.fields
            ],
            "values": list(self.values),
        }


def single(*spans: Span) -> Alphabet:
    """The alphabet of events that are one number each."""
    return Alphabet((Field("event", spans),))


def restricted(span: Span, low: int, high: int) -> Span:
    """`span` of which only the pitches from `low` to below `high` are known."""
    first = span.pitch or 0
    return replace(span, known=(min(max(low - first, 0), span.n), min(max(high - first, 0), span.n)))


def folded(numbers: Ids, low: int | Int, high: int | Int) -> Int:
    """`numbers` (pitches, say) with those outside [low, high), given for all or for each, moved by twelves
    into its lowest or highest twelve; to the nearest end where there are no twelve."""
    raised = np.where(numbers < low, low + (numbers - low) % 12, numbers)
    found = np.where(raised >= high, high - 12 + (raised - high) % 12, raised)
    found = np.where(np.subtract(high, low) < 12, np.clip(numbers, low, np.subtract(high, 1)), found)
    return found.astype(np.int64, copy=False)
