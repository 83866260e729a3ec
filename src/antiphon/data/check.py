"""Checks a corpus from end to end: every file against its checksum, every row, every id; and its sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from antiphon.data import source_changes
from antiphon.data.corpus import Corpus
from antiphon.data.manifest import read_manifest
from antiphon.data.source_changes import SourceChanges
from antiphon.data.verification import damages
from antiphon.errors import AntiphonError, CorpusError


@dataclass(frozen=True)
class CorpusCheck:
    """What a check came to. `damaged`: a sentence for everything that is wrong, without a full stop;
    `untold`: what could not be compared with anything, and why; `n` sequences in `n_files` were read."""

    damaged: tuple[str, ...]
    untold: tuple[str, ...]
    n: int = 0
    n_files: int = 0
    sources: SourceChanges | None = None


def check(folder: str | Path, *, sources: bool = False) -> CorpusCheck:
    """The state of the corpus in `folder`, all of which is read; with `sources` also of the files it was
    built from, by their bytes.

    Raises `CorpusError` where there is no corpus, an unfinished one, or a manifest that cannot be read.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    found, untold = damages(folder, manifest)
    kinds = tuple(manifest["kinds"])
    # Without sums, and in what was made with right ones, the contents have to speak for themselves.
    found = found or tuple(_contradictions(folder, kinds))
    changes = None
    if sources and not found:
        changes = source_changes.compare(Corpus.open(folder, kinds[0]))
    n = sum(about["n"] for about in manifest["kinds"].values())
    return CorpusCheck(found, untold, n, 3 + 2 * len(kinds), changes)


def _contradictions(folder: Path, kinds: tuple[str, ...]) -> Iterator[str]:
    """What cannot be in a corpus, whoever wrote it."""
    try:
        for kind in kinds:
            corpus = Corpus.open(folder, kind)
            corpus.ledger()
            for _ in corpus.pieces():
                pass
            yield from _no_sequences(corpus)
    except CorpusError as error:
        yield str(error).rpartition("; ")[0] or str(error)


def _no_sequences(corpus: Corpus) -> Iterator[str]:
    """The first sequence whose ids mean nothing."""
    for index in range(corpus.n):
        try:
            corpus.sequence(index)
        except CorpusError:
            raise
        except (AntiphonError, ValueError, IndexError, KeyError, OverflowError) as error:
            yield f"Sequence {index} of '{corpus.folder / corpus.kind}' is no {corpus.kind} ({error})"
            return
