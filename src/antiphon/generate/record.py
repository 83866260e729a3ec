"""Values read back from a piece's record, which may come from a stranger: of their types, or refused."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Any, get_args

from antiphon.errors import FormatError

_WHOSE = "Expected a record written by 'generate'."


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The record in the file at `path`, of which only `bundle` is sure to be there. Raises `FormatError`."""
    try:
        record = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise FormatError(f"Cannot read '{path}': {error.strerror or error}. Check the path.") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(f"'{path}' is no JSON: {error}. {_WHOSE}") from None
    if not isinstance(record, dict) or not isinstance(record.get("bundle"), dict):
        raise FormatError(f"'{path}' names no bundle. {_WHOSE}")
    return record


def typed(values: Mapping[str, Any], types: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `values` that `types` names; raises `FormatError` where one is missing or of another type."""
    for name, kind in types.items():
        if name not in values:
            raise FormatError(f"The record lacks '{name}'. {_WHOSE}")
        if not _fits(values[name], kind):
            raise FormatError(f"The record's '{name}' is {values[name]!r:.40}. {_WHOSE}")
    return {name: values[name] for name in types}


def _fits(value: Any, kind: type | UnionType) -> bool:
    """Whether a JSON value is of a type: whole numbers of 64 bits do as fractions, truths do not."""
    kinds = get_args(kind) or (kind,)
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, int) and abs(value) >= 2**64:
        return False
    return isinstance(value, (*kinds, int) if float in kinds else kinds)
