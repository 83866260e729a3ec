"""Chord symbols in another key."""

from __future__ import annotations

import re

from antiphon.score.chords.grammar import ChordError, parse
from antiphon.score.chords.spelling import NOTE, moved, plain

_NOTES = re.compile(rf"^[\s\"]*({NOTE})|/([A-Ga-g](?:#*|b*))(?=[\s\"]*$)|\(({NOTE})(?=[^()]*\)[\s\"]*$)")


def transpose(symbol: str, semitones: int) -> str:
    """`symbol` with its root and its bass moved, the rest as written ('F#m7/E' + 3 = 'Am7/G').

    Spelled as Magenta spells (see `antiphon.score.chords.spelling`). A text that is no chord stays as it is.
    """
    try:
        root = parse(symbol).root
    except ChordError:
        return symbol
    return symbol if root is None else _NOTES.sub(lambda found: _moved(found, semitones), plain(symbol))


def _moved(found: re.Match[str], semitones: int) -> str:
    note = found[found.lastindex or 1]
    return found[0].removesuffix(note) + moved(note, semitones)
