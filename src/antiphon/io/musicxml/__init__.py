"""MusicXML, plain and compressed (MXL): read as it sounds, written as it can be engraved.

Read: partwise and timewise scores of all versions; parts with their voices, chords, ties and tuplets;
transposing instruments at sounding pitch; percussion; repeats, endings and jumps played out; tempo, dynamics,
hairpins and accents; keys, meters, pick-ups; chord symbols; lyrics, verse by verse. Left out: grace and cue
notes. Sources: MusicXML 4.0 (W3C Music Notation Community Group) and its tutorial.
"""

from __future__ import annotations

from antiphon.io.limits import DEFAULT, Limits
from antiphon.io.musicxml import container, read, write
from antiphon.score.score import Score

__all__ = ["MAGIC", "MXL_MAGIC", "dumps", "dumps_mxl", "loads", "loads_mxl"]

_BEGINNINGS = ("<?xml", "<score-", "<!DOCTYPE score")
MAGIC = (
    *(bom + text.encode() for text in _BEGINNINGS for bom in (b"", b"\xef\xbb\xbf")),
    *((mark + "<?xml").encode(f"utf-16-{end}") for mark in ("", "\ufeff") for end in ("le", "be")),
)
"""How XML files begin that may be scores."""
MXL_MAGIC = (b"PK\x03\x04",)
"""How zips begin."""


def loads(data: bytes, limits: Limits = DEFAULT, source: str = "") -> Score:
    """The music in a MusicXML file's bytes; notes stand part by part, in a part by onset, at sounding pitch.

    Raises `FormatError` where it is no MusicXML, damaged, or outside `limits`.
    """
    return read.score(data, limits, source)


def loads_mxl(data: bytes, limits: Limits = DEFAULT, source: str = "") -> Score:
    """The same for the bytes of an MXL file."""
    return read.score(container.unpacked(data, limits), limits, source)


def dumps(score: Score) -> bytes:
    """`score` as the bytes of a MusicXML file; `write.document` says what it holds. Raises `OutputError`."""
    return write.document(score)


def dumps_mxl(score: Score) -> bytes:
    """`score` as the bytes of an MXL file. Raises `OutputError`."""
    return container.packed(write.document(score))
