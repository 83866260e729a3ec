"""Options of extraction on the command line: one name sets it for all kinds that have it."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from antiphon import plain_json
from antiphon.codecs import kinds as registry
from antiphon.errors import NameNotFound, OptionError

_ZERO_IS_NONE = ("max_steps",)
"""Options where 0 means no limit."""


def parse_kinds(text: str) -> tuple[str, ...]:
    """The kinds in 'melody,drums'. Raises `NameNotFound`, `OptionError` for none."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise OptionError(f"--for '{text}' names no kind; there are {', '.join(registry.KINDS)}.")
    for name in names:
        registry.kind(name)
    return names


def extraction_options(
    kinds: Sequence[str], given: Mapping[str, Any], settings: Sequence[str] = ()
) -> dict[str, Any]:
    """The extractor's options of every kind. `given` applies to all kinds that have the name, `settings`
    ('NAME=VALUE' or 'KIND.NAME=VALUE') overrides it.

    Raises `OptionError` for a name that none of the kinds has, or an invalid value.
    """
    values: dict[str, dict[str, Any]] = {kind: {} for kind in kinds}
    for name, value in given.items():
        for kind in _kinds_with_flag(kinds, name, f"--{name.replace('_', '-')}"):
            values[kind][name] = None if name in _ZERO_IS_NONE and value == 0 else value
    for kind, name, value in _settings(kinds, settings):
        values[kind][name] = value
    return {kind: registry.kind(kind).extractor.options(**values[kind]) for kind in kinds}


def _kinds_with_flag(kinds: Sequence[str], name: str, shown: str) -> list[str]:
    found = [kind for kind in kinds if name in _hints(kind)]
    if not found:
        raise OptionError(f"{shown} means nothing for {' and '.join(kinds)}; leave it out.")
    return found


def _settings(kinds: Sequence[str], settings: Sequence[str]) -> Iterator[tuple[str, str, Any]]:
    """(kind, name, value) of every --set."""
    for text in settings:
        path, equals, written = text.partition("=")
        kind, dot, name = path.strip().rpartition(".")
        if not equals or not name or (dot and kind not in kinds):
            raise OptionError(
                f"--set '{text}' cannot be understood; expected NAME=VALUE, or KIND.NAME=VALUE with a kind "
                f"of {', '.join(kinds)}."
            )
        for chosen in _kinds_with([kind] if dot else kinds, name):
            yield chosen, name, _value(_hints(chosen)[name], written.strip(), text)


def _kinds_with(kinds: Sequence[str], name: str) -> list[str]:
    found = [kind for kind in kinds if name in _hints(kind)]
    if not found:
        raise NameNotFound("option", name, {known for kind in kinds for known in _hints(kind)})
    return found


def _value(hint: Any, written: str, text: str) -> Any:
    """The written value in the option's type."""
    value = _literal(written)
    allowed = typing.get_args(hint) or (hint,)
    if float in allowed and type(value) is int:
        value = float(value)
    if str in allowed and type(value) not in allowed:
        value = written
    if type(value) not in allowed:
        names = ", ".join("none" if one is type(None) else one.__name__ for one in allowed)
        raise OptionError(f"--set '{text}': the value is of another type; expected {names}.")
    return value


def _literal(written: str) -> Any:
    if written.lower() in ("none", "true", "false"):
        return {"none": None, "true": True, "false": False}[written.lower()]
    try:
        return plain_json.loads(written)
    except ValueError:
        return written


def _hints(kind: str) -> dict[str, Any]:
    return typing.get_type_hints(registry.kind(kind).extractor.options)
