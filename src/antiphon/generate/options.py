"""`Options`: everything about a piece that can be asked for, except the model, the primer and the seed."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from antiphon.errors import OptionError
from antiphon.generate import notation, record
from antiphon.runtime.beam import Beam
from antiphon.runtime.sampler import Sampling
from antiphon.score.maps import Key, Meter

MAX_STEPS = 100_000
"""Longest piece that is made in one go; a stream has no end."""

_NOTATION = {"meter": notation.meter, "key": notation.key, "program": notation.program}


@dataclass(frozen=True)
class Options:
    """What is asked for. Raises `OptionError` for values outside their range."""

    bars: int | None = None
    """Length in bars, primer included, a pick-up not counted; None is 16, or 8 more than a longer primer has.
    """
    steps: int | None = None
    """Length in steps, primer included, instead of bars."""
    meter: Meter | None = None
    """None is the primer's; without one, the commonest of the music the model learnt from."""
    key: Key | None = None
    """The key the piece shall stand in.

    Models whose view has a key think in C major and its modes (A minor, D dorian...). The result is moved
    from there to this key, by less than an octave, and the key signature is written; without a primer the
    first note is one of the tonic chord (of A minor, say, as the model hears it). With a primer everything
    moves, the primer too, to the octave nearest to where it was. What follows is the model's own choice: it
    may leave the key, unless `in_key` is asked for. A model that keeps melodies where they are (melody/mono)
    is not moved: only its first note, and `in_key`, know of it.
    """
    in_key: bool = False
    """Whether only notes of the key's scale may be played."""
    program: int | None = None
    """General MIDI program, 0-based; None is the primer's, the piano without one."""
    qpm: float | None = None
    """Quarters per minute; None is the primer's first tempo, 120 without one."""
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    beam_size: int = 1
    branch_factor: int = 1
    steps_per_iteration: int = 1
    with_primer: bool = True
    """Whether the result begins with the primer."""
    transpose: int = 0
    """Semitones the primer is moved by before anything else; the result stays there."""
    primer_bars: int | None = None
    """Bars of the primer, a pick-up not counted, that are continued; None takes it all."""

    def __post_init__(self) -> None:
        if self.bars is not None and self.steps is not None:
            raise OptionError("Both bars and steps are given; a length is one or the other.")
        for name in ("bars", "steps"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= MAX_STEPS:
                raise OptionError(
                    f"The length is {value} {name}; expected 1 or more, up to {MAX_STEPS} steps in all."
                )
        if self.qpm is not None and not 4 <= self.qpm <= 1000:
            raise OptionError(f"The tempo is {self.qpm:g} quarters per minute; expected 4 to 1000.")
        if self.program is not None and not 0 <= self.program <= 127:
            raise OptionError(f"The program is {self.program}; expected 0 to 127, 0 is the grand piano.")
        if not -127 <= self.transpose <= 127:
            raise OptionError(f"The transposition is {self.transpose} semitones; expected -127 to 127.")
        if self.primer_bars is not None and self.primer_bars < 1:
            raise OptionError(f"The primer's length is {self.primer_bars} bars; expected 1 or more.")
        if self.in_key and self.key is None:
            raise OptionError("To stay in key needs a key: say which, such as 'D minor'.")
        _ = self.sampling, self.beam

    @classmethod
    def of(cls, **values: Any) -> Options:
        """Options with meter, key and program as people write them ('3/4', 'D minor', 'cello').

        Raises `OptionError` and `NameNotFound`.
        """
        return cls(**{name: _read(name, value) for name, value in values.items()})

    @property
    def sampling(self) -> Sampling:
        """How events are drawn."""
        return Sampling(self.temperature, self.top_k, self.top_p)

    @property
    def beam(self) -> Beam:
        """How wide is searched."""
        return Beam(self.beam_size, self.branch_factor, self.steps_per_iteration)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types; `from_dict` is the inverse."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        words = {name: str(values[name]) for name in ("meter", "key") if values[name] is not None}
        return {**values, **words}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Options:
        """Options from `as_dict`'s result. Raises `OptionError`; `FormatError` for ill-typed values."""
        types = typing.get_type_hints(cls) | {"meter": str | None, "key": str | None}
        unknown = values.keys() - types.keys()
        if unknown:
            raise OptionError(f"Unknown option '{min(unknown)}'; the file may be of a newer version.")
        return cls.of(**record.typed(values, {name: types[name] for name in values}))


def _read(name: str, value: Any) -> Any:
    return _NOTATION[name](value) if name in _NOTATION and isinstance(value, str) else value
