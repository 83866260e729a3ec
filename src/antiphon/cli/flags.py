"""The options of music as flags: made from where they are declared, and read from what a person typed.

Numbers may be lists ('0.6,1,1.2') and all others may be repeated: several values are a sweep.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Annotated, Any

import typer

from antiphon.errors import OptionError
from antiphon.schema import Named


def options(*names: str) -> list[Named]:
    """The options of music with these names; all of them where none is given."""
    from antiphon.generate.options import fields

    return [field for _, field in fields() if not names or field.name in names]


def with_flags(verb: Callable[..., None], fields: Sequence[Named]) -> Callable[..., None]:
    """`verb` with a parameter for each of `fields` in place of its keywords, as typer reads it."""

    @wraps(verb)
    def command(**typed: Any) -> None:
        verb(**typed)

    plain = inspect.signature(verb, eval_str=True)
    own = [p for p in plain.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    command.__signature__ = plain.replace(parameters=[*own, *_parameters(fields)])  # type: ignore[attr-defined]
    return command


def _parameters(fields: Sequence[Named]) -> Iterator[inspect.Parameter]:
    for field in fields:
        option = typer.Option(_flag(field), help=_help(field), metavar=_metavar(field))
        annotation = Annotated[bool, option] if field.hint is bool else Annotated[list[str] | None, option]
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if field.hint is bool else None,
            annotation=annotation,
        )


def values(fields: Sequence[Named], typed: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values that were typed for each option, by name; options that were left out are not there. Raises
    `OptionError` for what is no number."""
    found: dict[str, list[Any]] = {}
    for field in fields:
        given = typed[field.name]
        if field.hint is bool:
            found |= {field.name: [not field.default]} if given else {}
        elif given:
            found[field.name] = [value for text in given for value in _read(field, text)]
    return found


def given(fields: Sequence[Named], typed: Mapping[str, Any]) -> list[str]:
    """The flags that were typed."""
    return [_flag(field) for field in fields if typed[field.name]]


def single(fields: Sequence[Named], typed: Mapping[str, Any]) -> dict[str, Any]:
    """The same where each option has one value; raises `OptionError` for several."""
    found = values(fields, typed)
    for field in fields:
        if len(found.get(field.name, ())) > 1:
            raise OptionError(f"{_flag(field)} has several values; expected one.")
    return {name: several[0] for name, several in found.items()}


def _read(field: Named, text: str) -> list[Any]:
    from antiphon import schema

    if not schema.is_number(field.hint) or field.setting.read is not None:
        return [text]
    words = [word.strip() for word in text.split(",")]
    try:
        if not all(words):
            raise OptionError("a number is missing")
        return [schema.parsed(field, word, field.name) for word in words]
    except OptionError:
        raise OptionError(
            f"{_flag(field)} is '{text}'; expected a number, or several with commas between."
        ) from None


def _flag(field: Named) -> str:
    name = field.name.replace("_", "-")
    return (
        f"--{name.replace('with-', 'without-', 1)}" if field.hint is bool and field.default else f"--{name}"
    )


def _help(field: Named) -> str:
    shown = field.default is not None and field.hint is not bool
    return f"{field.setting.help} (default: {field.default})" if shown else field.setting.help


def _metavar(field: Named) -> str | None:
    from antiphon import schema

    if field.hint is bool:
        return None
    return "NUMBER" if schema.is_number(field.hint) and field.setting.read is None else "TEXT"
