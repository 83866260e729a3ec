"""What attackers write round the graphs: the archive, its index, the recipe in it, the weights, the card."""

from __future__ import annotations

import copy
import io
import json
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from hostile.kit import CARD, INDEX, STEP, WEIGHTS, members, packed, split_weights, with_index, with_weights

Attack = tuple[str, Callable[[], bytes]]
_DEEP = "[" * 100_000 + "]" * 100_000
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**53,
    -(2**62),
    1e308,
    "",
    "x" * 100_000,
    "\x1b[2J\x1b]0;owned\x07",
    "a\nb",
    [],
    [[]] * 1000,
    {},
    {"a": {"b": [1]}},
    [None],
    "0/0",
    1e-320,
    [1e9] * 3,
)
_RAW = ("NaN", "Infinity", "1e999", "1" + "0" * 30, "1" + "0" * 5000, '"\\ud800"', '"\\u0000"', _DEEP)


def attacks() -> Iterator[Attack]:
    """All of them, in the same order every time."""
    for part in (_index, _raw, _recipe, _weights, _zips, _cards):
        yield from part()


def _at(name: str, path: tuple[Any, ...], value: Any) -> Attack:
    def change(index: dict[str, Any]) -> None:
        inner: Any = index
        for key in path[:-1]:
            inner = inner[key]
        if value is _GONE:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value

    return name, lambda: packed(with_index(change))


_GONE = object()
_KEYS = (
    ("format",),
    ("version",),
    ("what",),
    ("name",),
    ("recipe",),
    ("decode",),
    ("alphabet",),
    ("grammar",),
    ("sampler",),
    ("labels",),
    ("graphs",),
    ("state",),
    ("rings",),
    ("opening",),
    ("defaults",),
    ("check",),
    ("provenance",),
    ("metrics",),
    ("opening", 0),
    ("defaults", "meters"),
    ("provenance", "corpus"),
    ("provenance", "steps"),
    ("provenance", "licence"),
    ("metrics", "nll_per_step"),
    ("check", "events"),
    ("check", "seed"),
    ("check", "log_likelihood"),
    ("check", "steps_per_bar"),
    ("graphs", "step"),
    ("graphs", "step", "file"),
    ("graphs", "step", "inputs"),
    ("labels", "sizes"),
)


def _index() -> Iterator[Attack]:
    for path in _KEYS:
        for n, value in enumerate((*ODD, _GONE)):
            yield _at(f"index {'.'.join(map(str, path))} odd {n}", path, value)
    for meter in ("0/0", "999999/4", "4/0", "-4/4", "4/4/4", "x", "48/64", "1/1000000"):
        yield _at(f"default meter {meter!r}", ("defaults", "meters"), {meter: 1.0})
    for name, value in (
        ("program", 10**18),
        ("qpm", 1e-320),
        ("program", "x"),
        ("qpm", 0),
        ("first_choice", []),
    ):
        yield _at(f"default {name} {value}", ("defaults", name), value)
    yield _at("ten thousand graphs", ("graphs",), {f"g{i}": {} for i in range(10_000)})
    yield _at("a graph of weights", ("graphs", "step", "file"), WEIGHTS)
    yield _at("a check of a million events", ("check", "events"), [[1]] * 300_000)
    yield _at("a check of other events", ("check", "log_likelihood"), -1.0)
    yield _at("a state of 10^14 numbers", ("state",), {"0_c": ["float32", [1 << 24, 1 << 24]]})
    yield _at("no rows of state", ("state",), {"0_c": ["float32", [0]]})


def _raw() -> Iterator[Attack]:
    text = members()[INDEX].decode()
    for n, raw in enumerate(_RAW):
        for key in ("name", "opening", "metrics", "seed", "max_length"):

            def make(raw: str = raw, key: str = key) -> bytes:
                found = text.replace(f'"{key}":', f'"{key}": {raw}, "_{key}":', 1)
                return packed({**members(), INDEX: found.encode()}, rehash=False)

            yield f"raw {n} as {key}", make
    for n, data in enumerate(
        (b"", b"{}", b"[]", b"null", b"\xff\xfe", _DEEP.encode(), text.encode("utf-16"), b"1" * 10**6)
    ):
        yield f"index of {n}", lambda data=data: packed({**members(), INDEX: data}, rehash=False)


_RECIPE: tuple[tuple[tuple[str, ...], tuple[Any, ...]], ...] = (
    (
        ("net", "layers"),
        ([8192] * 4, [8192] * 100_000, [1] * 10**6, [], [0], [-1], [1 << 40], ["x"], [128], [129, 128], 5),
    ),
    (("net", "residual"), (True, 1, "x")),
    (
        ("net",),
        ({"name": "attention", "layers": [8192, 8192], "length": 4096}, {"name": "nope"}, {"name": ["x"]}, 0),
    ),
    (("codec", "bars"), ([64] * 100_000, [1] * 16, [0], [65], [1, 2, 3])),
    (("codec", "clock_bits"), (16, 1 << 40, -1, 1.5)),
    (("codec",), ({"name": "onehot"}, {"name": "key_melody"}, {"name": "\x1b[2J"}, {"name": "x" * 10**6})),
    (("view", "max_pitch"), (1 << 40, 0, 49, 128)),
    (("view", "steps_per_quarter"), (96, 1 << 40, 0, 5, 12)),
    (("family",), ("drums", "nope", "", "x" * 10**6)),
    (("head",), ({"name": "nope"}, None, {"name": "categorical", "x": 1})),
    (("control",), ({"name": "nope"}, 5)),
    (("learns_from",), ("drums", "../../etc", "\x1b")),
    (("name",), ("", "\x1b[2J", "x" * 10**6, "a/../../b")),
    (("summary",), ("\x1b[2J", "x" * 10**6)),
    (("training", "batch_size"), (65_536, 1 << 60, 0)),
    (("training", "max_length"), (1 << 60, 65_536, 1)),
    (("training", "max_steps"), (1 << 60, 10**12)),
    (("training", "dropout"), (1.0, -1.0, 0.999999)),
    (("training", "learning_rate"), (1.0, 1e9)),
    (("training", "clip_norm"), (1e300, -1.0)),
    (("training", "transpose"), ([-127, 127], [5, -5], [1], [1 << 60, 1 << 60])),
    (("training", "window_bars"), (1024, 1 << 60)),
    (("training", "evil"), (1,)),
)


def _recipe() -> Iterator[Attack]:
    for path, found in _RECIPE:
        for n, value in enumerate(found):
            yield _at(f"recipe {'.'.join(path)} {n}", ("recipe", *path), value)


def _weights() -> Iterator[Attack]:
    for size in (0, 1, 1 << 20, 1 << 40, (1 << 64) - 1):
        yield f"a header of {size}", lambda size=size: packed(with_weights({}, size=size))
    one = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    lies: dict[str, Any] = {
        "nothing": {},
        "a list": [],
        "deep": _DEEP.encode(),
        "twice": b'{"w":%b,"w":%b}' % ((json.dumps(one).encode(),) * 2),
        "half a character": b'{"\\ud800":%b}' % json.dumps(one).encode(),
        "no name": {"": one},
        "a nul": {"\0": one},
        "bfloat": {"w": {**one, "dtype": "BF16"}},
        "eight bits": {"w": {**one, "dtype": "F8_E4M3"}},
        "no type": {"w": {**one, "dtype": None}},
        "a shape too large": {"w": {**one, "shape": [1 << 62, 4]}},
        "a negative shape": {"w": {**one, "shape": [-1]}},
        "nothing, large": {"w": {**one, "shape": [0, 1 << 62]}},
        "offsets back": {"w": {**one, "data_offsets": [4, 0]}},
        "offsets before": {"w": {**one, "data_offsets": [-4, 0]}},
        "offsets far": {"w": {**one, "data_offsets": [0, 1 << 60]}},
        "offsets of text": {"w": {**one, "data_offsets": "ab"}},
        "many": {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(200_000)},
        "metadata": {"__metadata__": {"a": "b" * 10**6}, "w": one},
        "metadata of lists": {"__metadata__": [], "w": one},
        "NaN": b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,NaN]}}',
    }
    for name, header in lies.items():
        yield f"weights: {name}", lambda header=header: packed(with_weights(header, b"\0" * 4))
    for name, change in _TENSORS.items():
        yield f"weights: {name}", lambda change=change: _changed(change)
    for n in (0, 7, 8, 100, -1):
        yield f"weights cut to {n}", lambda n=n: packed({**members(), WEIGHTS: members()[WEIGHTS][:n]})
    for data in (b"\xff\xff\x7f\x7f", b"\0\0\xc0\x7f", b"\0\0\x80\x7f"):

        def filled(data: bytes = data) -> bytes:
            header, old = split_weights(members())
            return packed(with_weights(header, (data * (len(old) // 4 + 1))[: len(old)]))

        yield f"weights all {data.hex()}", filled


_TENSORS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "one missing": lambda header: header.pop(min(n for n in header if n != "__metadata__")),
    "one renamed": lambda header: header.update(x=header.pop(min(n for n in header if n != "__metadata__"))),
    "one turned": lambda header: [e["shape"].reverse() for n, e in header.items() if n != "__metadata__"],
    "flat": lambda header: [
        e.update(shape=[eval("*".join(map(str, e["shape"])))])
        for n, e in header.items()
        if n != "__metadata__"
    ],
    "as halves": lambda header: [e.update(dtype="F16") for n, e in header.items() if n != "__metadata__"],
    "as whole numbers": lambda header: [
        e.update(dtype="I32") for n, e in header.items() if n != "__metadata__"
    ],
}


def _changed(change: Callable[[dict[str, Any]], Any]) -> bytes:
    header, data = split_weights(members())
    header = copy.deepcopy(header)
    change(header)
    return packed(with_weights(header, data))


def _zips() -> Iterator[Attack]:
    whole = packed(members())
    yield "not altered", lambda: whole
    for n in (0, 1, 21, 22, 100, len(whole) // 2, len(whole) - 1):
        yield f"cut to {n}", lambda n=n: whole[:n]
    yield "a script before it", lambda: b"#!/bin/sh\nrm -rf /\n" * 100 + whole
    yield "zeros behind it", lambda: whole + b"\0" * 70_000
    yield "twice", lambda: whole + whole
    yield "a comment of signatures", lambda: whole[:-2] + struct.pack("<H", 44) + b"PK\5\6" * 11
    yield "bytes of nothing", lambda: b"\0" * 10**6
    yield "text", lambda: b"hello\n"
    for name in (
        "../evil.txt",
        "/evil.txt",
        "evil.py",
        "__init__.py",
        "a" * 60_000,
        "bundle.json/",
        "\x1b[2J",
        "C:\\evil",
    ):
        yield f"a member {name[:20]!r}", lambda name=name: packed({**members(), name: b"evil"})
    for name in (INDEX, WEIGHTS, CARD, STEP):
        yield f"without {name}", lambda name=name: packed({k: v for k, v in members().items() if k != name})
        yield f"{name} twice", lambda name=name: _with_member(name, members()[name])
        yield f"{name} is a link", lambda name=name: _with_member(name, b"/etc/passwd", 0o120777 << 16)
        zeros = {INDEX: 64 << 20, CARD: 64 << 20, STEP: 64 << 20, WEIGHTS: 8 << 20}[name]
        yield (
            f"a bomb of {name}",
            lambda name=name, zeros=zeros: packed({**members(), name: b"\0" * zeros}, stored=()),
        )
    yield "a bomb that fits", lambda: packed({**members(), STEP: b"\0" * (15 << 20)})
    yield "a graph of fields", lambda: packed({**members(), STEP: b"\x12\0" * (7 << 20)})
    yield (
        "a bomb of JSON",
        lambda: packed({**members(), INDEX: b'{"a":[' + b"0," * (1 << 20) + b"0]}"}, rehash=False),
    )
    yield (
        "other hashes",
        lambda: packed(
            with_index(lambda index: index.update(sha256=dict.fromkeys(index["sha256"], "0" * 64))),
            rehash=False,
        ),
    )
    yield "no hashes", lambda: packed(with_index(lambda index: index.pop("sha256") and None), rehash=False)
    yield "300,000 members", _many
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        yield f"packed by {method}", lambda method=method: _repacked(method)
    for at, value in ((6, 1), (8, 99), (14, 255)):  # flags (a password), method, checksum of the first member

        def marked(at: int = at, value: int = value) -> bytes:
            listed = whole.index(b"PK\1\2")
            data = bytearray(whole)
            data[at] = data[listed + at + 2] = value
            return bytes(data)

        yield f"byte {at} is {value}", marked


def _with_member(name: str, data: bytes, mode: int = 0) -> bytes:
    file = io.BytesIO(packed(members()))
    with warnings.catch_warnings(), zipfile.ZipFile(file, "a") as archive:
        warnings.simplefilter("ignore")  # two members of one name are what is wanted
        info = zipfile.ZipInfo(name)
        info.external_attr = mode
        archive.writestr(info, data)
    return file.getvalue()


def _many() -> bytes:
    """An archive whose list of members is long: one entry, again and again."""
    whole = packed(members())
    first = whole.index(b"PK\1\2")
    length = 46 + struct.unpack_from("<H", whole, first + 28)[0]
    entries = whole[first : first + length] * 300_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, len(entries), first, 0)
    return whole[:first] + entries + end


def _repacked(method: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members().items():
            archive.writestr(name, data)
    return file.getvalue()


def _cards() -> Iterator[Attack]:
    cards = (
        b"",
        b"\xff\xfe",
        b"# x\n\x1b]0;owned\x07\x1b[2J\x9b31m\r\rspoof\n## Bad at\n\x1b[31mred",
        b"x" * (1 << 20),
        "\u202eevil\u2066".encode(),
        b"# a\n" * 200_000,
        b"## bad at\n" + b"w " * 400_000,
    )
    for n, card in enumerate(cards):
        yield f"card {n}", lambda card=card: packed({**members(), CARD: card})
