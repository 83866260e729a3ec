"""The file formats: one module each, one line each here; other packages bring theirs.

A file of some formats holds many pieces (a tune book, a set of records). Such a format has an `index`, which
finds the pieces without reading them; the bytes of one piece, after the file's header, are a file of the same
format, and that is what `loads` is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import BinaryIO

from antiphon.io import abc, midi, musicxml, notesequence
from antiphon.io.limits import Limits
from antiphon.io.notesequence import tfrecord
from antiphon.io.spans import Index, Span
from antiphon.registry import Registry
from antiphon.score.score import Score

__all__ = ["FORMATS", "Format", "Index", "Span", "by_content", "by_suffix", "formats", "suffixes"]


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


_OURS = (
    Format(
        "MIDI",
        (".mid", ".midi", ".kar", ".smf", ".rmi"),
        (b"MThd", b"RIFF"),
        midi.loads,
        midi.dumps,
        carries="everything; chord symbols and keys as texts",
    ),
    Format(
        "NoteSequence",
        (".pb", ".notesequence"),
        (),
        notesequence.loads,
        notesequence.dumps,
        carries="everything",
    ),
    Format(
        "NoteSequence TFRecord",
        (".tfrecord", ".tfrecords"),
        (),
        tfrecord.loads_record,
        tfrecord.dumps_record,
        tfrecord.index,
        carries="everything",
    ),
    Format(
        "ABC",
        (".abc",),
        (b"X:", b"%abc"),
        abc.loads,
        abc.dumps,
        abc.index,
        carries="chord symbols, keys, words, pick-ups",
    ),
    Format(
        "MusicXML",
        (".musicxml", ".xml"),
        musicxml.MAGIC,
        musicxml.loads,
        musicxml.dumps,
        carries="everything but controls and pitch bends",
    ),
    Format(
        "MXL",
        (".mxl",),
        musicxml.MXL_MAGIC,
        musicxml.loads_mxl,
        musicxml.dumps_mxl,
        carries="everything but controls and pitch bends",
    ),
)


FORMATS: Registry[Format] = Registry(
    "format",
    "antiphon.formats",
    {form.name: form for form in _OURS},
    fits=lambda thing: isinstance(thing, Format),
)


@cache
def formats() -> tuple[Format, ...]:
    """Every known format, ours first: of two that claim a suffix, the first has it."""
    return tuple(FORMATS.things())


def suffixes() -> list[str]:
    """Every known file name suffix."""
    return [suffix for form in formats() for suffix in form.suffixes]


def by_content(head: bytes) -> Format | None:
    """The format whose files begin like `head`."""
    return next((form for form in formats() if head.startswith(form.magic)), None)


def by_suffix(suffix: str) -> Format | None:
    """The format of files named like that, upper or lower case."""
    return next((form for form in formats() if suffix.lower() in form.suffixes), None)
