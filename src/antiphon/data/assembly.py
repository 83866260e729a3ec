"""Assembles a corpus from its chunks: finds groups and duplicates over all of them, makes the rows of the
ledger, and writes the sequences that are kept.

Two passes over the chunks: the first reads the fingerprints, one kind after another, and keeps a few numbers
per sequence; the second copies what is kept, a chunk at a time. So memory hardly grows with the corpus.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from antiphon.arrays import Int32, Int64
from antiphon.codecs import kinds as registry
from antiphon.codecs.kinds import Kind
from antiphon.data.arrays import ArrayWriter
from antiphon.data.chunks import ChunkReader, PieceOutcome
from antiphon.data.duplicates import (
    RELATION_NAMES,
    Deduplication,
    Duplicates,
    KindLinks,
    Relation,
    deduplicate,
)
from antiphon.data.fingerprints import FINGERPRINT
from antiphon.data.ledger import LedgerEntry, Result
from antiphon.data.manifest import PIECES
from antiphon.data.metadata import merged
from antiphon.data.piece_records import line
from antiphon.data.similarity import NOTE_THRESHOLDS, RHYTHM_THRESHOLDS, find_links
from antiphon.data.sources import Source
from antiphon.data.splits import group_of
from antiphon.files import atomic_path


@dataclass(frozen=True, eq=False)
class ChunkSummary:
    """All chunks without their events. The `outcomes` have no facts, and no metadata but the title."""

    chunks: Sequence[Path]
    kinds: tuple[str, ...]
    outcomes: tuple[PieceOutcome, ...]
    bounds: Int64
    """Number of the first piece of each chunk, and of all pieces."""
    owners: tuple[Int32, ...]
    """By kind, the number of every sequence's piece."""
    lengths: tuple[Int32, ...]
    """By kind, the events of every sequence."""
    deduplication: Deduplication


def summarize(
    chunks: Sequence[Path], music: Sequence[Source], kinds: Sequence[str], *, drop: bool
) -> ChunkSummary:
    """The first pass. Raises `CorpusError` for a chunk that is damaged or gone."""
    outcomes, bounds = _outcomes(chunks)
    names = [
        source.group or group_of(source.place.path, source.place.name, outcome.title)
        for source, outcome in zip(music, outcomes, strict=True)
    ]
    found = [_links_and_lengths(chunks, bounds, registry.kind(name)) for name in kinds]
    deduplication = deduplicate(names, [links for links, _ in found], drop=drop)
    owners, lengths = tuple(links.piece for links, _ in found), tuple(length for _, length in found)
    return ChunkSummary(chunks, tuple(kinds), outcomes, bounds, owners, lengths, deduplication)


def write(summary: ChunkSummary, music: Sequence[Source], n_rows: int, folder: Path) -> None:
    """The second pass: the arrays of every kind, and `pieces.jsonl` for the ledger's `n_rows`."""
    with ExitStack() as stack:
        writers = [_writer(summary, number, folder, stack) for number in range(len(summary.kinds))]
        file = stack.enter_context(stack.enter_context(atomic_path(folder / PIECES)).open("wb"))
        for path, (first, end) in zip(summary.chunks, pairwise(summary.bounds.tolist()), strict=True):
            with ChunkReader(path) as reader:
                file.writelines(_piece_lines(reader.outcomes(), music[first:end]))
                for writer in writers:
                    events, table = reader.arrays(writer.kind, "events", "table")
                    writer.add(events, table, first)
        file.writelines([line({}, {})] * (n_rows - len(music)))


def sizes(summary: ChunkSummary) -> dict[str, tuple[int, int]]:
    """The numbers of sequences and events that are kept, by kind."""
    kinds = zip(summary.kinds, summary.deduplication.duplicates, summary.lengths, strict=True)
    return {
        kind: (int(duplicates.keep.sum()), int(length[duplicates.keep].sum(dtype=np.int64)))
        for kind, duplicates, length in kinds
    }


def ledger_entries(summary: ChunkSummary, names: Sequence[str]) -> list[LedgerEntry]:
    """The rows of the ledger for all pieces; `names` are their places as text."""
    several = len(summary.kinds) > 1
    kinds = [
        _KindOutcomes(f"{kind}: " if several else "", duplicates, owner, len(names))
        for kind, duplicates, owner in zip(
            summary.kinds, summary.deduplication.duplicates, summary.owners, strict=True
        )
    ]
    rows = []
    for piece, (name, outcome) in enumerate(zip(names, summary.outcomes, strict=True)):
        kept, dropped = sum(kind.kept[piece] for kind in kinds), Counter[str]()
        for kind in kinds:
            dropped.update(kind.dropped(piece))
        losses = tuple(sorted((_extraction_losses(outcome, several) + dropped).items()))
        repeats = (kind.repeats(piece, names) for kind in kinds)
        detail = outcome.error or next(filter(None, repeats), "")
        group = summary.deduplication.groups[piece]
        rows.append(LedgerEntry(name, group, _result(outcome, kept, dropped), kept, losses, detail))
    return rows


def _outcomes(chunks: Sequence[Path]) -> tuple[tuple[PieceOutcome, ...], Int64]:
    """All outcomes, with the title as their only metadata, and where each chunk's begin."""
    found: list[PieceOutcome] = []
    bounds = [0]
    for path in chunks:
        with ChunkReader(path) as reader:
            found += (_without_metadata(outcome) for outcome in reader.outcomes())
        bounds.append(len(found))
    return tuple(found), np.array(bounds, np.int64)


def _without_metadata(outcome: PieceOutcome) -> PieceOutcome:
    return replace(outcome, facts={}, about={"title": [outcome.title]} if outcome.title else {})


def _links_and_lengths(chunks: Sequence[Path], bounds: Int64, kind: Kind[object]) -> tuple[KindLinks, Int32]:
    """Pieces and links of all sequences of one kind, and their lengths."""
    piece, length, prints = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)], [np.zeros(0, FINGERPRINT)]
    for path, first in zip(chunks, bounds[:-1].tolist(), strict=True):
        with ChunkReader(path) as reader:
            table, chunk_prints = reader.arrays(kind.name, "table", "prints")
        piece.append((table["piece"] + first).astype(np.int32))
        length.append(table["length"].copy())
        prints.append(chunk_prints)
    thresholds = NOTE_THRESHOLDS if kind.transposable else RHYTHM_THRESHOLDS
    links = find_links(np.concatenate(prints), thresholds)
    return KindLinks(np.concatenate(piece), links), np.concatenate(length)


def _writer(summary: ChunkSummary, number: int, folder: Path, stack: ExitStack) -> ArrayWriter:
    deduplication, name = summary.deduplication, summary.kinds[number]
    keep = deduplication.duplicates[number].keep
    _, n_events = sizes(summary)[name]
    writer = ArrayWriter(registry.kind(name), folder, keep, n_events, deduplication.groups)
    return stack.enter_context(writer)


def _piece_lines(outcomes: Sequence[PieceOutcome], music: Sequence[Source]) -> Iterator[bytes]:
    for outcome, source in zip(outcomes, music, strict=True):
        yield line(merged(source.metadata, outcome.about), outcome.facts, outcome.sha256)


class _KindOutcomes:
    """What one kind contributes to the outcome of each piece."""

    def __init__(self, prefix: str, duplicates: Duplicates, owner: Int32, n: int) -> None:
        self.prefix, self.duplicates, self.owner = prefix, duplicates, owner
        self.bounds = np.searchsorted(owner, np.arange(n + 1)).tolist()
        self.kept = np.bincount(owner[duplicates.keep], minlength=n).tolist()
        self.unrelated = np.bincount(owner[duplicates.relation > 0], minlength=n) == 0
        """Pieces of which no sequence has a relation."""

    def dropped(self, piece: int) -> Counter[str]:
        """Sequences of a piece that are left out for their relation to another, by cause."""
        if self.unrelated[piece]:
            return Counter()
        rows = slice(*self.bounds[piece : piece + 2])
        relations = self.duplicates.relation[rows][~self.duplicates.keep[rows]]
        return Counter(self.prefix + RELATION_NAMES[relation] for relation in relations.tolist())

    def repeats(self, piece: int, names: Sequence[str]) -> str:
        """'near duplicate of a.mid', for the first sequence that repeats one of another piece or split."""
        if self.unrelated[piece]:
            return ""
        for sequence in range(*self.bounds[piece : piece + 2]):
            original, relation = (
                int(a[sequence]) for a in (self.duplicates.original, self.duplicates.relation)
            )
            crosses = relation == Relation.CROSS_SPLIT
            if original >= 0 and (original < self.bounds[piece] or crosses):
                link = ": " if crosses else " of "
                return f"{self.prefix}{RELATION_NAMES[relation]}{link}{names[int(self.owner[original])]}"
        return ""


def _extraction_losses(outcome: PieceOutcome, several: bool) -> Counter[str]:
    return Counter(
        {
            f"{kind}: {cause}" if several else cause: n
            for kind, causes in outcome.losses.items()
            for cause, n in causes.items()
        }
    )


def _result(outcome: PieceOutcome, kept: int, dropped: Counter[str]) -> Result:
    if outcome.error:
        return "unreadable"
    if kept:
        return "used"
    return "duplicate" if dropped else "nothing"
