"""The file formats: one module or package each, one line each here; other packages bring theirs."""

from __future__ import annotations

from functools import cache

from antiphon.io import abc, midi, musicxml, notesequence
from antiphon.io.format import Format, Index, PieceSpan
from antiphon.io.notesequence import tfrecord
from antiphon.registry import Registry

__all__ = ["FORMATS", "Format", "Index", "PieceSpan", "by_content", "by_suffix", "formats", "suffixes"]


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
