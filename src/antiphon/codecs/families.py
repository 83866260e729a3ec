"""The families of events that models play, and what the packages above need to know of one.

Ids belong to the family, not to a model: one alphabet, one grammar and one decoder serve every codec of it.
Training, playing, evaluating and generating handle arrays of ids and ask the alphabet for what they mean; a
family is asked for the ways in and out: from a corpus, from a sequence, from what people write, and back.

T is a sequence's length in events, F the fields of an event; ids are int64 [T, F].
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np

from antiphon.arrays import AnyInt, Bool, Float32, Int64
from antiphon.codecs.alphabet import Alphabet
from antiphon.codecs.kinds import Standing
from antiphon.codecs.rules import Rule
from antiphon.extract.extraction import Extractor
from antiphon.registry import Registry
from antiphon.schema import Settings

S = TypeVar("S")


class View(Settings):
    """Base of views: how a model of a family sees its sequences. A view is a frozen dataclass of settings
    that has `steps_per_quarter`, or `steps_per_second` for music that is counted by the clock."""

    group: ClassVar[str] = "view"

    @property
    def grid(self) -> tuple[int, int]:
        """Steps per quarter and steps per second, one of them 0."""
        return getattr(self, "steps_per_quarter", 0), getattr(self, "steps_per_second", 0)


class Learned(NamedTuple):
    """A sequence as a model learns it."""

    events: Int64
    """Ids, int64 [T, F]. Pitches are as they came: key and range of the view are applied later."""
    control: Float32 | None = None
    """What each event is conditioned on, float32 [T, C]."""
    value: Float32 | None = None
    """The continuous numbers that go with each event, float32 [T, G]."""


Learn = Callable[[AnyInt, Any, Any], Learned]
"""(ids of a corpus [T] or [T, fields of the kind], view, the recipe's control or None) -> what is learnt."""


class Family(ABC, Generic[S]):
    """One kind of event sequence S that models play. Its objects have no state; the registry holds one."""

    name: ClassVar[str]
    plural: ClassVar[str]
    """What several of its sequences are called, in messages."""
    view: ClassVar[type[View]]
    extractor: ClassVar[Extractor]
    """How sequences are found in a score, and how one becomes a score."""
    decoder_version: ClassVar[int] = 1
    """Changes when the same ids come to mean other music."""

    # what events mean ---------------------------------------------------------------------------------------

    @abstractmethod
    def alphabet(self, view: Any) -> Alphabet:
        """The events as a model of this view knows them."""

    def grammar(self, alphabet: Alphabet) -> Sequence[Rule]:
        """Which ids may come next; never forbids real sequences."""
        return ()

    def opening(self, alphabet: Alphabet) -> tuple[Bool, ...]:
        """Which ids of each field, bool [V], may begin music made from nothing: those that begin a note."""
        fields = alphabet.fields
        return tuple(f.onset if f.onset.any() else np.ones(f.size, np.bool_) for f in fields)

    def after_end(self, alphabet: Alphabet) -> tuple[Bool, ...] | None:
        """Which ids of each field may follow music whose last note has ended; None for all."""
        return None

    # from a corpus ------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def sources(self) -> Mapping[str, Learn]:
        """How what a corpus holds becomes what a model learns, by kind of sequence."""

    def misfit(self, options: Mapping[str, Any], view: Any) -> str:
        """Why a model of `view` cannot learn from a corpus extracted with `options`; '' where it can."""
        return ""

    def excerpt(self, ids: AnyInt, start: int, stop: int | None = None) -> Int64:
        """Events [start, stop) of `ids` standing alone, without ends of notes begun before them."""
        return np.array(ids[start:stop], np.int64)

    # from a sequence, and back ------------------------------------------------------------------------------

    @abstractmethod
    def encode(self, sequence: S, view: Any) -> Int64:
        """Ids [T, F] of a sequence; raises `InputError` for one that this view cannot show."""

    def value(self, sequence: S, view: Any) -> Float32 | None:
        """The continuous numbers that go with its events, [T, G], as `Alphabet.values` names them: 0 is the
        usual one of each, which the first event of music made from nothing has. None where there are none."""
        return None

    @abstractmethod
    def decode(self, ids: AnyInt, standing: Standing, view: Any, value: Float32 | None = None) -> S:
        """The sequence of `ids` [T, F] with the continuous numbers `value` [T, G]; raises `InputError` for an
        id outside the alphabet."""

    @abstractmethod
    def prompt_options(self, view: Any) -> Any:
        """Options by which the extractor takes whatever a score has, to be continued."""

    def silence(self, alphabet: Alphabet, n: int) -> Int64:
        """Events [k, F] that end what sounds and let n steps pass. Default events, where each of them takes
        as many steps; other families say themselves."""
        if not alphabet.steady:
            raise TypeError(f"the family '{self.name}' must say how its silence is written")
        return np.zeros((n // alphabet.steady, alphabet.n_fields), np.int64)

    # as people write ----------------------------------------------------------------------------------------

    @abstractmethod
    def event(self, ids: Int64, view: Any) -> Any:
        """The event of `ids` [F] as a small plain value, such as a number."""

    @abstractmethod
    def ids(self, event: Any, view: Any) -> Sequence[int]:
        """The F ids of an event; raises `PromptError` for what is none."""

    @abstractmethod
    def text(self, events: Sequence[Any]) -> str:
        """Events on one line; `read` is the inverse."""

    @abstractmethod
    def read(self, text: str, view: Any) -> list[Any]:
        """The events that a person wrote; raises `PromptError`."""


FAMILIES: Registry[Family[Any]] = Registry(
    "family of events",
    "antiphon.families",
    {
        "melody": "antiphon.codecs.melody:FAMILY",
        "drums": "antiphon.codecs.drums:FAMILY",
    },
    fits=lambda thing: isinstance(thing, Family),
)
