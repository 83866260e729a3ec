"""Checks a corpus from end to end: every file against its checksum, every row, every id; and its sources."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from antiphon.data.corpus import Corpus
from antiphon.data.manifest import read_manifest
from antiphon.data.sums import content_sha256, damages
from antiphon.errors import AntiphonError, CorpusError
from antiphon.io.places import Place, places


@dataclass
class SourceChanges:
    """What became of the pieces that a corpus was built from."""

    same: int = 0
    changed: list[str] = field(default_factory=list)
    """Pieces whose bytes are others now."""
    gone: list[str] = field(default_factory=list)
    """Pieces that are no longer there, or cannot be read."""
    unrecorded: int = 0
    """Pieces of which the corpus does not know the bytes: an earlier version read them, or nobody could."""


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
        changes = compare(Corpus.open(folder, kinds[0]))
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


def compare(corpus: Corpus) -> SourceChanges:
    """Read every piece of `corpus` again, from where it was (relative paths from this folder), and compare
    its bytes. Raises `CorpusError` where the corpus is damaged."""
    changes, found = SourceChanges(), _Pieces()
    for entry, known in zip(corpus.ledger().entries, corpus.pieces(), strict=True):
        if entry.result == "not music":
            continue
        recorded = known.get("sha256")
        if not recorded:
            changes.unrecorded += 1
        elif not (now := found.sha256(entry.path)):
            changes.gone.append(entry.path)
        elif now != recorded:
            changes.changed.append(entry.path)
        else:
            changes.same += 1
    return changes


class _Pieces:
    """The pieces of files, each of which is indexed once."""

    def __init__(self) -> None:
        self._file = ""
        self._found: dict[str, Place] = {}

    def sha256(self, name: str) -> str:
        """Of the piece called `name` ('book.abc#12'); '' where there is none."""
        if os.path.exists(name):
            return _sha256(Place(name))
        file = name.rpartition("#")[0]
        if file != self._file:
            self._file, self._found = file, {str(place): place for place in _indexed(file)}
        return _sha256(self._found[name]) if name in self._found else ""


def _sha256(place: Place) -> str:
    try:
        return content_sha256(place)
    except OSError:
        return ""


def _indexed(file: str) -> Iterator[Place]:
    try:
        if Path(file).is_file():
            yield from places(file)
    except (AntiphonError, OSError):
        return
