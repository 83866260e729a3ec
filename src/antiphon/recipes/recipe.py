"""`Recipe`: what a model *is*, as plain data. No net, no codec is imported here; names point at them.

A recipe travels whole inside a bundle, so everything needed to train, play and fine-tune stands in it. Any
value can be changed by its dotted name (`with_values({"sizes.layers": "64,64"})`), which is what `--set` on
the command line does.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from antiphon.errors import NameNotFound, OptionError
from antiphon.recipes import ranges

MAX_STEPS_PER_BAR = 48
"""Longest bar a model knows, in steps: 12/4 or 3/1 in sixteenths."""


@dataclass(frozen=True)
class View:
    """How a model of this recipe sees a melody: the range it is folded into and the key it is moved to."""

    min_pitch: int = 48
    """Lowest MIDI pitch the model knows."""
    max_pitch: int = 84
    """One above the highest MIDI pitch the model knows."""
    key: int | None = 0
    """Pitch class every melody's major key is moved to; None leaves melodies where they are."""
    steps_per_quarter: int = 4


@dataclass(frozen=True)
class Codec:
    """Features a net sees and labels it predicts; `name` is looked up in `antiphon.nets.features`."""

    name: str
    lookback_bars: tuple[int, ...] = ()
    """Distances, in bars, at which repetition has a label and a feature of its own."""
    clock_bits: int = 0
    """Bits of the +-1 step clock."""


@dataclass(frozen=True)
class Sizes:
    """The net's dimensions."""

    layers: tuple[int, ...] = (128, 128)
    attention_length: int = 0
    """Past outputs attended to; 0 is no attention."""
    residual: bool = False
    attention_around: str = "first"
    """'first' wraps attention round the first layer; 'stack' round the whole stack (bundles of 2016-17)."""


@dataclass(frozen=True)
class Training:
    """Values of the training loop."""

    batch_size: int = 128
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-3
    """Learning rate at `max_steps`, approached along a cosine; equal to `learning_rate` it stays constant."""
    dropout: float = 0.5
    """Share of each layer's outputs that is dropped."""
    clip_norm: float = 5.0
    clip: str = "tensor"
    """'tensor' clips each gradient by its own norm, as the original; 'global' by the norm of all together."""
    transpose: tuple[int, int] = (0, 0)
    """Semitones, both inclusive, drawn anew each time a melody is seen, before it is moved to the view's
    key.
    """
    max_length: int = 512
    """Longest stretch of events, in steps, that one training example holds; longer ones are cut at a bar."""
    max_steps: int = 20_000
    """Optimiser steps after which training ends even while it still improves."""
    evaluate_every: int = 250
    """Optimiser steps between evaluations on the validation split."""
    patience: int = 8
    """Evaluations without improvement after which training ends."""


@dataclass(frozen=True)
class Recipe:
    """A model's description. `name` is 'family/variant'. Raises `OptionError` for values outside `ranges`."""

    name: str
    family: str
    """Kind of event sequence: which extractor, codec ids and decoder serve it ('melody')."""
    summary: str
    codec: Codec
    net: str
    """Architecture, looked up in `antiphon.nets`."""
    view: View = field(default_factory=View)
    sizes: Sizes = field(default_factory=Sizes)
    training: Training = field(default_factory=Training)
    paper: str = ""
    """Where the model was first described."""

    def __post_init__(self) -> None:
        ranges.check(self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types; `from_dict` is the inverse."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """A recipe from `as_dict`'s result. Raises `OptionError` for unknown or ill-typed values."""
        return typing.cast(Recipe, _build(cls, values, ""))

    def with_values(self, changes: Mapping[str, str]) -> Recipe:
        """The recipe with values replaced by dotted name, given as text ('sizes.layers': '64,64')."""
        values = self.as_dict()
        for path, text in changes.items():
            _assign(values, path, text, type(self))
        return type(self).from_dict(values)


def _hints(cls: type) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _build(cls: type, values: Mapping[str, Any], path: str) -> Any:
    hints = _hints(cls)
    for name in values:
        if name not in hints:
            raise NameNotFound("recipe value", f"{path}{name}", [f"{path}{known}" for known in hints])
    built = {name: _coerce(hints[name], value, f"{path}{name}") for name, value in values.items()}
    lacking = [f"{path}{name}" for name in _required(cls) if name not in built]
    if lacking:
        raise OptionError(f"The recipe is incomplete: it lacks {', '.join(lacking)}.")
    return cls(**built)


def _required(cls: type) -> list[str]:
    """Values without a default."""
    missing = dataclasses.MISSING
    every = dataclasses.fields(cls)
    return [one.name for one in every if one.default is missing and one.default_factory is missing]


def _coerce(hint: Any, value: Any, path: str) -> Any:
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise OptionError(f"'{path}' is {value!r}; expected a group of values.")
        return _build(typing.cast(type, hint), value, f"{path}.")
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        inner = next(a for a in args if a is not type(None))
        return None if value is None else _coerce(inner, value, path)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise OptionError(f"'{path}' is {value!r}; expected a list of {args[0].__name__} values.")
        if args[-1] is not Ellipsis and len(value) != len(args):
            raise OptionError(f"'{path}' has {len(value)} values; expected {len(args)}.")
        return tuple(_coerce(args[0], item, path) for item in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise OptionError(f"'{path}' is {value!r}; expected {hint.__name__}.")
    return value


def _assign(values: dict[str, Any], path: str, text: str, cls: type) -> None:
    *parents, leaf = path.split(".")
    target, kind = values, cls
    for parent in parents:
        hint = _hints(kind).get(parent)
        if hint is None or not dataclasses.is_dataclass(hint):
            raise NameNotFound("recipe value", path, _dotted(cls))
        target, kind = target[parent], typing.cast(type, hint)
    hints = _hints(kind)
    if leaf not in hints or dataclasses.is_dataclass(hints[leaf]):
        raise NameNotFound("recipe value", path, _dotted(cls))
    target[leaf] = _parse(hints[leaf], text, path)


def _dotted(cls: type, prefix: str = "") -> list[str]:
    """Dotted names of every value below `cls`."""
    names: list[str] = []
    for name, hint in _hints(cls).items():
        is_group = dataclasses.is_dataclass(hint)
        names += _dotted(typing.cast(type, hint), f"{prefix}{name}.") if is_group else [f"{prefix}{name}"]
    return names


def _parse(hint: Any, text: str, path: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        inner = next(a for a in args if a is not type(None))
        return None if text.lower() in ("none", "") else _parse(inner, text, path)
    if origin is tuple:
        return [
            _parse(args[0], item.strip(), path) for item in text.strip("[]() ").split(",") if item.strip()
        ]
    if hint is bool:
        if text.lower() not in ("true", "false", "1", "0"):
            raise OptionError(f"'{path}={text}': expected true or false.")
        return text.lower() in ("true", "1")
    try:
        return hint(text)
    except ValueError:
        raise OptionError(f"'{path}={text}': expected {hint.__name__}.") from None
