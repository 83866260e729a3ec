"""A part of a corpus, chosen by what is known about its pieces, without building it again.

The sequences of the chosen pieces are copied as they are; their groups keep their names, so every piece stays
in its split.
"""

from __future__ import annotations

import json
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
from antiphon.data import where as language
from antiphon.data.assembly import digest
from antiphon.data.columns import Columns
from antiphon.data.corpus import EVENTS, MANIFEST, PIECES, TABLE_FILE, Corpus
from antiphon.data.ledger import FILE as LEDGER
from antiphon.data.ledger import Entry, Ledger
from antiphon.data.where import Condition, Piece
from antiphon.errors import EmptyError, OutputError
from antiphon.files import atomic_path, atomic_write
from antiphon.io.formats import by_suffix

_HINTED = 6
"""Values that an error names."""
_BLOCK = 4096
"""Sequences that are copied at a time."""


@dataclass(frozen=True, eq=False)
class Selection:
    """The pieces of `corpora` (a view of each kind) that were meant."""

    corpora: tuple[Corpus, ...]
    where: tuple[str, ...]
    chosen: npt.NDArray[np.bool_]
    """Whether it was meant, of every row of the ledger."""

    @property
    def folder(self) -> Path:
        """The corpus it is a part of."""
        return self.corpora[0].folder

    @property
    def entries(self) -> list[Entry]:
        """Their rows of the ledger."""
        return list(compress(self.corpora[0].ledger().entries, self.chosen))

    def kept(self, corpus: Corpus) -> npt.NDArray[np.bool_]:
        """Which sequences of one kind are theirs."""
        kept: npt.NDArray[np.bool_] = self.chosen[corpus.table["piece"]]
        return kept

    def sequences(self) -> dict[str, int]:
        """How many sequences of each kind are theirs."""
        return {corpus.kind: int(self.kept(corpus).sum()) for corpus in self.corpora}


def select(folder: str | Path, where: Sequence[str]) -> Selection:
    """The pieces of the corpus in `folder` for which all conditions of `where` hold (see
    `antiphon.data.where`).

    Files that are no music are never meant. Raises `OptionError` for what is no condition, or one on
    something that no piece has, `CorpusError` where there is no whole corpus, `EmptyError` where no piece is
    meant.
    """
    wanted = language.conditions(where)
    corpora = Corpus.views(folder)
    first = corpora[0]
    chosen = np.zeros(len(first.ledger().entries), bool)
    known: set[str] = set()
    for row, piece in enumerate(_pieces(first)):
        known |= {*piece.about, *piece.facts}
        chosen[row] = bool(piece.facts) and _all_hold(wanted, piece)
    language.check(wanted, known)
    if not chosen.any():
        raise EmptyError(
            f"No piece of '{folder}' has {' and '.join(where)}; choose other values.{_hints(wanted, first)}"
        )
    return Selection(corpora, tuple(where), chosen)


def write(selection: Selection, out: str | Path) -> dict[str, Any]:
    """Write what was selected as a corpus of its own; its `corpus.json`.

    Kinds of which nothing was selected are left out. Raises `EmptyError` where that is all of them,
    `OutputError` where `out` cannot be written, or is the corpus itself.
    """
    out = Path(out)
    if out.is_dir() and os.path.samefile(out, selection.folder):
        raise OutputError(f"'{out}' is the corpus that is selected from; choose another -o.")
    corpora = [corpus for corpus in selection.corpora if selection.kept(corpus).any()]
    if not corpora:
        raise EmptyError(f"The {len(selection.entries)} pieces selected have no sequences; see the ledger.")
    (out / MANIFEST).unlink(missing_ok=True)
    entries = selection.entries
    Ledger.of(entries).write(out / LEDGER)
    _write_pieces(selection, out / PIECES)
    for corpus in corpora:
        _write_kind(selection, corpus, [entry.group for entry in entries], out)
    manifest = _manifest(selection, corpora, out)
    atomic_write(out / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    return manifest


def _all_hold(wanted: Sequence[Condition], piece: Piece) -> bool:
    return all(condition.holds(piece) for condition in wanted)


def _hints(wanted: Sequence[Condition], corpus: Corpus) -> str:
    """The values that the pieces have of what was asked for, the most frequent first."""
    values: dict[str, Counter[str]] = {condition.name: Counter() for condition in wanted}
    for piece in _pieces(corpus):
        for name, counts in values.items():
            counts.update(piece.texts(name) if piece.facts else ())
    named = {name: [text for text, _ in counts.most_common(_HINTED)] for name, counts in values.items()}
    return "".join(f" Most frequent of {name}: {', '.join(texts)}." for name, texts in named.items() if texts)


def _pieces(corpus: Corpus) -> Iterator[Piece]:
    """Every row of the ledger with what is known about it."""
    for entry, said in zip(corpus.ledger().entries, corpus.pieces(), strict=True):
        yield Piece(entry.path, entry.group, said["about"], said["facts"])


def _write_pieces(selection: Selection, path: Path) -> None:
    lines = (selection.folder / PIECES).open("rb")
    with atomic_path(path) as temporary, temporary.open("wb") as file, lines:
        file.writelines(compress(lines, selection.chosen))


def _write_kind(selection: Selection, corpus: Corpus, groups: list[str], out: Path) -> None:
    """The arrays of one kind, with its pieces numbered anew."""
    keep = selection.kept(corpus)
    number = (np.cumsum(selection.chosen) - 1).astype(np.int32)
    n_events = int(corpus.lengths[keep].sum())
    with Columns(registry.kind(corpus.kind), out, keep, n_events, groups) as columns:
        for begin in range(0, corpus.n, _BLOCK):
            table = np.array(corpus.table[begin : begin + _BLOCK])
            first, last = int(table["offset"][0]), int(table["offset"][-1]) + int(table["length"][-1])
            table["piece"] = number[table["piece"]]
            columns.add(corpus.events[first:last], table, 0)


def _manifest(selection: Selection, corpora: Sequence[Corpus], out: Path) -> dict[str, Any]:
    """The manifest of the part: settings as they were, counts of its own, and what it was selected from."""
    before, entries = corpora[0].manifest, selection.entries
    kinds = {corpus.kind: _kind(selection, corpus) for corpus in corpora}
    arrays = [out / kind / name for kind in kinds for name in (EVENTS, TABLE_FILE)]
    return {
        **before,
        "antiphon": __version__,
        "kinds": kinds,
        "files": len({_file_of(entry.path) for entry in entries}),
        "pieces": len(entries),
        "rows": len(entries),
        "likeness": {},
        "digest": digest(arrays, (entry.group for entry in entries)),
        "selected": {"from": before["digest"], "where": list(selection.where)},
    }


def _file_of(path: str) -> str:
    """'book.abc' of 'book.abc#12', but 'air #2.mid' of itself."""
    file = path.rpartition("#")[0]
    return file if by_suffix(os.path.splitext(file)[1]) else path


def _kind(selection: Selection, corpus: Corpus) -> dict[str, Any]:
    """What the manifest says of one kind; repeats were judged over the whole, and are not counted here."""
    kept = selection.kept(corpus)
    counts = {"n": int(kept.sum()), "events": int(corpus.lengths[kept].sum()), "likeness": {}}
    return {**corpus.manifest["kinds"][corpus.kind], **counts}
