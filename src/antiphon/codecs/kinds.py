"""`Kind`: all that a corpus needs to know about one kind of extracted sequence; one line each in `KINDS`.

A corpus stores a sequence as rows of small integers, its ids, with named columns. Models need more (which
ids may come next, keys and ranges): that is a `Family`, of the same name, added with the first model of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from antiphon.codecs import drums, leadsheet, melody, note_performance, performance, pianoroll, polyphony
from antiphon.codecs.family import Ids
from antiphon.codecs.standing import Profile, Standing
from antiphon.errors import NameNotFound
from antiphon.extract import EXTRACTORS, Extractor, Melody
from antiphon.score.notes import Int

__all__ = ["KINDS", "Kind", "Profile", "Standing", "kind"]

S = TypeVar("S")


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
    return melody.decode(ids, **standing.on_beats())


def _profile_of_melody(sequence: Melody) -> Profile:
    start, _, pitch = sequence.notes()
    return Profile(start, pitch.astype(start.dtype))


KINDS: Mapping[str, Kind[Any]] = MappingProxyType(
    {
        "melody": Kind(
            "melody", EXTRACTORS["melody"], ("event",), melody.encode, _decode_melody, _profile_of_melody
        ),
        "drums": Kind(
            "drums",
            EXTRACTORS["drums"],
            ("drums",),
            drums.encode,
            drums.decode,
            drums.profile,
            transposable=False,
        ),
        "polyphony": Kind(
            "polyphony",
            EXTRACTORS["polyphony"],
            ("event",),
            polyphony.encode,
            polyphony.decode,
            polyphony.profile,
        ),
        "pianoroll": Kind(
            "pianoroll",
            EXTRACTORS["pianoroll"],
            pianoroll.FIELDS,
            pianoroll.encode,
            pianoroll.decode,
            pianoroll.profile,
        ),
        "performance": Kind(
            "performance",
            EXTRACTORS["performance"],
            ("event",),
            performance.encode,
            performance.decode,
            performance.profile,
            on_grid=False,
        ),
        "note-performance": Kind(
            "note-performance",
            EXTRACTORS["note-performance"],
            note_performance.FIELDS,
            note_performance.encode,
            note_performance.decode,
            performance.profile,
            on_grid=False,
        ),
        "leadsheet": Kind(
            "leadsheet",
            EXTRACTORS["leadsheet"],
            leadsheet.FIELDS,
            leadsheet.encode,
            leadsheet.decode,
            leadsheet.profile,
        ),
    }
)


def kind(name: str) -> Kind[Any]:
    """The kind called `name`; raises `NameNotFound` with the nearest known one."""
    if name not in KINDS:
        raise NameNotFound("kind of sequence", name, KINDS)
    return KINDS[name]
