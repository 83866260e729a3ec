"""Chunks become a corpus: groups and duplicates are judged over all of them, then the kept sequences are
written out.

Two passes over the chunks: the first takes fingerprints, of one kind after the other, and leaves a few
numbers a sequence; the second copies what is kept, a chunk at a time. So memory hardly grows with the music.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from antiphon.codecs import kinds as registry
from antiphon.codecs.kinds import Kind
from antiphon.data.about import joined
from antiphon.data.chunks import Outcome, Reader
from antiphon.data.columns import Columns
from antiphon.data.corpus import PIECES
from antiphon.data.fingerprints import PRINT
from antiphon.data.grouping import Marks, Verdict, judge
from antiphon.data.likeness import OF_NOTES, OF_RHYTHMS, Index, Short, links
from antiphon.data.naming import group_of
from antiphon.data.sources import Source
from antiphon.files import atomic_path


@dataclass(frozen=True, eq=False)
class Gathered:
    """All chunks without their events. `outcomes` are without what the pieces say about themselves."""

    chunks: Sequence[Path]
    kinds: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    bounds: Index
    """Number of the first piece of each chunk, and of all pieces."""
    owners: tuple[Short, ...]
    """Of each kind, the number of every sequence's piece."""
    lengths: tuple[Short, ...]
    """Of each kind, the events of every sequence."""
    verdict: Verdict


def gather(chunks: Sequence[Path], music: Sequence[Source], kinds: Sequence[str], *, drop: bool) -> Gathered:
    """The first pass. Raises `CorpusError` for a chunk that is damaged or gone."""
    outcomes, bounds = _outcomes(chunks)
    names = [
        source.group or group_of(source.place.path, source.place.name, outcome.title)
        for source, outcome in zip(music, outcomes, strict=True)
    ]
    found = [_marks(chunks, bounds, registry.kind(name)) for name in kinds]
    verdict = judge(names, [marks for marks, _ in found], drop=drop)
    owners, lengths = tuple(marks.piece for marks, _ in found), tuple(length for _, length in found)
    return Gathered(chunks, tuple(kinds), outcomes, bounds, owners, lengths, verdict)


def write(gathered: Gathered, music: Sequence[Source], n_rows: int, folder: Path) -> None:
    """The second pass: the arrays of every kind, and what is known about each of the ledger's `n_rows`."""
    with ExitStack() as stack:
        columns = [_columns(gathered, number, folder, stack) for number in range(len(gathered.kinds))]
        file = stack.enter_context(stack.enter_context(atomic_path(folder / PIECES)).open("wb"))
        for path, (first, end) in zip(gathered.chunks, pairwise(gathered.bounds.tolist()), strict=True):
            with Reader(path) as reader:
                file.writelines(_pieces(reader.outcomes(), music[first:end]))
                for column in columns:
                    events, table = reader.arrays(column.kind, "events", "table")
                    column.add(events, table, first)
        file.writelines([_line({}, {})] * (n_rows - len(music)))


def sizes(gathered: Gathered) -> dict[str, tuple[int, int]]:
    """Sequences and events that are kept, by kind."""
    rulings = zip(gathered.kinds, gathered.verdict.rulings, gathered.lengths, strict=True)
    return {
        kind: (int(ruling.keep.sum()), int(length[ruling.keep].sum(dtype=np.int64)))
        for kind, ruling, length in rulings
    }


def digest(arrays: Sequence[Path], groups: Iterable[str]) -> str:
    """SHA-256 (hex) of the files at `arrays`, one after the other, and of the pieces' `groups`, a line each:
    the same for the same music, wherever its files lie."""
    state = hashlib.sha256()
    for path in arrays:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                state.update(block)
    state.update("".join(f"{group}\n" for group in groups).encode("utf-8", "surrogateescape"))
    return state.hexdigest()


def _outcomes(chunks: Sequence[Path]) -> tuple[tuple[Outcome, ...], Index]:
    """All outcomes with no more than the title of what the pieces say, and where each chunk's begin."""
    found: list[Outcome] = []
    bounds = [0]
    for path in chunks:
        with Reader(path) as reader:
            found += (_lean(outcome) for outcome in reader.outcomes())
        bounds.append(len(found))
    return tuple(found), np.array(bounds, np.int64)


def _lean(outcome: Outcome) -> Outcome:
    return replace(outcome, facts={}, about={"title": [outcome.title]} if outcome.title else {})


def _marks(chunks: Sequence[Path], bounds: Index, kind: Kind[object]) -> tuple[Marks, Short]:
    """Pieces and links of all sequences of one kind, and their lengths."""
    piece, length, prints = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)], [np.zeros(0, PRINT)]
    for path, first in zip(chunks, bounds[:-1].tolist(), strict=True):
        with Reader(path) as reader:
            table, marks = reader.arrays(kind.name, "table", "prints")
        piece.append((table["piece"] + first).astype(np.int32))
        length.append(table["length"].copy())
        prints.append(marks)
    found = links(np.concatenate(prints), OF_NOTES if kind.transposable else OF_RHYTHMS)
    return Marks(np.concatenate(piece), found), np.concatenate(length)


def _columns(gathered: Gathered, number: int, folder: Path, stack: ExitStack) -> Columns:
    verdict, name = gathered.verdict, gathered.kinds[number]
    keep = verdict.rulings[number].keep
    _, n_events = sizes(gathered)[name]
    columns = Columns(registry.kind(name), folder, keep, n_events, verdict.group)
    return stack.enter_context(columns)


def _pieces(outcomes: Sequence[Outcome], music: Sequence[Source]) -> Iterator[bytes]:
    for outcome, source in zip(outcomes, music, strict=True):
        yield _line(joined(source.about, outcome.about), outcome.facts)


def _line(about: Mapping[str, Sequence[str]], facts: Mapping[str, object]) -> bytes:
    return json.dumps({"about": about, "facts": facts}).encode() + b"\n"
