"""The kinds of sequences that a corpus can hold, and all that it needs to know about one.

A corpus stores a sequence as rows of small integers, its ids, with named columns. Models need more (what ids
mean, which may come next): that is a `Family`, which learns from one kind or several. `KINDS` has every
extractor as it is, those with a line in `_CODECS` with their codec, and what other packages bring.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from antiphon.codecs.alphabet import Ids
from antiphon.extract import EXTRACTORS
from antiphon.extract.extraction import Extractor
from antiphon.registry import Registry
from antiphon.score.maps import Meter
from antiphon.score.notes import Int
from antiphon.score.quantize import quantize
from antiphon.score.quantized import Grid, PerQuarter, PerSecond

S = TypeVar("S")


class Standing(NamedTuple):
    """Where a sequence stood in its piece, and on which grid; an attribute that a kind of sequence lacks has
    its default."""

    meter: Meter = Meter()
    steps_per_quarter: int = 0
    """0 on a grid of steps per second."""
    steps_per_second: int = 0
    """0 on a grid of steps per quarter."""
    start_step: int = 0
    start_in_bar: int = 0
    track: int = -1
    """-1 where a sequence is of several parts."""
    program: int = 0

    @classmethod
    def of(cls, sequence: Any) -> Standing:
        """The standing of an extracted sequence, from its attributes of the same names."""
        found = {name: getattr(sequence, name) for name in cls._fields if hasattr(sequence, name)}
        return cls(**found)

    def on_beats(self) -> dict[str, Any]:
        """The values that an `antiphon.extract.stepped.Stepped` sequence is made with."""
        return {name: value for name, value in self._asdict().items() if name != "steps_per_second"}


class Profile(NamedTuple):
    """What sounds in a sequence, for comparing it with others: one row per note, ordered by time, then from
    the highest pitch to the lowest."""

    time: Int
    """Onset in steps from the sequence's start, int64 [N]."""
    pitch: Int
    """MIDI pitch, or number of the drum class, int64 [N]."""


@dataclass(frozen=True)
class Kind(Generic[S]):
    """One kind of sequence S, as corpora store it."""

    name: str
    extractor: Extractor
    fields: tuple[str, ...]
    """Names of the columns of ids."""
    encode: Callable[[S], Int]
    """Sequence -> ids, int64 [T] where there is one field, [T, F] where there are F; they fit int16."""
    decode: Callable[[Ids, Standing, Any], S]
    """(ids, standing, the extractor's options) -> the sequence; `encode`'s inverse. Raises `InputError`."""
    profile: Callable[[S], Profile]
    transposable: bool = True
    """Whether the same sequence in another key is the same music (not so for drums)."""
    on_grid: bool = True
    """Whether onsets stand in simple ratios; played freely, only the order of pitches tells a piece."""
    sounds: Callable[[Mapping[str, Any]], tuple[str, ...]] = lambda options: ()
    """The extractor's options -> names of what the pitches of a profile stand for; () where they are
    pitches."""
    remedies: tuple[tuple[str, str], ...] = ()
    """What to do where nothing comes of a piece: words of the reason, and advice."""


def plain(name: str, extractor: Extractor) -> Kind[Any]:
    """The kind of an extractor without a codec of its own: a sequence's events, one int16 each, are its ids,
    and what sounds is what its `to_score` makes of it."""
    known = {field.name for field in fields(extractor.sequence)}

    def decode(ids: Ids, standing: Standing, options: Any = None) -> Any:
        place = {field: value for field, value in standing._asdict().items() if field in known}
        return extractor.sequence(np.asarray(ids).astype(np.int16), **place)

    def profile(sequence: Any) -> Profile:
        notes = quantize(extractor.to_score(sequence), _grid(Standing.of(sequence))).notes
        order = np.lexsort((-notes.pitch, notes.start))
        return Profile(notes.start[order], notes.pitch[order].astype(np.int64))

    return Kind(name, extractor, ("event",), lambda s: s.events.astype(np.int64), decode, profile)


def _grid(standing: Standing) -> Grid:
    """The grid that a sequence's steps are counted on."""
    if standing.steps_per_quarter:
        return PerQuarter(standing.steps_per_quarter)
    return PerSecond(standing.steps_per_second)


_CODECS: Mapping[str, str] = {
    "melody": "antiphon.codecs.melody:KIND",
    "drums": "antiphon.codecs.drums:KIND",
    "polyphony": "antiphon.codecs.polyphony:KIND",
    "pianoroll": "antiphon.codecs.pianoroll:KIND",
    "performance": "antiphon.codecs.performance:KIND",
    "note-performance": "antiphon.codecs.note_performance:KIND",
    "leadsheet": "antiphon.codecs.leadsheet:KIND",
}

KINDS: Registry[Kind[Any]] = Registry(
    "kind of sequence",
    "antiphon.kinds",
    {name: _CODECS.get(name) or plain(name, extractor) for name, extractor in EXTRACTORS.items()},
    fits=lambda thing: isinstance(thing, Kind),
)


def kind(name: str) -> Kind[Any]:
    """The kind called `name`; raises `NameNotFound` with the nearest known one."""
    return KINDS.find(name)
