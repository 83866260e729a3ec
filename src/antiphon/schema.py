"""Settings: frozen dataclasses whose fields carry their bounds and their help, read from JSON and from text.

    @dataclass(frozen=True)
    class Lstm(Part):
        name: ClassVar[str] = "lstm"
        layers: tuple[int, ...] = setting((128, 128), "Cells of each layer.", low=1, high=8192)

A value is checked when it is made. `plain` gives its JSON types, `built` reads them back, `parsed` reads one
field from what a person typed. A `Part` is one of several kinds of settings that may stand in the same place;
in JSON its `name` stands among its fields. Types that fields may have: int, float, bool, str, tuples of one
of these, and each of them or None."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from antiphon.errors import NameNotFound, OptionError, one_line

if TYPE_CHECKING:
    from antiphon.registry import Registry

V = TypeVar("V")

_KEY = "antiphon"
_LONGEST = 80
"""Characters of a value in a message."""


@dataclass(frozen=True)
class Setting:
    """What is known about a field: `help` in a few words, least and greatest value (of lists, of each item),
    the most items of a list, the words it may be, and how it is read from text where its type does not say.
    """

    help: str = ""
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    read: Callable[[str], Any] | None = None
    most: int = 1024


class Named(NamedTuple):
    """A field of settings: its name, type, default (`dataclasses.MISSING` for none) and `Setting`."""

    name: str
    hint: Any
    default: Any
    setting: Setting


def setting(
    default: Any = dataclasses.MISSING,
    help: str = "",
    *,
    low: float = -math.inf,
    high: float = math.inf,
    choices: tuple[str, ...] = (),
    read: Callable[[str], Any] | None = None,
    most: int = 1024,
) -> Any:
    """A field of `Settings`; see `Setting`."""
    return dataclasses.field(default=default, metadata={_KEY: Setting(help, low, high, choices, read, most)})


class Settings:
    """Base of frozen dataclasses that are checked when they are made; `group` is their name in messages."""

    group: ClassVar[str] = ""

    def __post_init__(self) -> None:
        check(self)


class Part(Settings):
    """Settings of which there are several kinds for one place, known by `name`."""

    name: ClassVar[str]


@dataclass(frozen=True)
class Opaque:
    """A part of a kind that is not installed here: kept as it came, of no use but to be handed on."""

    name: str
    values: Mapping[str, Any]


def fields(cls: Any) -> tuple[Named, ...]:
    """The fields of settings, in order."""
    return _fields(cls)


@cache
def _fields(cls: Any) -> tuple[Named, ...]:
    hints = typing.get_type_hints(cls)
    return tuple(
        Named(field.name, hints[field.name], _default(field), field.metadata.get(_KEY, Setting()))
        for field in dataclasses.fields(cls)
    )


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def check(settings: Settings) -> None:
    """Raise `OptionError` where a value is out of its bounds, naming it 'group.field'."""
    for field in fields(type(settings)):
        about, value = field.setting, getattr(settings, field.name)
        path = f"{settings.group}.{field.name}".lstrip(".")
        if isinstance(value, tuple) and len(value) > about.most:
            raise OptionError(f"{path} has {len(value):,} values; expected {about.most:,} at most.")
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, int | float) and not about.low <= item <= about.high:
                raise OptionError(f"{path} is {item}; expected {_between(about.low, about.high)}.")
        if about.choices and value not in about.choices:
            shown = one_line(value, _LONGEST)
            raise OptionError(f"{path} is '{shown}'; expected one of {', '.join(about.choices)}.")


def _between(low: float, high: float) -> str:
    if high == math.inf:
        return f"{low:g} or more"
    return f"{low:g} to {high:g}" if high == round(high) else f"{low:g} to below {math.ceil(high)}"


def plain(value: Any) -> Any:
    """`value` in JSON types; `built` is the inverse."""
    if isinstance(value, Opaque):
        return {"name": value.name, **value.values}
    if isinstance(value, Settings):
        own = {field.name: plain(getattr(value, field.name)) for field in fields(type(value))}
        return {"name": value.name, **own} if isinstance(value, Part) else own
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def built(cls: type[V], values: Any, path: str = "") -> V:
    """Settings of the class `cls` from JSON types.

    `path` is put before names in messages. Raises `NameNotFound` for an unknown name, `OptionError` for a
    value of another type, or one that is missing.
    """
    if not isinstance(values, Mapping):
        raise OptionError(f"'{path.rstrip('.')}' is {_shown(values)}; expected a group of values.")
    known = {field.name: field for field in fields(cls)}
    given = {
        name: coerced(known[name].hint, value, f"{path}{name}") if name in known else value
        for name, value in values.items()
    }
    return assembled(cls, given, "value", path)


def assembled(cls: type[V], values: Mapping[str, Any], sort: str, path: str = "") -> V:
    """Settings of the class `cls` from values of the right types. Raises `NameNotFound` (what was looked for
    is a `sort`) for an unknown name, `OptionError` where one is missing."""
    known = fields(cls)
    names = [f"{path}{field.name}" for field in known]
    for name in values:
        if f"{path}{name}" not in names:
            raise NameNotFound(sort, f"{path}{name}", names)
    missing = dataclasses.MISSING
    lacking = [f"{path}{f.name}" for f in known if f.default is missing and f.name not in values]
    if lacking:
        raise OptionError(f"The {sort.partition(' ')[0]} is incomplete: it lacks {', '.join(lacking)}.")
    return cls(**values)


def built_part(parts: Registry[Any], values: Any, path: str, *, lenient: bool = False) -> Any:
    """The part that `values` describe, of a kind in `parts`; where it is not there, an `Opaque` one if
    `lenient`.

    Raises as `built` does.
    """
    if not isinstance(values, Mapping) or not isinstance(values.get("name"), str):
        raise OptionError(f"'{path}' is {_shown(values)}; expected a group of values with a name.")
    rest = {name: value for name, value in values.items() if name != "name"}
    if lenient and values["name"] not in parts:
        return Opaque(values["name"], types.MappingProxyType(rest))
    return built(parts.find(values["name"]), rest, f"{path}.")


def coerced(hint: Any, value: Any, path: str) -> Any:
    """`value`, of JSON types, as `hint` wants it. Raises `OptionError`."""
    inner, optional = _without_none(hint)
    if optional and value is None:
        return None
    origin, args = typing.get_origin(inner), typing.get_args(inner)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise OptionError(f"'{path}' is {_shown(value)}; expected a list of {args[0].__name__} values.")
        if args[-1] is not Ellipsis and len(value) != len(args):
            raise OptionError(f"'{path}' has {len(value)} values; expected {len(args)}.")
        return tuple(coerced(args[0], item, path) for item in value)
    if inner is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, inner) or (inner is int and isinstance(value, bool)):
        raise OptionError(f"'{path}' is {_shown(value)}; expected {inner.__name__}.")
    return value


def parsed(field: Named, text: str, path: str) -> Any:
    """What a person typed for `field`, in JSON types (or as its `read` gives it). Raises `OptionError`."""
    inner, optional = _without_none(field.hint)
    if optional and text.lower() in ("none", ""):
        return None
    if field.setting.read is not None:
        return field.setting.read(text)
    origin, args = typing.get_origin(inner), typing.get_args(inner)
    if origin is tuple:
        words = text.strip("[]() ").split(",")
        return [_word(args[0], word.strip(), path, text) for word in words if word.strip()]
    return _word(inner, text, path, text)


def _word(hint: Any, word: str, path: str, text: str) -> Any:
    if hint is bool:
        if word.lower() not in ("true", "false", "1", "0"):
            raise OptionError(f"'{path}={text}': expected true or false.")
        return word.lower() in ("true", "1")
    try:
        return hint(word)
    except ValueError:
        raise OptionError(f"'{path}={text}': expected {hint.__name__}.") from None


def dotted(settings: Any, prefix: str = "") -> Iterator[str]:
    """Dotted names of every value in `settings`, those of its groups included."""
    for field in fields(type(settings)):
        value = getattr(settings, field.name)
        if isinstance(value, Settings):
            yield from dotted(value, f"{prefix}{field.name}.")
        elif not isinstance(value, Opaque):
            yield f"{prefix}{field.name}"


def _shown(value: Any) -> str:
    """A value in a message, which may come from a stranger's file."""
    return one_line(repr(value), _LONGEST)


def is_number(hint: Any) -> bool:
    """Whether a field of this type holds one number, or none."""
    return _without_none(hint)[0] in (int, float)


def _without_none(hint: Any) -> tuple[Any, bool]:
    """The type in 'type | None', and whether None may stand there."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return next(arg for arg in typing.get_args(hint) if arg is not type(None)), True
    return hint, False
