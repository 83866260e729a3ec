"""Chunks become a corpus: groups and duplicates are judged over all of them, then the kept sequences are
written out.

Two passes over the chunks: the first takes tables and fingerprints (some 400 bytes a sequence), the second
copies the events of what is kept, a chunk at a time.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.data.fingerprints import SKETCH
from antiphon.data.grouping import ASTRIDE, Prints, Verdict, judge
from antiphon.data.harvest import TABLE, Chunk, Outcome, read
from antiphon.data.ledger import Entry, Result
from antiphon.errors import CorpusError
from antiphon.files import atomic_path


@dataclass(frozen=True, eq=False)
class Gathered:
    """All chunks without their events: the table of all sequences (`piece` counted over all files), and the
    verdict."""

    chunks: Sequence[Path]
    table: npt.NDArray[np.void]
    outcomes: tuple[Outcome, ...]
    verdict: Verdict


def gather(chunks: Sequence[Path], names: Sequence[str], *, drop: bool) -> Gathered:
    """The first pass; `names` are the files' group names in order. Raises `CorpusError` for a chunk that is
    gone."""
    nothing = np.zeros(0, np.uint64)
    tables, exact, relative, sketch = [], [nothing], [nothing], [np.zeros((0, SKETCH), np.uint64)]
    outcomes: list[Outcome] = []
    for chunk in _chunks(chunks):
        table = chunk.table.copy()
        table["piece"] += len(outcomes)
        outcomes += chunk.outcomes
        tables.append(table)
        exact.append(chunk.exact)
        relative.append(chunk.relative)
        sketch.append(chunk.sketch)
    table = np.concatenate([*tables, np.zeros(0, TABLE)])
    prints = Prints(table["piece"], *(np.concatenate(column) for column in (exact, relative, sketch)))
    return Gathered(chunks, table, tuple(outcomes), judge(names, prints, drop=drop))


def write(gathered: Gathered, table_path: Path, events_path: Path) -> tuple[npt.NDArray[np.void], int]:
    """The second pass; the table of what is kept, and how many events that is. There must be something."""
    keep = gathered.verdict.keep
    table = gathered.table[keep]
    table["offset"] = np.cumsum(table["length"], dtype=np.int64) - table["length"]
    table["group"] = _numbers([gathered.verdict.group[piece] for piece in table["piece"].tolist()])
    n_events = int(table["length"].sum(dtype=np.int64))
    with atomic_path(table_path) as temporary:
        np.save(temporary, table)
    with atomic_path(events_path) as temporary:
        _write_events(temporary, gathered, n_events)
    return table, n_events


def entries(gathered: Gathered, paths: Sequence[str]) -> list[Entry]:
    """The ledger's rows of all files read."""
    verdict, piece = gathered.verdict, gathered.table["piece"]
    bounds = np.searchsorted(piece, np.arange(len(paths) + 1)).tolist()
    rows = []
    for place, (path, outcome) in enumerate(zip(paths, gathered.outcomes, strict=True)):
        mine = range(bounds[place], bounds[place + 1])
        kept = sum(bool(verdict.keep[s]) for s in mine)
        lost = Counter(verdict.likeness[s] for s in mine if not verdict.keep[s])
        losses = tuple(sorted((Counter(outcome.losses) + lost).items()))
        detail = outcome.error or _repeats(verdict, mine, piece, paths)
        rows.append(Entry(path, verdict.group[place], _result(outcome, kept, lost), kept, losses, detail))
    return rows


def digest(paths: Sequence[Path]) -> str:
    """SHA-256 (hex) of the files at `paths`, one after the other."""
    state = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                state.update(block)
    return state.hexdigest()


def _chunks(paths: Sequence[Path]) -> Iterator[Chunk]:
    for path in paths:
        chunk = read(path)
        if chunk is None:
            raise CorpusError(
                f"'{path}' vanished or was damaged during the build; give the same command again."
            )
        yield chunk


def _write_events(path: Path, gathered: Gathered, n_events: int) -> None:
    target: Any = np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype("<i2"), shape=(n_events,))
    keep, sequence, place = gathered.verdict.keep, 0, 0
    for chunk in _chunks(gathered.chunks):
        mine = keep[sequence : sequence + len(chunk.table)]
        events = chunk.events[np.repeat(mine, chunk.table["length"])]
        target[place : place + len(events)] = events
        sequence, place = sequence + len(mine), place + len(events)
    target.flush()


def _numbers(names: Sequence[str]) -> npt.NDArray[np.int32]:
    """Names numbered by their first appearance."""
    number: dict[str, int] = {}
    return np.array([number.setdefault(name, len(number)) for name in names], np.int32)


def _result(outcome: Outcome, kept: int, lost: Counter[str]) -> Result:
    if outcome.error:
        return "unreadable"
    if kept:
        return "used"
    return "duplicate" if lost else "nothing"


def _repeats(verdict: Verdict, mine: range, piece: npt.NDArray[np.int32], paths: Sequence[str]) -> str:
    """'near duplicate of a.mid', for the first sequence that repeats one of another file or split."""
    for sequence in mine:
        original = int(verdict.original[sequence])
        if original >= 0 and (original < mine.start or verdict.likeness[sequence] == ASTRIDE):
            return f"{verdict.likeness[sequence]} of {paths[int(piece[original])]}".replace(
                f"{ASTRIDE} of", f"{ASTRIDE}:"
            )
    return ""
