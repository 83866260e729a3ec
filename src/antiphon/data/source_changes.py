"""Whether the pieces that a corpus was built from are still what they were, by their bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from antiphon.data.contents import content_sha256
from antiphon.data.corpus import Corpus
from antiphon.errors import AntiphonError
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
            return content_sha256(Place(name))
        file = name.rpartition("#")[0]
        if file != self._file:
            self._file, self._found = file, {str(place): place for place in _indexed(file)}
        return content_sha256(self._found[name]) if name in self._found else ""


def _indexed(file: str) -> Iterator[Place]:
    try:
        if Path(file).is_file():
            yield from places(file)
    except (AntiphonError, OSError):
        return
