"""One chunk of files, read, put on the grid and extracted: the work of one worker at a time.

A chunk's result is one `.npz` file, written whole or not at all, that depends on nothing but the files and
the options.
"""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon import codecs
from antiphon.data.fingerprints import Hashes, sketches, whole
from antiphon.errors import AntiphonError, one_line
from antiphon.extract.melody import Melody
from antiphon.files import atomic_write
from antiphon.io import load
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter

TABLE = np.dtype(
    [
        ("piece", "<i4"),
        ("group", "<i4"),
        ("track", "<i2"),
        ("program", "<i2"),
        ("numerator", "<i2"),
        ("denominator", "<i2"),
        ("steps_per_quarter", "<i2"),
        ("start_in_bar", "<i4"),
        ("start_step", "<i8"),
        ("offset", "<i8"),
        ("length", "<i4"),
    ]
)
"""Columns of the table of sequences; see `antiphon.data.corpus`."""
_LONGEST = 500
"""Characters of an error that the ledger keeps."""


@dataclass(frozen=True)
class Job:
    """A chunk to do: `paths` in, the file `out` out. `refused` says which files (by place) not to touch,
    and why."""

    out: str
    paths: tuple[str, ...]
    kind: str
    options: Any
    """The extractor's options, e.g. `antiphon.extract.melody.MelodyOptions`."""
    steps_per_quarter: int
    refused: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of one file: why it could not be read (or ''), and what was lost of it, by cause."""

    error: str = ""
    losses: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Chunk:
    """Sequences of some files: flat ids, a table (`piece` is the place in the chunk), fingerprints, and an
    outcome a file."""

    events: npt.NDArray[np.int16]
    table: npt.NDArray[np.void]
    exact: Hashes
    relative: Hashes
    sketch: Hashes
    outcomes: tuple[Outcome, ...]


def work(job: Job, begin: Callable[[int], None]) -> None:
    """Do `job` and write its chunk; `begin(i)` is called before file i is touched."""
    outcomes, melodies, owners = [], [], []
    for place, path in enumerate(job.paths):
        begin(place)
        found, outcome = (
            _harvest(path, job) if place not in job.refused else ([], Outcome(job.refused[place]))
        )
        outcomes.append(outcome)
        melodies += found
        owners += [place] * len(found)
    write(Path(job.out), _gather(melodies, owners, outcomes, job.kind))


def _harvest(path: str, job: Job) -> tuple[list[Melody], Outcome]:
    """The sequences of one file; whatever goes wrong is this file's outcome and nobody else's."""
    try:
        score = load(path)
        grid = quantize(score, PerQuarter(job.steps_per_quarter))
        result = codecs.family(job.kind).extractor.extract(grid, job.options)
    except AntiphonError as error:
        return [], Outcome(one_line(str(error).removeprefix(f"'{path}': "), _LONGEST))
    except OSError as error:
        return [], Outcome(f"The file cannot be opened: {error.strerror or error}.")
    except Exception as error:  # a fault of ours in one file must not cost the others; the ledger names it
        what = f"{type(error).__name__}: {error}"
        return [], Outcome(one_line(f"The reader failed ({what}); please report this file.", _LONGEST))
    losses = {str(cause): int(count) for cause, count in sorted(result.losses.items()) if count}
    return list(result.sequences), Outcome("", losses)


def _gather(
    melodies: Sequence[Melody], owners: Sequence[int], outcomes: Sequence[Outcome], kind: str
) -> Chunk:
    encode = codecs.family(kind).encode
    ids = [np.asarray(encode(melody), np.int16) for melody in melodies]
    raw = [melody.events for melody in melodies]
    hashes = [
        whole(m.events, (*m.meter, m.steps_per_quarter, m.start_in_bar % m.steps_per_bar)) for m in melodies
    ]
    pairs = np.array(hashes, np.uint64).reshape(-1, 2)
    events = np.concatenate([*ids, np.zeros(0, np.int16)])
    table = _table(melodies, owners, [len(row) for row in ids])
    return Chunk(events, table, pairs[:, 0], pairs[:, 1], sketches(raw), tuple(outcomes))


def _table(melodies: Sequence[Melody], owners: Sequence[int], lengths: Sequence[int]) -> npt.NDArray[np.void]:
    table = np.zeros(len(melodies), TABLE)
    table["piece"] = owners
    table["length"] = lengths
    table["offset"] = np.cumsum([0, *lengths])[:-1]
    for name in ("track", "program", "steps_per_quarter", "start_in_bar", "start_step"):
        table[name] = [getattr(melody, name) for melody in melodies]
    table["numerator"] = [melody.meter.numerator for melody in melodies]
    table["denominator"] = [melody.meter.denominator for melody in melodies]
    return table


def write(path: Path, chunk: Chunk) -> None:
    """Write `chunk` to `path`, whole or not at all."""
    outcomes = json.dumps([dataclasses.asdict(outcome) for outcome in chunk.outcomes]).encode()
    arrays = {name: getattr(chunk, name) for name in ("events", "table", "exact", "relative", "sketch")}
    buffer = io.BytesIO()
    np.savez(buffer, outcomes=np.frombuffer(outcomes, np.uint8), **arrays)
    atomic_write(path, buffer.getvalue())


def read(path: Path) -> Chunk | None:
    """The chunk at `path`; None where there is none, or a damaged one, which then has to be made again."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            outcomes = tuple(Outcome(**entry) for entry in json.loads(arrays["outcomes"].tobytes()))
            named = {name: arrays[name] for name in ("events", "table", "exact", "relative", "sketch")}
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
    return Chunk(**named, outcomes=outcomes)
