"""`Options`: everything about a piece that can be asked for, except the model, the primer and the seed.

A small tree of settings. Every value has one name, whatever group it stands in, and is declared once: its
type, bounds and help become flags of the command line, and `Keywords` the keywords of Python."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, ClassVar, TypedDict

from antiphon import schema
from antiphon.errors import FormatError, NameNotFound, OptionError
from antiphon.generate import notation
from antiphon.runtime.sampling_options import Beam, Sampling
from antiphon.schema import Settings, setting
from antiphon.score.signatures import Key, Meter

MAX_STEPS = 100_000
"""Longest piece that is made in one go; a stream has no end."""
EXPECTED_RECORD = "Expected a record written by 'generate'."


@dataclass(frozen=True)
class Length(Settings):
    """How long, in which bars, how fast."""

    bars: int | None = setting(None, "Length in bars, primer included. (default: 16)")
    """A pick-up is not counted; None is 16, or 8 more than a longer primer has."""
    steps: int | None = setting(None, "Length in steps, primer included, instead of bars.")
    seconds: float | None = setting(None, "Length in seconds, primer included, instead of bars.")
    """Of music that is counted by the clock, None is 30, or 10 more than a longer primer has."""
    meter: Meter | None = setting(
        None, "Such as 3/4 or 6/8; the primer's where there is one.", read=notation.meter
    )
    """None is the primer's; without one, the commonest of the music the model learnt from."""
    qpm: float | None = setting(None, "Quarters per minute. (default: the primer's, or 120)")

    @property
    def is_given(self) -> bool:
        """Whether it is said how long."""
        return bool(self.bars or self.steps or self.seconds)

    def __post_init__(self) -> None:
        lengths = {name: getattr(self, name) for name in ("bars", "steps", "seconds")}
        given = [name for name, value in lengths.items() if value is not None]
        if len(given) > 1:
            raise OptionError(f"Both {given[0]} and {given[1]} are given; a length is one or the other.")
        for name in given:
            least = 0.01 if name == "seconds" else 1
            if not least <= lengths[name] <= MAX_STEPS:
                raise OptionError(
                    f"The length is {lengths[name]} {name}; expected {least} or more, up to {MAX_STEPS} "
                    "steps in all."
                )
        if self.qpm is not None and not 4 <= self.qpm <= 1000:
            raise OptionError(f"The tempo is {self.qpm:g} quarters per minute; expected 4 to 1000.")


@dataclass(frozen=True)
class Tonality(Settings):
    """Where music with pitches stands.

    Models whose view has a key think in C major and its modes (A minor, D dorian...). The result is moved
    from there to the key asked for, by less than an octave, and the key signature is written; without a
    primer the first note is one of the tonic chord (of A minor, say, as the model hears it). With a primer
    everything moves, the primer too, to the octave nearest to where it was. What follows is the model's own
    choice: it may leave the key, unless `in_key` is asked for. A model that keeps music where it is (its view
    has no key) is not moved: only its first note, and `in_key`, know of it."""

    key: Key | None = setting(
        None, "Such as 'D minor', Bb or 'E dorian'; everything moves there.", read=notation.key
    )
    in_key: bool = setting(False, "Play only notes of the key.")
    transpose: int = setting(0, "Semitones to move the primer by.")
    """Before anything else; the result stays there."""

    def __post_init__(self) -> None:
        if not -127 <= self.transpose <= 127:
            raise OptionError(f"The transposition is {self.transpose} semitones; expected -127 to 127.")
        if self.in_key and self.key is None:
            raise OptionError("To stay in key needs a key: say which, such as 'D minor'.")


@dataclass(frozen=True)
class Primed(Settings):
    """What of the primer is used."""

    primer_bars: int | None = setting(None, "Continue only the first so many bars of the primer.")
    """A pick-up is not counted; None takes it all."""
    with_primer: bool = setting(True, "Leave the primer out of the result.")
    """Whether the result begins with the primer."""

    def __post_init__(self) -> None:
        if self.primer_bars is not None and self.primer_bars < 1:
            raise OptionError(f"The primer's length is {self.primer_bars} bars; expected 1 or more.")


@dataclass(frozen=True)
class Sound(Settings):
    """What it sounds like."""

    program: int | None = setting(
        None, "Instrument, by name ('cello') or number 0-127.", read=notation.program
    )
    """General MIDI program, 0-based; None is the primer's, the piano without one."""

    def __post_init__(self) -> None:
        if self.program is not None and not 0 <= self.program <= 127:
            raise OptionError(f"The program is {self.program}; expected 0 to 127, 0 is the grand piano.")


@dataclass(frozen=True)
class Conditions(Settings):
    """What events are conditioned on, for models that are."""

    control: str | None = setting(
        None, "What the music is conditioned on, for models that are; see their card."
    )


@dataclass(frozen=True)
class Options:
    """What is asked for. Raises `OptionError` for values outside their range."""

    length: Length = Length()
    tonality: Tonality = Tonality()
    sound: Sound = Sound()
    sampling: Sampling = setting(Sampling())
    search: Beam = setting(Beam())
    primed: Primed = Primed()
    conditions: Conditions = Conditions()

    groups: ClassVar[Mapping[str, type[Settings]]]

    @classmethod
    def of(cls, **values: Any) -> Options:
        """Options by their own names, meter, key and program as people write them ('3/4', 'D minor',
        'cello').

        Raises `OptionError` and `NameNotFound`.
        """
        home = {field.name: group for group, field in fields()}
        grouped: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            if name not in home:
                raise NameNotFound("option", name, home)
            grouped.setdefault(home[name], {})[name] = _read(name, value)
        groups: dict[str, Any] = {group: cls.groups[group](**given) for group, given in grouped.items()}
        return cls(**groups)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types, by name; `from_dict` is the inverse."""
        values = {field.name: getattr(getattr(self, group), field.name) for group, field in fields()}
        return {n: str(v) if isinstance(v, Meter | Key) else v for n, v in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Options:
        """Options from `as_dict`'s result. Raises `OptionError`; `FormatError` for ill-typed values."""
        types = {field.name: _plain_type(field.hint) for _, field in fields()}
        unknown = values.keys() - types.keys()
        if unknown:
            raise OptionError(f"Unknown option '{min(unknown)}'; the file may be of a newer version.")
        return cls.of(**typed(values, {name: types[name] for name in values}))

    def without(self, *names: str) -> Options:
        """The same with these at their defaults."""
        return type(self).of(**{name: value for name, value in self.as_dict().items() if name not in names})

    def given(self, *names: str) -> list[str]:
        """Those of `names` that are not at their defaults."""
        plain, default = self.as_dict(), type(self)().as_dict()
        return [name for name in names if plain[name] != default[name]]


Options.groups = {field.name: type(getattr(Options, field.name)) for field in dataclasses.fields(Options)}


class Keywords(TypedDict, total=False):
    """The options as keywords of Python; see the groups of `Options` for what they mean."""

    bars: int | None
    steps: int | None
    seconds: float | None
    meter: Meter | str | None
    qpm: float | None
    key: Key | str | None
    in_key: bool
    transpose: int
    program: int | str | None
    temperature: float
    top_k: int
    top_p: float
    beam_size: int
    branch_factor: int
    steps_per_iteration: int
    primer_bars: int | None
    with_primer: bool
    control: str | None


def fields() -> Iterator[tuple[str, schema.Named]]:
    """Every option with the name of its group, in order."""
    for group, cls in Options.groups.items():
        for field in schema.fields(cls):
            yield group, field


def _read(name: str, value: Any) -> Any:
    """A value as it is kept; words are read where the option has words."""
    read = next(field.setting.read for _, field in fields() if field.name == name)
    return read(value) if read is not None and isinstance(value, str) else value


def _plain_type(hint: Any) -> Any:
    """The JSON type of an option's type."""
    inner = set(typing.get_args(hint)) or {hint}
    return str | None if inner & {Meter, Key} else hint


def typed(values: Mapping[str, Any], types: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a record's `values` that `types` names. Raises `FormatError` where one is missing or of
    another type: a record may come from a stranger."""
    for name, kind in types.items():
        if name not in values:
            raise FormatError(f"The record lacks '{name}'. {EXPECTED_RECORD}")
        if not _fits(values[name], kind):
            raise FormatError(f"The record's '{name}' is {values[name]!r:.40}. {EXPECTED_RECORD}")
    return {name: values[name] for name in types}


def _fits(value: Any, kind: type | UnionType) -> bool:
    """Whether a JSON value is of a type: integers of up to 64 bits count as floats, booleans do not."""
    kinds = typing.get_args(kind) or (kind,)
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, int) and abs(value) >= 2**64:
        return False
    return isinstance(value, (*kinds, int) if float in kinds else kinds)
