"""Conditions on pieces, as the user types them: 'style=funk', 'tempo>=100', 'programs~bass'.

| written | true for a piece when |
|---|---|
| `name=a,b` | a text called `name` is a or b, ignoring case; a number is equal |
| `name!=a,b` | none is |
| `name~a,b` | a text called `name` contains a or b |
| `name<5`, `<=`, `>`, `>=` | a number called `name` is below 5, ... |

A value with a comma is put in double quotes. Names are those of the facts (`antiphon.data.facts`), of the
metadata (`antiphon.data.metadata`), and `path`, `folder` (any of those on the path), `file` (the file's name)
and `group`. A number that was measured takes precedence over metadata of the same name.
"""

from __future__ import annotations

import csv
import difflib
import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, NamedTuple

from antiphon.data import facts
from antiphon.data.metadata import Metadata
from antiphon.errors import OptionError
from antiphon.score import general_midi as gm
from antiphon.score.maps import LETTERS, Key

_LOCATION_NAMES = ("path", "folder", "file", "group")
"""Names that every piece has, besides its facts."""
_CONDITION = re.compile(r"\s*([\w -]+?)\s*(!=|<=|>=|=|<|>|~)(.*)", re.DOTALL)
_KEY = re.compile(r"([a-g])([#b♯♭]?)\s*(\w*)", re.IGNORECASE)
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class PieceRecord(NamedTuple):
    """What is known about a piece: a row of the ledger, and its line of `pieces.jsonl`."""

    path: str
    group: str
    metadata: Metadata
    facts: Mapping[str, Any]

    def texts(self, name: str) -> list[str]:
        """All texts called `name`."""
        if name in _LOCATION_NAMES:
            return self._location(name)
        return [*_fact_texts(name, self.facts.get(name)), *self.metadata.get(name, ())]

    def numbers(self, name: str) -> list[float]:
        """All numbers called `name`: the fact, or metadata that are numbers."""
        if name in facts.NUMBERS:
            return [float(self.facts[name])] if name in self.facts else []
        return [number for text in self.texts(name) if (number := _number(text)) is not None]

    def _location(self, name: str) -> list[str]:
        if name == "path":
            return [self.path]
        if name == "group":
            return [self.group]
        path = PurePath(self.path)
        return [path.name] if name == "file" else list(path.parts[:-1])


@dataclass(frozen=True)
class Condition:
    """One condition; `values` are alternatives."""

    name: str
    operator: str
    values: tuple[str, ...]

    def holds(self, piece: PieceRecord) -> bool:
        """Whether the condition is true for `piece`."""
        if self.operator in _COMPARISONS:
            compare, bound = _COMPARISONS[self.operator], float(self.values[0])
            return any(compare(number, bound) for number in piece.numbers(self.name))
        if self.operator == "~":
            texts = [text.casefold() for text in piece.texts(self.name)]
            return any(value.casefold() in text for value in self.values for text in texts)
        return self._equals(piece) == (self.operator == "=")

    def _equals(self, piece: PieceRecord) -> bool:
        if self.name in facts.NUMBERS:
            return not {float(value) for value in self.values}.isdisjoint(piece.numbers(self.name))
        accepted = {_normalized(self.name, value) for value in self.values}
        return any(_normalized(self.name, text) in accepted for text in piece.texts(self.name))


def parse(where: Sequence[str]) -> list[Condition]:
    """The conditions written in `where`. Raises `OptionError` for text that is not one."""
    return [_condition(text) for text in where]


def check_names(conditions: Sequence[Condition], known: Collection[str]) -> None:
    """Raises `OptionError` for a condition on a name that is not `known`; it gives the nearest name, and
    all of them."""
    names = sorted({*known, *facts.NUMBERS, *facts.WORDS, *_LOCATION_NAMES})
    for condition in conditions:
        if condition.name not in names:
            near = difflib.get_close_matches(condition.name, names, n=1, cutoff=0.5)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise OptionError(f"No piece has a '{condition.name}'.{hint} There are: {', '.join(names)}.")


def _condition(text: str) -> Condition:
    found = _CONDITION.fullmatch(text)
    values = tuple(value.strip() for value in next(csv.reader([found[3].strip()]), [])) if found else ()
    if found is None or not values or not all(values):
        raise OptionError(
            f"'{text}' is no condition; expected one like 'style=funk', 'title~blues', 'tempo>=100' or "
            "'meter=3/4,6/8'."
        )
    name, symbol = re.sub(r"\W+", "_", found[1].lower()), found[2]
    if symbol in _COMPARISONS or (symbol != "~" and name in facts.NUMBERS):
        _check_numbers(text, symbol, values)
    return Condition(name, symbol, values)


def _check_numbers(text: str, symbol: str, values: Sequence[str]) -> None:
    if any(_number(value) is None for value in values):
        raise OptionError(f"'{text}' compares with '{', '.join(values)}'; expected a number.")
    if symbol in _COMPARISONS and len(values) > 1:
        raise OptionError(f"'{text}' compares with {len(values)} values; '{symbol}' takes one.")


def _fact_texts(name: str, value: Any) -> list[str]:
    """A fact as texts; for a program its number, its name and its family."""
    if value is None or value == "":
        return []
    if name != "programs":
        return [str(value)]
    return [text for n in value for text in (str(n), gm.PROGRAMS[n], gm.FAMILIES[n // 8])]


def _normalized(name: str, text: str) -> str:
    """`text` in a form that is the same for equal values: without case, a key in one spelling."""
    key = _KEY.fullmatch(text.strip()) if name == "key" else None
    if key is None:
        return text.casefold()
    shift = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}[key[2].lower()]
    return str(Key((LETTERS[key[1].upper()] + shift) % 12, key[3].casefold() or "major"))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number == number else None
