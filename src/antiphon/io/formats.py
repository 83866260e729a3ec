"""The file formats: one module each, one line each here."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from antiphon.io import midi
from antiphon.io.limits import Limits
from antiphon.score.score import Score


class Format(NamedTuple):
    """A file format: `loads(data, limits, source)` and `dumps(score)`; files begin with one of `magic`."""

    name: str
    suffixes: tuple[str, ...]
    magic: tuple[bytes, ...]
    loads: Callable[[bytes, Limits, str], Score]
    dumps: Callable[[Score], bytes]


FORMATS: tuple[Format, ...] = (
    Format("MIDI", (".mid", ".midi", ".kar", ".smf", ".rmi"), (b"MThd", b"RIFF"), midi.loads, midi.dumps),
)


def suffixes() -> list[str]:
    """Every known file name suffix."""
    return [suffix for form in FORMATS for suffix in form.suffixes]


def by_content(head: bytes) -> Format | None:
    """The format whose files begin like `head`."""
    return next((form for form in FORMATS if head.startswith(form.magic)), None)


def by_suffix(suffix: str) -> Format | None:
    """The format of files named like that, upper or lower case."""
    return next((form for form in FORMATS if suffix.lower() in form.suffixes), None)
