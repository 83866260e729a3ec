"""Texts that say what a NoteSequence has no field for, and that others read as plain texts.

A text annotation of no special kind is a marker. One that begins with a word of these and a colon is more:

    Lyric: la            a syllable; "Lyric 3: la" one of part 3
    Marker 3: solo       a marker of part 3; "Marker: Lyric: la" a marker that reads like one of these
    Mode: aeolian        the mode of the key signature at the same time, where the format has no name for it
    About rhythm: reel   what the file says about the piece; where such texts are, they say all of it
"""

from __future__ import annotations

from typing import NamedTuple

LYRIC, MARKER, MODE, ABOUT = "Lyric", "Marker", "Mode", "About"
_OF_PARTS = (LYRIC, MARKER)


class Text(NamedTuple):
    """What a text is: of `kind`, for the part or name `of` ('' for none)."""

    kind: str
    of: str
    text: str


def spoken(kind: str, text: str, of: str = "") -> str:
    """The text of an annotation."""
    if kind == MARKER and not of and understood(text) == Text(MARKER, "", text):
        return text
    return f"{kind} {of}: {text}" if of else f"{kind}: {text}"


def understood(annotation: str) -> Text:
    """What an annotation says; the inverse of `spoken`."""
    head, colon, text = annotation.partition(": ")
    kind, _, of = head.partition(" ")
    if colon and _fits(kind, of):
        return Text(kind, of, text)
    return Text(MARKER, "", annotation)


def of_part(track: int) -> str:
    """The `of` of a part's text; -1 is no part."""
    return "" if track < 0 else str(track)


def part(of: str, n_parts: int) -> int:
    """The part that `of` means, -1 for none of `n_parts`."""
    number = int(of or -1)
    return number if number < n_parts else -1


def _fits(kind: str, of: str) -> bool:
    if kind in _OF_PARTS:
        return not of or (of.isascii() and of.isdigit() and len(of) < 6)
    return bool(of) if kind == ABOUT else kind == MODE and not of
