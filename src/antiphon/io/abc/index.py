"""Where the tunes of a book lie, found without reading them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from antiphon.io.format import Index, PieceSpan

_BLOCK = 1 << 20
_MARK = re.compile(rb"[\r\n]X:")
_BOM = b"\xef\xbb\xbf"
_LONGEST_NAME = 24
_LARGEST = 1 << 30
"""Bytes of a book that is looked through; a larger file is no tune book, and too large for one piece."""


def index(file: BinaryIO) -> Index:
    """A span for each tune, from its 'X:' to the next one; what stands before the first holds for all.

    A tune is called by its number; the second of the same number, as in 12, is called '12.2'.
    """
    size = file.seek(0, 2)
    starts = list(_starts(file)) if size <= _LARGEST else []
    if not starts:
        return Index((PieceSpan("1", 0, size),))
    stops = [*starts[1:], size]
    names = _unique(_number(file, start) for start in starts)
    return Index(tuple(map(PieceSpan, names, starts, stops)), starts[0])


def _starts(file: BinaryIO) -> Iterator[int]:
    """The byte of every 'X:' that begins a line."""
    file.seek(0)
    tail, at = b"\n", -1  # as if a line had ended before the file
    while block := file.read(_BLOCK):
        block = tail + (block.removeprefix(_BOM).rjust(len(block), b"\n") if at < 0 else block)
        yield from (at + match.start() + 1 for match in _MARK.finditer(block))
        tail = block[-2:]
        at += len(block) - len(tail)


def _number(file: BinaryIO, start: int) -> str:
    file.seek(start + 2)
    text = re.split(rb"[\r\n%#]", file.read(_LONGEST_NAME), maxsplit=1)[0].strip()
    return text.decode("ascii", errors="replace") or "0"


def _unique(names: Iterator[str]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique = name
        while seen[name] > 1 and unique in seen:
            unique = f"{name}.{seen[name]}"
            seen[name] += unique in seen
        if unique != name:
            seen[unique] = 1
        yield unique
