"""`pieces.jsonl`: what is known about every piece, a JSON object a line, written and read.

about     metadata: lists of texts by name, see `antiphon.data.metadata`
facts     see `antiphon.data.facts`; {} for a piece that could not be read
sha256    of the bytes the piece was read from, in hex; absent where they could not be read, and in corpora
          built before there was one
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from antiphon import plain_json
from antiphon.data import facts
from antiphon.data.manifest import PIECES
from antiphon.errors import CorpusError, one_line

_MAX_LINE = 16 << 20
_N_PROGRAMS = 128
_LARGEST = 1e12
"""No fact is a number so large."""
_TEXTS = ("meter", "key")
"""Facts that are texts, and that every piece with facts has."""


def line(about: Mapping[str, Sequence[str]], measured: Mapping[str, object], sha256: str = "") -> bytes:
    """The line of a piece with these metadata and facts."""
    record = {"about": about, "facts": measured} | ({"sha256": sha256} if sha256 else {})
    return json.dumps(record).encode() + b"\n"


def read_pieces(folder: Path, n: int) -> Iterator[dict[str, Any]]:
    """Every piece's record, of the corpus in `folder`, which has `n`. Raises `CorpusError` where they are
    fewer, more, or damaged."""
    path, number = folder / PIECES, 0
    try:
        with path.open("rb") as file:
            while text := file.readline(_MAX_LINE):
                number += 1
                record = plain_json.loads(text, file_names=True)
                if number > n or not is_record(record):
                    raise ValueError("it is about no piece of this corpus")
                yield record
        if number != n:
            raise ValueError(f"the last of {n} is missing")
    except (OSError, ValueError) as error:
        why = f"line {number}: {one_line(error, 200)}"
        raise CorpusError(f"'{path}' is missing or damaged ({why}); build the corpus again.") from error


def is_record(value: Any) -> bool:
    """Whether a JSON value is what stands in a line."""
    return (
        isinstance(value, dict)
        and is_about(value.get("about"))
        and _is_facts(value.get("facts"))
        and isinstance(value.get("sha256", ""), str)
    )


def is_about(value: Any) -> bool:
    """Whether a JSON value can be metadata: lists of texts by name."""
    return isinstance(value, dict) and all(
        isinstance(texts, list) and all(isinstance(text, str) for text in texts) for texts in value.values()
    )


def _is_facts(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return not value or (
        all(_is_number(value[name]) for name in facts.NUMBERS if name in value)
        and {"seconds", "tempo"} <= set(value)
        and all(isinstance(value.get(name), str) for name in _TEXTS)
        and isinstance(value.get("key_from", ""), str)
        and _are_programs(value.get("programs"))
    )


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < _LARGEST


def _are_programs(value: Any) -> bool:
    return isinstance(value, list) and all(type(n) is int and 0 <= n < _N_PROGRAMS for n in value)
