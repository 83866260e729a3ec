"""Does any MIDI file crash, hang or bloat the reader? Reads mutated files by the thousand and says.

    python benchmarks/fuzz_midi.py [FOLDER_OF_MIDI ...] [-n 20000] [--seed 0] [--keep DIR]

Mutants are made inside track chunks, event by event, with lengths put right again, so that most still parse
and the deep code sees them; a tenth is damaged anywhere. Without folders the files are small ones made here.
Each mutant goes through `io.load`, quantisation and `io.dumps_midi` in a worker process that is watched.
Prints the share that parsed, crashes, hangs and peak memory; exits 1 after any crash or hang.
"""

from __future__ import annotations

import argparse
import random
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import watched
from watched import Task

from antiphon import io
from antiphon.errors import FormatError, OutputError
from antiphon.score.maps import Key, KeyChange, Mark, MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter, PerSecond
from antiphon.score.score import Bends, Controls, Score

_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_LARGEST_SEED = 20_000
Event = tuple[int, bytes]  # ticks since the event before, bytes with their status


def small_files(rng: random.Random, n: int = 12) -> list[bytes]:
    """MIDI files with a little of everything."""
    return [io.dumps_midi(_small_score(rng)) for _ in range(n)]


def mutant(data: bytes, rng: random.Random) -> bytes:
    """`data` with a few events changed, or (one in ten) damaged anywhere."""
    if rng.random() < 0.1:
        return _damaged(data, rng)
    chunks = list(_chunks(data))
    number = rng.randrange(len(chunks))
    events = _events(chunks[number])
    for _ in range(rng.choice((1, 1, 2, 3, 8, 40))):
        rng.choice(_MUTATIONS)(events, rng)
    chunks[number] = _body(events)
    return data[:14] + b"".join(b"MTrk" + struct.pack(">I", len(body)) + body for body in chunks)


def digest(path: Path) -> str:
    """What became of a file: "read", or the refusal's words without figures. Anything else raised is a
    crash.
    """
    try:
        score = io.load(path)
    except FormatError as error:
        return "".join(c for c in str(error).split("': ")[-1].split(".")[0] if not c.isdigit())
    for grid in (PerQuarter(4), PerSecond(100)):
        quantize(score, grid)
    try:
        io.loads_midi(io.dumps_midi(score))
    except OutputError:
        return "read, too long to write"
    return "read"


def _small_score(rng: random.Random) -> Score:
    starts = sorted(rng.randrange(0, 7680, 30) for _ in range(40))
    tracks = [rng.randrange(3) for _ in starts]
    times = sorted(rng.randrange(7680) for _ in range(8))
    return Score(
        notes=Notes.of(
            starts,
            [start + rng.choice((0, 60, 120, 480)) for start in starts],
            [rng.randrange(36, 84) for _ in starts],
            [rng.randrange(1, 128) for _ in starts],
            [(0, 40, 5)[track] for track in tracks],
            [track == 2 for track in tracks],
            tracks,
        ),
        tempos=TempoMap.of([(0, 100.0), (1920, 140.0), (5000, 60.0)]),
        meters=MeterMap.of([(0, 1, 4), (480, 3, 4), (4800, 6, 8)]),
        keys=(KeyChange(0, Key(2)), KeyChange(480, Key(9, "minor"))),
        chords=(Mark(0, "Dm7"), Mark(960, "G7/B")),
        lyrics=tuple(Mark(time, "la", 0) for time in times) if rng.random() < 0.3 else (),
        markers=(Mark(480, "verse"),),
        controls=Controls(*map(_column, (times, [64] * 8, [127, 0] * 4, [0] * 8))),
        bends=Bends(*map(_column, (times, range(-8192, 8192, 2048), [1] * 8))),
        track_names=("piano", "Geige", "drüms"),
        title="Etüde",
    )


def _column(values: Sequence[int]) -> np.ndarray:
    return np.array(values)


def _chunks(data: bytes) -> Iterator[bytes]:
    at = 14
    while at + 8 <= len(data):
        length = struct.unpack_from(">I", data, at + 4)[0]
        yield data[at + 8 : at + 8 + length]
        at += 8 + length


def _events(body: bytes) -> list[Event]:
    events: list[Event] = []
    at = status = 0
    while at < len(body):
        delta, at = _number(body, at)
        if body[at] >= 0x80:
            status, at = body[at], at + 1
        size = _DATA_BYTES.get(status >> 4, 0)
        prefix = bytes([status])
        if status >= 0xF0:
            prefix += body[at : at + (status == 0xFF)]
            at += status == 0xFF
            size, after = _number(body, at)
            prefix, at = prefix + body[at:after], after
        events.append((delta, prefix + body[at : at + size]))
        at += size
    return events


def _number(body: bytes, at: int) -> tuple[int, int]:
    value = 0
    while True:
        value, at = value << 7 | body[at] & 0x7F, at + 1
        if body[at - 1] < 0x80:
            return value, at


def _encoded(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def _body(events: list[Event]) -> bytes:
    return b"".join(_encoded(delta) + event for delta, event in events)


def _change_delta(events: list[Event], rng: random.Random) -> None:
    at = rng.randrange(len(events))
    events[at] = (
        rng.choice((0, 1, rng.randrange(128), rng.randrange(1 << 14), rng.randrange(1 << 28))),
        events[at][1],
    )


def _change_data(events: list[Event], rng: random.Random) -> None:
    at = rng.randrange(len(events))
    delta, event = events[at]
    if event[0] < 0xF0 and len(event) > 1:
        place = rng.randrange(1, len(event))
        events[at] = delta, event[:place] + bytes([rng.randrange(128)]) + event[place + 1 :]


def _change_status(events: list[Event], rng: random.Random) -> None:
    at = rng.randrange(len(events))
    delta, event = events[at]
    if event[0] < 0xF0:
        status = rng.choice(
            (0x80, 0x90, 0xA0, 0xB0, 0xE0) if len(event) == 3 else (0xC0, 0xD0)
        ) | rng.randrange(16)
        events[at] = delta, bytes([status]) + event[1:]


def _delete(events: list[Event], rng: random.Random) -> None:
    if len(events) > 1:
        del events[rng.randrange(len(events))]


def _repeat(events: list[Event], rng: random.Random) -> None:
    event = rng.choice(events)
    if event[1][:2] != b"\xff\x2f":
        events[rng.randrange(len(events)) : 0] = [event] * rng.choice((1, 1, 2, 50))


def _swap(events: list[Event], rng: random.Random) -> None:
    a, b = rng.randrange(len(events)), rng.randrange(len(events))
    events[a], events[b] = events[b], events[a]


def _insert_meta(events: list[Event], rng: random.Random) -> None:
    kind = rng.choice(
        (0x01, 0x03, 0x05, 0x06, 0x20, 0x2F, 0x51, 0x51, 0x54, 0x58, 0x58, 0x59, 0x7F, rng.randrange(128))
    )
    content = rng.randbytes(rng.choice((0, 1, 2, 3, 4, 5, 30, 200)))
    events.insert(
        rng.randrange(len(events)),
        (rng.randrange(200), bytes([0xFF, kind]) + _encoded(len(content)) + content),
    )


def _change_meta(events: list[Event], rng: random.Random) -> None:
    metas = [at for at, (_, event) in enumerate(events) if event[0] == 0xFF and len(event) > 3]
    if metas:
        at = rng.choice(metas)
        delta, event = events[at]
        place = rng.randrange(3, len(event))
        events[at] = delta, event[:place] + bytes([rng.randrange(256)]) + event[place + 1 :]


def _insert_sysex(events: list[Event], rng: random.Random) -> None:
    content = rng.randbytes(rng.randrange(20))
    event = bytes([rng.choice((0xF0, 0xF7))]) + _encoded(len(content)) + content
    events.insert(rng.randrange(len(events)), (0, event))


_MUTATIONS = (
    *(_change_delta, _change_data, _change_data, _change_status, _delete),
    *(_repeat, _swap, _insert_meta, _change_meta, _insert_sysex),
)


def _damaged(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 2, 10))):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed[: rng.randrange(len(changed))]) if rng.random() < 0.3 else bytes(changed)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path)
    options = watched.options(parser, number=20_000, limit=10.0)
    return watched.report("MIDI", watched.run(Task(".mid", _seeds(options), mutant, digest), options))


def _seeds(options: argparse.Namespace) -> list[bytes]:
    paths = sorted(path for folder in options.folders for path in folder.rglob("*.mid"))
    rng = random.Random(options.seed)
    chosen = rng.sample(paths, min(len(paths), 300))
    files = [
        data
        for data in (path.read_bytes() for path in chosen)
        if len(data) < _LARGEST_SEED and _is_plain(data)
    ]
    return files + small_files(rng)


def _is_plain(data: bytes) -> bool:
    return (
        data[:8] == b"MThd\x00\x00\x00\x06"
        and any(True for _ in _chunks(data))
        and all(map(len, _chunks(data)))
    )


if __name__ == "__main__":
    sys.exit(main())
