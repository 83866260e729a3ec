"""JSON from files, which anybody may have written: within bounds, every value one that can be used.

What Python's own reader lets through, and other code then stumbles over: numbers that are none or infinite,
whole numbers without end, halves of characters, nesting without end.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

_LARGEST = 2**63
_MAX_SHOWN = 24
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NOT_OF_FILE_NAMES = re.compile(r"[\ud800-\udc7f\udd00-\udfff]")


def loads(text: str | bytes, *, file_names: bool = False, gaps: bool = False) -> Any:
    """The value of a JSON `text`; bytes are UTF-8.

    Numbers are finite, whole ones between -2^63 and 2^63. With `file_names` its texts may hold what Python
    puts for bytes of file names that are not UTF-8; with `gaps` what it writes for a number that is none or
    infinite is None. Raises `ValueError`.
    """
    try:
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        value = (_WITH_GAPS if gaps else _DECODER).decode(text.removeprefix("\ufeff"))
        # Only an escape brings half a character into what was UTF-8, and escapes are rare.
        if r"\ud" in text or r"\uD" in text or _SURROGATE.search(text):
            _check_texts(value, _NOT_OF_FILE_NAMES if file_names else _SURROGATE)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


def _whole(digits: str) -> int:
    value = int(digits) if len(digits) <= _MAX_SHOWN else _LARGEST
    if not -_LARGEST < value < _LARGEST:
        raise ValueError(f"the number {digits:.{_MAX_SHOWN}} is too large")
    return value


def _real(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {digits:.{_MAX_SHOWN}} is too large")
    return value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_real, parse_constant=_no_number)
_WITH_GAPS = json.JSONDecoder(parse_int=_whole, parse_float=_real, parse_constant=lambda name: None)


def _check_texts(value: Any, wrong: re.Pattern[str]) -> None:
    if isinstance(value, str):
        if wrong.search(value):
            raise ValueError(f"the text {ascii(value)[:_MAX_SHOWN]} has half a character")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_texts(name, wrong)
            _check_texts(inner, wrong)
    elif isinstance(value, list):
        for inner in value:
            _check_texts(inner, wrong)
