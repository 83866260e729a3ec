"""`Kind`: all that a corpus needs to know about one kind of extracted sequence.

A corpus stores a sequence as rows of small integers, its ids, with named columns. Models need more (what ids
mean, which may come next): that is a `Family`, which learns from one kind or several.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

import numpy as np

from antiphon.codecs.alphabet import Ids
from antiphon.codecs.standing import Profile, Standing
from antiphon.extract.extraction import Extractor
from antiphon.score.notes import Int
from antiphon.score.quantize import quantize
from antiphon.score.quantized import Grid, PerQuarter, PerSecond

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
