"""Where the pieces of a file of many lie."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """A piece in a file of many: its name (unique in the file, such as a tune's number), and its bytes from
    `start` to before `stop`."""

    name: str
    start: int
    stop: int


class Index(NamedTuple):
    """The pieces of a file in order. The first `header` bytes hold for all of them (0 for none)."""

    spans: tuple[Span, ...]
    header: int = 0
