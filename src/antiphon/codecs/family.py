"""`Family`: all that other rooms need to know about one kind of event sequence.

Training, playing, evaluating and generating handle arrays of event ids and ask the family for the rest, so
that none of them branches on its name. Ids belong to the family, not to a model: one alphabet, one decoder
and one grammar serve every codec of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from antiphon.codecs.pitches import PitchRange, PitchView
from antiphon.extract import Extractor
from antiphon.score.maps import Meter
from antiphon.score.notes import Bool, Float, Int

S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)

Ids = npt.NDArray[np.integer[Any]]
"""Event ids of any integer type; what comes back is int64."""


class Decode(Protocol[S_co]):
    """Ids -> sequence; the rest says where in which bars the ids stand."""

    def __call__(
        self,
        ids: Ids,
        *,
        meter: Meter = Meter(),
        steps_per_quarter: int = 4,
        start_step: int = 0,
        start_in_bar: int = 0,
        track: int = 0,
        program: int = 0,
    ) -> S_co:
        """The sequence; raises `InputError` for an id outside the alphabet."""
        ...


class Viewed(NamedTuple):
    """Ids as a model sees them, and the semitones they were moved by."""

    ids: Int
    shift: int


@dataclass(frozen=True)
class Family(Generic[S]):
    """One kind of event sequence S. Ids are int64; T is a sequence's length, B a batch, V the alphabet."""

    name: str
    n_events: int
    """V, the size of the alphabet."""
    default_id: int
    """The event that says nothing new; 0, so that a history of zeros is silence."""
    extractor: Extractor
    """How sequences are found in a score, and how one becomes a score."""
    encode: Callable[[S], Int]
    """Sequence -> ids [T]."""
    decode: Decode[S]
    """Ids [T] -> sequence."""
    excerpt: Callable[[Ids, int, int | None], Int]
    """(ids [T], start, stop) -> that stretch on its own, without ends of notes begun before it."""
    begin: Callable[[int], Bool]
    """Number of sequences -> grammar state [B] before the first event."""
    advance: Callable[[Bool, Ids], Bool]
    """(grammar state [B], ids [B] that just sounded) -> next grammar state [B]."""
    grammar_state: Callable[[Ids], Bool]
    """Ids [..., T] -> grammar state [...] after them."""
    allowed: Callable[[Bool], Bool]
    """Grammar state [B] -> which events may come next, bool [B, V]; never forbids real sequences."""
    in_view: Callable[[PitchView], Bool]
    """View -> which events a model of that view knows, bool [V]."""
    view_shift: Callable[[Ids, PitchView], int]
    """(ids [T], view) -> semitones `to_view` moves them by."""
    to_view: Callable[[Ids, PitchView], Viewed]
    """(ids [T], view) -> ids in the view's key, folded into its range, and the shift."""
    from_view: Callable[[Ids, int], Int]
    """(ids [...], shift) -> ids moved back; exact where `to_view` did not have to fold."""
    transpose: Callable[[Ids, int], Int]
    """(ids [...], semitones) -> ids moved, folded at the ends of MIDI's range."""
    out_of_range: Callable[[Ids, PitchView], PitchRange | None]
    """(ids [T], view) -> the notes that `to_view` would fold and what would help; None where all fit."""

    def opening(self, sequences: Iterable[Ids]) -> Float:
        """How often each event begins one of `sequences`: float64 [V], sums to 1; uniform for none."""
        first = [int(ids[0]) for ids in sequences if len(ids)]
        counts = np.bincount(np.array(first, dtype=np.int64), minlength=self.n_events).astype(np.float64)
        result: Float = counts / counts.sum() if first else np.full(self.n_events, 1 / self.n_events)
        return result
