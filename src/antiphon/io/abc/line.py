"""A line of music, thing by thing."""

from __future__ import annotations

from collections.abc import Callable

from antiphon.errors import FormatError, one_line
from antiphon.io.abc.tokens import TOKEN
from antiphon.io.abc.voice import Voice

_READ: dict[str, Callable[[Voice, str], None]] = {
    "note": Voice.note, "chord": Voice.chord, "rest": Voice.rest, "rests": Voice.rests,
    "broken": Voice.broken, "tuplet": Voice.begin_tuplet, "tie": Voice.tie, "text": Voice.text,
    "mark": Voice.mark, "plus": Voice.mark, "only": Voice.ending, "overlay": Voice.overlay,
}  # fmt: skip


def read_line(voice: Voice, line: str, inline: Callable[[str], Voice]) -> Voice:
    """Everything in a line of music; `inline` takes a field such as 'M:3/4' and gives the voice that follows.

    Raises `FormatError` for what cannot be music.
    """
    for match in TOKEN.finditer(line):
        kind = match.lastgroup or ""
        read = _READ.get(kind)
        if read is not None:
            read(voice, match[kind])
        elif kind == "bar":
            voice.bar_line(match["sign"], match["ending"])
        elif kind == "field":
            voice = inline(match["field"])
        elif kind == "open" and line[match.end() : match.end() + 1] != '"':
            begins = one_line(line[match.start() :], 20)
            raise FormatError(f"a chord that is never closed; it begins {begins} and needs its ']'.")
    return voice
