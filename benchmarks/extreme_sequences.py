"""Does any number in a NoteSequence crash, hang or bloat what reads it? Messages with an extreme number in
every field that has one, alone (.pb) and in records (.tfrecord).

    python benchmarks/extreme_sequences.py [-n 2000] [--limit 60] [--seed 0] [--keep DIR]

Each goes through `io.load`, what `antiphon show` prints, every format that is written, both grids and the
extraction of every kind of sequence, in a worker process that is watched. Exits 1 after any crash or hang;
the longest music that is written takes some seconds.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path
from typing import Any

import watched
from watched import Task

from antiphon import io
from antiphon.codecs import kinds
from antiphon.data import conversion, extraction
from antiphon.data.extraction import ExtractionJob, KindOptions
from antiphon.errors import AntiphonError
from antiphon.io import records
from antiphon.io.notesequence.messages import note_sequence
from antiphon.render import text
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter, PerSecond
from antiphon.score.score import Score

_SUFFIXES = (".pb", ".tfrecord")
_TIMES = (
    0.0, -0.0, 1e-320, -1e-320, 1e-9, 0.5, 1.0, 3600.0, 172_799.0, 172_801.0, 1e6, 1e9, 1e12, 1e18, 1e300,
    1e308, -1.0, -1e308, float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
_QPM = (1e-320, 1e-300, 1e-9, 0.009, 0.01, 3.0, 120.0, 1e4, 6e7, 1e9, 1e12, 1e300, 1e308, -1.0, 0.0,
        float("nan"), float("inf"), float("-inf"))  # fmt: skip
_INT32 = (0, 1, 2, 3, 4, 7, 64, 127, 128, 255, 256, 32_767, 32_768, 65_536, 1 << 20, (1 << 31) - 1,
          -1, -2, -128, -32_769, -(1 << 31))  # fmt: skip
_INT64 = (*_INT32, 1 << 32, 1 << 53, (1 << 63) - 1, -(1 << 63))
_TEXTS = (
    "",
    "C",
    "Am7",
    "Lyric: la",
    "Lyric 3: la",
    "Lyric 99999: x",
    "Mode: aeolian",
    "About x: y",
    "\0",
    "x" * 5000,
)
_REPEATED = (
    "notes", "tempos", "time_signatures", "key_signatures", "pitch_bends", "control_changes", "part_infos",
    "instrument_infos", "text_annotations", "section_annotations",
)  # fmt: skip


def plain(rng: random.Random) -> Any:
    """A message of some notes with a little of everything, which can be read."""
    message = note_sequence()["NoteSequence"](ticks_per_quarter=220, total_time=8.0)
    for number in range(rng.choice((1, 8, 32))):
        begin = number * 0.25
        message.notes.add(pitch=60 + number % 12, velocity=80, start_time=begin, end_time=begin + 0.25,
                          quantized_start_step=2 * number, quantized_end_step=2 * number + 2)  # fmt: skip
    for name in _REPEATED[1:]:
        if rng.random() < 0.4:
            _filled(getattr(message, name).add(), rng, share=0.0)
    message.tempos.add(qpm=120.0)
    if rng.random() < 0.3:
        grid = message.quantization_info
        setattr(grid, rng.choice(("steps_per_quarter", "steps_per_second")), rng.choice((1, 4, 100)))
    if rng.random() < 0.2:
        message.section_annotations.add(time=0.0, section_id=1)
        group = message.section_groups.add(num_times=2)
        group.sections.add(section_id=1)
    return message


def extreme(data: bytes, rng: random.Random) -> bytes:
    """The message in `data` with some of its numbers extreme; as a record half of the time."""
    message = note_sequence()["NoteSequence"].FromString(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        _filled(_some_message(message, rng), rng, share=rng.choice((0.2, 0.5, 1.0)))
    return bytes(message.SerializeToString())


def _some_message(message: Any, rng: random.Random) -> Any:
    """The message itself, or one inside it, which is made where there is none."""
    if rng.random() < 0.1:
        return message
    if rng.random() < 0.1:
        return rng.choice((message.quantization_info, message.subsequence_info, message.source_info))
    if rng.random() < 0.1:
        return rng.choice(message.section_groups or [message.section_groups.add()])
    entries = getattr(message, rng.choice(("tempos", "notes", *_REPEATED)))
    return rng.choice(entries) if len(entries) and rng.random() < 0.8 else entries.add()


def _filled(message: Any, rng: random.Random, share: float) -> None:
    """Give a `share` of the fields of `message` any number that there is (0: an ordinary one to all)."""
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None or (share and rng.random() > share):
            continue
        values = _values(field, extreme=bool(share))
        if not hasattr(getattr(message, field.name), "append"):
            setattr(message, field.name, rng.choice(values))


def _values(field: Any, *, extreme: bool) -> tuple[Any, ...]:
    if field.type == field.TYPE_STRING:
        return _TEXTS if extreme else _TEXTS[:3]
    if field.type == field.TYPE_BOOL:
        return (False, True)
    if field.type == field.TYPE_DOUBLE:
        if not extreme:
            return (120.0,) if field.name == "qpm" else (0.0, 0.5, 1.0)
        return _QPM if field.name == "qpm" else _TIMES
    if not extreme:
        return (1, 2, 4)
    return _INT64 if field.type == field.TYPE_INT64 else _INT32


def digest(path: Path) -> str:
    """What became of a file: "read", or the refusal's words without figures. Anything else raised is a
    crash."""
    try:
        place = io.find(path)
        score = conversion.load(place)
    except AntiphonError as error:
        return "".join(c for c in str(error).split("': ")[-1].split(".")[0] if not c.isdigit())
    text.summary(score)
    json.dumps(text.figures(score), allow_nan=False)
    for grid in (PerQuarter(4), PerQuarter(96), PerSecond(100)):
        quantize(score, grid)
    _check_extraction(place)
    return "read" if _is_written(score) else "read, too much for some format"


def _check_extraction(place: io.Place) -> None:
    wanted = tuple(KindOptions(name, kinds.kind(name).extractor.options()) for name in kinds.KINDS)
    chunk = extraction.extract_chunk(ExtractionJob("", (place,), wanted, 4), lambda _: None)
    said = json.dumps(
        [[outcome.error, outcome.losses, outcome.facts] for outcome in chunk.outcomes], allow_nan=False
    )
    if "please report" in said:
        raise AssertionError(said)


def _is_written(score: Score) -> bool:
    """Whether every format holds `score`; what is written can be read again."""
    whole = True
    for form in io.formats():
        if form.dumps is None or form.name == "MXL":  # which is MusicXML, packed
            continue
        try:
            data = form.dumps(score)
            if form.name in ("MIDI", "NoteSequence"):
                form.loads(data, io.Limits(), "")
        except AntiphonError:
            whole = False
    return whole


def seeds(rng: random.Random, n: int = 40) -> list[bytes]:
    """Messages that can be read."""
    return [bytes(plain(rng).SerializeToString()) for _ in range(n)]


def as_record(data: bytes, rng: random.Random) -> bytes:
    """`extreme`, as a file of one record."""
    return records.pack(extreme(data, rng))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options = watched.options(parser, number=2_000, limit=60.0)
    found, failed = seeds(random.Random(options.seed)), 0
    options.number //= len(_SUFFIXES)
    for suffix, mutant in zip(_SUFFIXES, (extreme, as_record), strict=True):
        failed |= watched.report(suffix, watched.run(Task(suffix, found, mutant, digest), options))
        options.seed += 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
