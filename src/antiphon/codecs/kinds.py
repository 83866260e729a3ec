"""`Kind`: all that a corpus needs to know about one kind of extracted sequence; one line each in `KINDS`.

A corpus stores a sequence as rows of small integers, its ids, with named columns. Models need more (which
ids may come next, keys and ranges): that is a `Family`, of the same name, added with the first model of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from antiphon.codecs import melody
from antiphon.codecs.family import Ids
from antiphon.errors import NameNotFound
from antiphon.extract import EXTRACTORS, Extractor, Melody
from antiphon.score.maps import Meter
from antiphon.score.notes import Int

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


class Profile(NamedTuple):
    """What sounds in a sequence, for comparing it with others: one row a note, ordered by time, then from
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


def _decode_melody(ids: Ids, standing: Standing, options: Any) -> Melody:
    return melody.decode(
        ids,
        meter=standing.meter,
        steps_per_quarter=standing.steps_per_quarter,
        start_step=standing.start_step,
        start_in_bar=standing.start_in_bar,
        track=standing.track,
        program=standing.program,
    )


def _profile_of_melody(sequence: Melody) -> Profile:
    start, _, pitch = sequence.notes()
    return Profile(start, pitch.astype(start.dtype))


KINDS: Mapping[str, Kind[Any]] = MappingProxyType(
    {
        "melody": Kind(
            "melody", EXTRACTORS["melody"], ("event",), melody.encode, _decode_melody, _profile_of_melody
        ),
    }
)


def kind(name: str) -> Kind[Any]:
    """The kind called `name`; raises `NameNotFound` with the nearest known one."""
    if name not in KINDS:
        raise NameNotFound("kind of sequence", name, KINDS)
    return KINDS[name]
