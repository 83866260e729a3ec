"""The bytes of an ABC file: where the tunes of a book lie, its numbered lines, and the spelling of its texts.

Source: the ABC music standard 2.1, sections 2 and 8.2.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from antiphon.errors import FormatError
from antiphon.io.format import Index, PieceSpan

_BLOCK = 1 << 20
_MARK = re.compile(rb"[\r\n]X:")
_LONGEST_NAME = 24
_LARGEST = 1 << 30  # bytes; a larger file is no tune book, and too large for one piece
_ENDS = re.compile(r"\r\n?|\n")
_COMMENT = re.compile(r"(?<!\\)%")
_ACCENT = re.compile(r"\\([`'^~\"=,uvcHk.])([A-Za-z])")
_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "u": "\u0306",
    "v": "\u030c", "H": "\u030b", "c": "\u0327", ",": "\u0327", "=": "\u0304", "k": "\u0328", ".": "\u0307",
}  # fmt: skip
_LIGATURES = {"\\ae": "æ", "\\AE": "Æ", "\\oe": "œ", "\\OE": "Œ", "\\ss": "ß", "\\/o": "ø", "\\/O": "Ø",
              "\\aa": "å", "\\AA": "Å", "\\oa": "å", "\\%": "%", "\\&": "&"}  # fmt: skip
_LIGATURE = re.compile("|".join(re.escape(name) for name in _LIGATURES))
_FIELD = re.compile(r"[A-Za-z]:|[|\d]")
_GOES_ON = re.compile(r"[^\[|:\"%]{0,40}\]")
_MOST_JOINED = 10
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")


def index(file: BinaryIO) -> Index:
    """A span for each tune, from its 'X:' to the next one; what stands before the first holds for all.

    A tune is called by its number; the second of the same number, as in 12, is called '12.2'.
    """
    size = file.seek(0, 2)
    starts = list(_starts(file)) if size <= _LARGEST else []
    if not starts:
        return Index((PieceSpan("1", 0, size),))
    stops = [*starts[1:], size]
    names = _unique(_number(file, start) for start in starts)
    return Index(tuple(map(PieceSpan, names, starts, stops)), starts[0])


def _starts(file: BinaryIO) -> Iterator[int]:
    """The byte of every 'X:' that begins a line."""
    file.seek(0)
    tail, at = b"\n", -1  # as if a line had ended before the file
    while block := file.read(_BLOCK):
        block = tail + (block.removeprefix(codecs.BOM_UTF8).rjust(len(block), b"\n") if at < 0 else block)
        yield from (at + match.start() + 1 for match in _MARK.finditer(block))
        tail = block[-2:]
        at += len(block) - len(tail)


def _number(file: BinaryIO, start: int) -> str:
    file.seek(start + 2)
    text = re.split(rb"[\r\n%#]", file.read(_LONGEST_NAME), maxsplit=1)[0].strip()
    return text.decode("ascii", errors="replace") or "0"


def _unique(names: Iterator[str]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique = name
        while seen[name] > 1 and unique in seen:
            unique = f"{name}.{seen[name]}"
            seen[name] += unique in seen
        if unique != name:
            seen[unique] = 1
        yield unique


def lines(data: bytes) -> Iterator[tuple[int, str]]:
    """(number from 1, line without its end) of the file; UTF-8, otherwise Windows Latin 1."""
    text = data.removeprefix(codecs.BOM_UTF8)
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        decoded = text.decode("cp1252", errors="replace")
    return enumerate(_ENDS.split(decoded), start=1)


def with_whole_chords(numbered: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The lines, but a line of music that ends inside a chord has those after it in which the chord goes on,
    as where a mail program broke a long line."""
    waiting: tuple[int, str] | None = None
    n_joined = 0
    for number, line in numbered:
        if waiting and n_joined < _MOST_JOINED and _GOES_ON.match(line):
            waiting = waiting[0], waiting[1] + line
            n_joined += 1
        else:
            if waiting:
                yield waiting
            waiting, n_joined = (number, line), 0
        if not _is_open(waiting[1]):
            yield waiting
            waiting = None
    if waiting:
        yield waiting


def _is_open(line: str) -> bool:
    at = line.rfind("[")
    return at > line.rfind("]") and line[1:2] != ":" and "%" not in line and not _FIELD.match(line, at + 1)


def without_comment(line: str) -> str:
    """The line before its comment. Raises `FormatError` where it holds bytes of no text."""
    if "%" in line:
        line = _COMMENT.split(line, maxsplit=1)[0]
    if not line.isprintable() and _CONTROL.search(line):
        raise FormatError("a control character; ABC is plain text. Export the file again.")
    return line.rstrip()


def spelled(text: str) -> str:
    """A text with its accents: `\\'e`, `&eacute;` and `é` are one."""
    text = html.unescape(text.strip())
    if "\\" not in text:
        return text
    text = _LIGATURE.sub(lambda match: _LIGATURES[match[0]], text)
    text = _ACCENT.sub(lambda match: match[2] + _ACCENTS[match[1]], text)
    return unicodedata.normalize("NFC", text)
