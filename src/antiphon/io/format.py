"""What a file format is to the rest of the package, and how it says where the pieces of a file lie.

A file of some formats holds many pieces (a tune book, a set of records). Such a format has an `index`, which
finds the pieces without reading them; the bytes of one piece, after the file's header, are a file of the same
format, and that is what `loads` is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from antiphon.io.limits import Limits
from antiphon.score.score import Score


class PieceSpan(NamedTuple):
    """A piece in a file of many: its name (unique in the file, such as a tune's number), and its bytes from
    `start` to before `stop`."""

    name: str
    start: int
    stop: int


class Index(NamedTuple):
    """The pieces of a file in order. The first `header` bytes belong to every one of them (0 for none)."""

    spans: tuple[PieceSpan, ...]
    header: int = 0


@dataclass(frozen=True)
class Format:
    """A file format. Its files begin with one of `magic`, or are known by their suffix."""

    name: str
    """As people call it."""
    suffixes: tuple[str, ...]
    """In lower case, with the dot; the first is the usual one."""
    magic: tuple[bytes, ...]
    loads: Callable[[bytes, Limits, str], Score]
    """(bytes of one piece, limits, source) -> score; raises `FormatError`."""
    dumps: Callable[[Score], bytes] | None = None
    """Score -> bytes, or None where the format is only read; raises `OutputError` for what it cannot hold."""
    index: Callable[[BinaryIO], Index] | None = None
    """Where the pieces lie in an open file; never raises for what is in it: bytes that belong to no whole
    piece make a span of their own, for which `loads` says what is wrong. None where a file is one piece."""
    carries: str = ""
    """What goes through the format besides notes, in a few words."""
