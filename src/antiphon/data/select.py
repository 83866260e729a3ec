"""Selects part of a corpus by the metadata and facts of its pieces, without building it again.

The sequences of the selected pieces are copied; their groups keep their names, so every piece stays in its
split.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon import __version__
from antiphon.codecs import kinds as registry
from antiphon.data import conditions
from antiphon.data.arrays import ArrayWriter
from antiphon.data.conditions import Condition, PieceRecord
from antiphon.data.corpus import Corpus
from antiphon.data.ledger import LEDGER_FILE, Ledger, LedgerEntry
from antiphon.data.manifest import MANIFEST, PIECES, write_manifest
from antiphon.data.sums import described
from antiphon.errors import CorpusError, EmptyError, OutputError
from antiphon.files import atomic_path, claimed, unwritable
from antiphon.io.formats import by_suffix

_HINTS = 6
"""Values that an error names."""
_BLOCK = 4096
"""Sequences copied at a time."""


@dataclass(frozen=True, eq=False)
class Selection:
    """The selected pieces of `corpora` (one per kind)."""

    corpora: tuple[Corpus, ...]
    where: tuple[str, ...]
    chosen: npt.NDArray[np.bool_]
    """Whether each row of the ledger is selected."""

    @property
    def folder(self) -> Path:
        """The folder of the corpus it is part of."""
        return self.corpora[0].folder

    @property
    def entries(self) -> list[LedgerEntry]:
        """The rows of the ledger of the selected pieces."""
        return list(compress(self.corpora[0].ledger().entries, self.chosen))

    def kept(self, corpus: Corpus) -> npt.NDArray[np.bool_]:
        """Which sequences of one kind belong to the selected pieces."""
        kept: npt.NDArray[np.bool_] = self.chosen[corpus.table["piece"]]
        return kept

    def sequences(self) -> dict[str, int]:
        """The number of those sequences by kind."""
        return {corpus.kind: int(self.kept(corpus).sum()) for corpus in self.corpora}


def select(folder: str | Path, where: Sequence[str]) -> Selection:
    """The pieces of the corpus in `folder` for which all conditions of `where` are true (see
    `antiphon.data.conditions`).

    Files that are not music are never selected. Raises `OptionError` for an invalid condition, or one on a
    name that no piece has, `CorpusError` where there is no complete corpus, `EmptyError` where no piece is
    selected.
    """
    wanted = conditions.parse(where)
    corpora = Corpus.open_all(folder)
    first = corpora[0]
    chosen = np.zeros(len(first.ledger().entries), bool)
    known: set[str] = set()
    for row, piece in enumerate(_records(first)):
        known |= {*piece.metadata, *piece.facts}
        chosen[row] = bool(piece.facts) and _all_hold(wanted, piece)
    conditions.check_names(wanted, known)
    if not chosen.any():
        raise EmptyError(
            f"No piece of '{folder}' has {' and '.join(where)}; choose other values.{_hints(wanted, first)}"
        )
    return Selection(corpora, tuple(where), chosen)


def write(selection: Selection, out: str | Path) -> dict[str, Any]:
    """Write the selection as a corpus of its own; returns its manifest.

    Kinds without selected sequences are left out. Raises `EmptyError` where that is all of them,
    `OutputError` where `out` cannot be written, or is the corpus itself, `BusyError` where another process
    writes there, `CorpusError` where what is selected from is damaged.
    """
    out = Path(out)
    if out.is_dir() and os.path.samefile(out, selection.folder):
        raise OutputError(f"'{out}' is the corpus that is selected from; choose another -o.")
    corpora = [corpus for corpus in selection.corpora if selection.kept(corpus).any()]
    if not corpora:
        raise EmptyError(f"The {len(selection.entries)} pieces selected have no sequences; see the ledger.")
    with claimed(out):
        return _written(selection, corpora, out)


def _written(selection: Selection, corpora: Sequence[Corpus], out: Path) -> dict[str, Any]:
    try:
        (out / MANIFEST).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(out / MANIFEST, error) from error
    entries = selection.entries
    groups = [entry.group for entry in entries]
    Ledger.of(entries).write(out / LEDGER_FILE)
    _write_pieces(selection, out / PIECES)
    for corpus in corpora:
        _write_kind(selection, corpus, groups, out)
    manifest = described(out, _manifest(selection, corpora), groups)
    write_manifest(out, manifest)
    return manifest


def _all_hold(wanted: Sequence[Condition], piece: PieceRecord) -> bool:
    return all(condition.holds(piece) for condition in wanted)


def _hints(wanted: Sequence[Condition], corpus: Corpus) -> str:
    """The most frequent values of the names in the conditions."""
    values: dict[str, Counter[str]] = {condition.name: Counter() for condition in wanted}
    for piece in _records(corpus):
        for name, counts in values.items():
            counts.update(piece.texts(name) if piece.facts else ())
    named = {name: [text for text, _ in counts.most_common(_HINTS)] for name, counts in values.items()}
    return "".join(f" Most frequent of {name}: {', '.join(texts)}." for name, texts in named.items() if texts)


def _records(corpus: Corpus) -> Iterator[PieceRecord]:
    """Every row of the ledger with its metadata and facts."""
    for entry, known in zip(corpus.ledger().entries, corpus.pieces(), strict=True):
        yield PieceRecord(entry.path, entry.group, known["about"], known["facts"])


def _write_pieces(selection: Selection, path: Path) -> None:
    try:
        lines = (selection.folder / PIECES).open("rb")
    except OSError as error:
        raise CorpusError(f"'{selection.folder / PIECES}' cannot be read ({error.strerror}).") from error
    with lines, atomic_path(path) as temporary, temporary.open("wb") as file:
        file.writelines(compress(lines, selection.chosen))


def _write_kind(selection: Selection, corpus: Corpus, groups: list[str], out: Path) -> None:
    """Write the arrays of one kind, with its pieces renumbered."""
    keep = selection.kept(corpus)
    number = (np.cumsum(selection.chosen) - 1).astype(np.int32)
    n_events = int(corpus.lengths[keep].sum())
    with ArrayWriter(registry.kind(corpus.kind), out, keep, n_events, groups) as writer:
        for begin in range(0, corpus.n, _BLOCK):
            table = np.array(corpus.table[begin : begin + _BLOCK])
            first, last = int(table["offset"][0]), int(table["offset"][-1]) + int(table["length"][-1])
            table["piece"] = number[table["piece"]]
            writer.add(corpus.events[first:last], table, 0)


def _manifest(selection: Selection, corpora: Sequence[Corpus]) -> dict[str, Any]:
    """The manifest of the selection: the settings of the whole, its own counts, and what it was selected
    from."""
    before, entries = corpora[0].manifest, selection.entries
    kinds = {corpus.kind: _kind(selection, corpus) for corpus in corpora}
    return {
        **before,
        "antiphon": __version__,
        "kinds": kinds,
        "files": len({_file_of(entry.path) for entry in entries}),
        "pieces": len(entries),
        "rows": len(entries),
        "likeness": {},
        "selected": {"from": before["digest"], "where": list(selection.where)},
    }


def _file_of(path: str) -> str:
    """'book.abc' of 'book.abc#12', but 'air #2.mid' of itself."""
    file = path.rpartition("#")[0]
    return file if by_suffix(os.path.splitext(file)[1]) else path


def _kind(selection: Selection, corpus: Corpus) -> dict[str, Any]:
    """The manifest of one kind. Repeats are not counted: they were found in the whole corpus."""
    kept = selection.kept(corpus)
    counts = {"n": int(kept.sum()), "events": int(corpus.lengths[kept].sum()), "likeness": {}}
    return {**corpus.manifest["kinds"][corpus.kind], **counts}
