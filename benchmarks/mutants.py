"""Files of music with small damages that leave most of them readable: ABC, MusicXML, MXL, TFRecord."""

from __future__ import annotations

import contextlib
import io
import random
import re
import struct
import zipfile
from collections.abc import Callable
from typing import TypeVar

from antiphon.io import records

T = TypeVar("T")

_NUMBERS = (
    "0",
    "-1",
    "1",
    "2",
    "3",
    "7",
    "16",
    "255",
    "4096",
    "99999999999",
    "1.5",
    "1/3",
    "",
    "x",
    "∞",
    " 4 ",
)
_ODD_TIMES = (-1.0, float("nan"), float("inf"), 1e6, 1e18, -0.0)
_ABC_TOKENS = (
    *(
        "|:",
        ":|",
        "::",
        "|]",
        "[|",
        "|",
        "[1",
        "[2",
        "|1",
        ":|2",
        "(3",
        "(2",
        "(5:4:3",
        "(9",
        "{g}",
        "{/ab}",
        "{",
    ),
    *(
        "}",
        "[CEG]",
        "[ce",
        "]",
        "z",
        "Z4",
        "x",
        "^",
        "__",
        "=",
        ",",
        "'",
        "2",
        "3/2",
        "/",
        "//",
        "-",
        "<",
        ">>",
    ),
    *(
        '"Am7"',
        '"',
        '"^text"',
        "!trill!",
        "!",
        "~",
        "&",
        "\\",
        "[K:Dmix]",
        "[M:6/8]",
        "[L:1/4]",
        "[Q:1/4=90]",
    ),
    *(
        "\nK:F#m\n",
        "\nM:none\n",
        "\nL:1/0\n",
        "\nQ:0\n",
        "\nV:2\n",
        "\nP:A\n",
        "\nw: la la-la_ *\n",
        "\nX:2\n",
    ),
    *(
        "\n\n",
        "\n%%MIDI program 12\n",
        "%",
        "\nT:x\n",
        "999999",
        "/999",
        "y",
        "$",
        "é",
        "\nK:none\n",
        "\nM:0/4\n",
    ),
)
_ABC_TOKEN = re.compile(
    r"\[\w:[^\]]*\]|\"[^\"]*\"|![^!]*!|[\^_=]*[A-Ga-gzx][,']*\d*/?\d*|\n\w:[^\n]*|.|\n", re.DOTALL
)
_LEAF = re.compile(r"<(\w[\w-]*)([^<>]*)>([^<]*)</\1>")
_MEASURE = re.compile(r"<measure\b.*?</measure>", re.DOTALL)
_BLOCK = re.compile(r"<(note|attributes|direction|harmony|backup|forward|barline)\b.*?</\1>", re.DOTALL)
_XML_BLOCKS = (
    "<backup><duration>4</duration></backup>",
    "<forward><duration>3</duration></forward>",
    "<barline><repeat direction='backward' times='3'/></barline>",
    "<barline><repeat direction='forward'/></barline>",
    "<barline><ending number='1, 2' type='start'/></barline>",
    "<attributes><divisions>5</divisions></attributes>",
    "<attributes><time><beats>3+2</beats><beat-type>8</beat-type></time></attributes>",
    "<attributes><transpose><chromatic>-2</chromatic></transpose></attributes>",
    "<note><grace/><pitch><step>B</step><octave>4</octave></pitch></note>",
    "<note><chord/><unpitched/><duration>2</duration></note>",
    "<direction><sound tempo='0' dacapo='yes'/></direction>",
    "<direction><sound dalsegno='x' coda='y' fine='z'/></direction>",
)


def abc(data: bytes, rng: random.Random) -> bytes:
    """A tune with a few tokens or bytes changed."""
    if rng.random() < 0.25:
        return damaged(data, rng)
    tokens = _ABC_TOKEN.findall(data.decode("utf-8", errors="replace"))
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        _change(tokens, rng, lambda: rng.choice(_ABC_TOKENS))
    return "".join(tokens).encode()


def musicxml(data: bytes, rng: random.Random) -> bytes:
    """A score with a few values or elements changed, most of them well-formed."""
    if rng.random() < 0.1:
        return damaged(data, rng)
    text = data.decode("utf-8", errors="replace")
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        text = rng.choice((_other_value, _other_value, _other_block, _fewer, _twice))(text, rng)
    return text.encode()


def mxl(data: bytes, rng: random.Random) -> bytes:
    """An archive whose members are changed, or which is damaged itself."""
    if rng.random() < 0.12:
        return damaged(data, rng)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        members = [info for info in old.infolist() if not info.is_dir()]
        chosen = rng.choice(members)
        for info in members:
            content = old.read(info)
            is_score = info.filename.endswith(("xml", "musicxml")) and "META" not in info.filename
            if is_score or (info is chosen and rng.random() < 0.2):
                content = musicxml(content, rng)
            if info is not chosen or rng.random() > 0.02:
                new.writestr(info.filename, content)
    return packed.getvalue()


def tfrecord(data: bytes, rng: random.Random) -> bytes:
    """A file of one record whose message is changed, with right checksums; an eighth is damaged anywhere."""
    if rng.random() < 0.125:
        return damaged(data, rng)
    fields = _fields(records.unpack(data))
    for _ in range(rng.choice((1, 1, 2, 3, 8, 30))):
        if rng.random() < 0.5:
            _change(fields, rng, lambda: rng.choice(fields or [b"\x20\x01"]))
        elif fields:
            at = rng.randrange(len(fields))
            with contextlib.suppress(IndexError):  # what was damaged before has no numbers
                fields[at] = _other_number(fields[at], rng)
    return records.pack(b"".join(fields))


def damaged(data: bytes, rng: random.Random) -> bytes:
    """`data` with a few bytes changed, a third of the time cut short."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 2, 10))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed[: rng.randrange(1, len(changed))]) if rng.random() < 0.3 else bytes(changed)


def _change(items: list[T], rng: random.Random, other: Callable[[], T]) -> None:
    """Delete, repeat, swap, put in or exchange one of `items`."""
    if not items:
        return
    a, b = rng.randrange(len(items)), rng.randrange(len(items))
    what = rng.randrange(5)
    if what == 0:
        del items[a]
    elif what == 1:
        items[a:a] = [items[b]] * rng.choice((1, 1, 2, 30))
    elif what == 2:
        items[a], items[b] = items[b], items[a]
    elif what == 3:
        items.insert(a, other())
    else:
        items[a] = other()


def _other_value(text: str, rng: random.Random) -> str:
    """The text of one element is another number, or that of another element."""
    leaves = list(_LEAF.finditer(text))
    if not leaves:
        return text
    leaf = rng.choice(leaves)
    value = rng.choice((*_NUMBERS, rng.choice(leaves)[3]))
    return f"{text[: leaf.start(3)]}{value}{text[leaf.end(3) :]}"


def _other_block(text: str, rng: random.Random) -> str:
    """An element that was not there, before another."""
    places = [block.start() for block in _BLOCK.finditer(text)]
    at = rng.choice(places or [0])
    return text[:at] + rng.choice(_XML_BLOCKS) + text[at:]


def _fewer(text: str, rng: random.Random) -> str:
    found = [*_MEASURE.finditer(text), *_BLOCK.finditer(text), *_LEAF.finditer(text)]
    gone = rng.choice(found) if found else None
    return text[: gone.start()] + text[gone.end() :] if gone else text


def _twice(text: str, rng: random.Random) -> str:
    found = [*_MEASURE.finditer(text), *_BLOCK.finditer(text), *_LEAF.finditer(text)]
    again = rng.choice(found) if found else None
    return text[: again.end()] + again[0] * rng.choice((1, 1, 3, 40)) + text[again.end() :] if again else text


def _fields(message: bytes) -> list[bytes]:
    """The fields of a protocol buffer message, each with its tag."""
    fields, at = [], 0
    while at < len(message):
        start = at
        key, at = _varint(message, at)
        if key & 7 == 2:
            size, at = _varint(message, at)
            at += size
        elif key & 7 == 0:
            _, at = _varint(message, at)
        else:
            at += 8 if key & 7 == 1 else 4
        fields.append(message[start:at])
    return fields


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte, at = message[at], at + 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def _other_number(field: bytes, rng: random.Random) -> bytes:
    """The field with one number in it, however deep, or (one in twenty) one byte exchanged."""
    at = rng.randrange(len(field))
    if rng.random() < 0.05:
        return field[:at] + bytes([rng.randrange(256)]) + field[at + 1 :]
    key, start = _varint(field, 0)
    if key & 7 == 1:
        time = rng.choice((0.0, 1e-3, 100.0, rng.random() * 20, rng.random() * 20, rng.choice(_ODD_TIMES)))
        return field[:start] + struct.pack("<d", time)
    if key & 7 == 0:
        return field[:start] + _encoded(rng.choice((0, 1, rng.randrange(128), rng.randrange(128), 1 << 31)))
    _, start = _varint(field, start)
    try:
        inner = _fields(field[start:])
    except IndexError:  # a text
        return field[:-1] + bytes([rng.randrange(32, 127)]) if start < len(field) else field
    if inner:
        at = rng.randrange(len(inner))
        inner[at] = _other_number(inner[at], rng)
    content = b"".join(inner)
    return _encoded(key) + _encoded(len(content)) + content


def _encoded(value: int) -> bytes:
    digits = bytearray()
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])
