"""The words of w: lines on the notes of the line of music before.

Source: the ABC music standard 2.1, section 5.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from antiphon.io.abc.bars import Sound

_SYLLABLE = re.compile(r"[-_*|]|(?:\\-|[^-_*|\s])+")


def sing(sounds: Iterable[Sound], text: str, verse: int) -> None:
    """Give the syllables of a w: line, the `verse`-th of its line, to the sounds it stands under."""
    sung = iter(sounds)
    for match in _SYLLABLE.finditer(text):
        syllable = match[0]
        if syllable == "|":
            continue
        if syllable == "-" and match.start() and text[match.start() - 1] not in "- ":
            continue
        sound = next(sung, None)
        if sound is None:
            return
        if syllable not in "-_*":
            sound.words = sound.words or {}
            sound.words[verse] = syllable.replace("~", " ").replace("\\-", "-")
