"""`Corpus`: a folder of extracted sequences, opened without reading them.

    corpus.json    what it is: format, kind, options, counts, and the exact size of the arrays
    ledger.tsv     what became of every file; row i is piece i
    events.npy     ids of all kept sequences one after the other (int16, memory-mapped), as they stand in the
                   music: not transposed, not folded, no codec's features; all recipes of a family share them
    table.npy      a row a sequence: see `Corpus.table`
    chunks/        what was read from the files, kept so that a build can go on after a kill, or grow

`corpus.json` is written last: a folder without it is an unfinished build.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from antiphon.data.harvest import TABLE
from antiphon.data.ledger import FILE as LEDGER
from antiphon.data.ledger import Ledger
from antiphon.data.splits import SPLITS, Split, split_of
from antiphon.errors import CorpusError, NameNotFound

FORMAT = 1
MANIFEST = "corpus.json"
EVENTS = "events.npy"
TABLE_FILE = "table.npy"
CHUNKS = "chunks"

Index = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Corpus:
    """Sequences of one kind ('melody'). `n` of them; index i runs from 0."""

    folder: Path
    manifest: dict[str, Any]
    events: npt.NDArray[np.int16]
    """Ids of all sequences, flat."""
    table: npt.NDArray[np.void]
    """Columns by name (`table["piece"]`): piece (row of the ledger), group (number), track, program,
    numerator and denominator of the meter, steps_per_quarter, start_in_bar (step of the bar the first event
    falls on), start_step (where the first event stands in the piece), offset and length in `events`."""

    @classmethod
    def open(cls, folder: str | Path, kind: str | None = None) -> Corpus:
        """The corpus in `folder`. Raises `CorpusError` where there is none, or an unfinished, damaged or
        newer one, or one of another kind than `kind`."""
        folder = Path(folder)
        manifest = _manifest(folder)
        if kind is not None and manifest["kind"] != kind:
            raise CorpusError(
                f"'{folder}' holds sequences of the kind '{manifest['kind']}', not '{kind}'; "
                f"build one with: antiphon corpus build SRC -o DIR --for {kind}"
            )
        table = _array(folder / TABLE_FILE, TABLE, manifest["n"])
        return cls(folder, manifest, _array(folder / EVENTS, np.dtype("<i2"), manifest["events"]), table)

    def __len__(self) -> int:
        return self.n

    @property
    def n(self) -> int:
        """Number of sequences."""
        return len(self.table)

    @property
    def kind(self) -> str:
        """What the sequences are: a family's name."""
        return str(self.manifest["kind"])

    @property
    def options(self) -> dict[str, Any]:
        """The extractor's options that it was built with."""
        return dict(self.manifest["options"])

    @property
    def steps_per_quarter(self) -> int:
        """Steps a quarter note is divided into."""
        return int(self.manifest["steps_per_quarter"])

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the events, the table and the ledger: which music this is."""
        return str(self.manifest["digest"])

    @cached_property
    def lengths(self) -> Index:
        """Events in each sequence, int64 [n]."""
        lengths: Index = self.table["length"].astype(np.int64)
        return lengths

    @cached_property
    def steps_per_bars(self) -> Index:
        """Steps in a bar of each sequence's meter, int64 [n]."""
        beats = self.table["numerator"].astype(np.int64)
        steps: Index = 4 * beats * self.table["steps_per_quarter"] // self.table["denominator"]
        return steps

    def ids(self, index: int) -> npt.NDArray[np.int16]:
        """Event ids of sequence `index` (int16 [T], read-only), at their original pitches."""
        begin = int(self.table["offset"][index])
        return self.events[begin : begin + int(self.table["length"][index])]

    def steps_per_bar(self, index: int) -> int:
        """Steps in a bar of sequence `index`."""
        return int(self.steps_per_bars[index])

    @cached_property
    def _ledger(self) -> Ledger:
        ledger = Ledger.read(self.folder / LEDGER)
        if len(ledger.entries) != self.manifest["files"]:
            raise CorpusError(
                f"The ledger of '{self.folder}' has {len(ledger.entries)} rows, "
                f"not {self.manifest['files']}; build the corpus again."
            )
        return ledger

    def ledger(self) -> Ledger:
        """What became of every file. Raises `CorpusError` where it is damaged."""
        return self._ledger

    def source(self, index: int) -> str:
        """The file that sequence `index` is from, as its path was given."""
        return self.ledger().entries[int(self.table["piece"][index])].path

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups, by number."""
        _, first = np.unique(self.table["group"], return_index=True)
        return tuple(self.ledger().entries[piece].group for piece in self.table["piece"][first].tolist())

    @cached_property
    def splits(self) -> npt.NDArray[np.int8]:
        """The place in `SPLITS` of every sequence's split, int8 [n]."""
        of_group = np.array([SPLITS.index(split_of(name)) for name in self.groups], np.int8)
        splits: npt.NDArray[np.int8] = of_group[self.table["group"]]
        return splits

    def split(self, name: Split | Literal["all"]) -> Index:
        """Indices (int64, ascending) of the sequences in a split, computed from their groups' names."""
        if name == "all":
            return np.arange(self.n)
        if name not in SPLITS:
            raise NameNotFound("split", name, (*SPLITS, "all"))
        return np.flatnonzero(self.splits == SPLITS.index(name))


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        if (folder / CHUNKS).is_dir():
            raise CorpusError(
                f"'{folder}' is an unfinished corpus; give the same 'antiphon corpus build' command again."
            )
        raise CorpusError(
            f"There is no corpus in '{folder}'; build one with: antiphon corpus build SRC -o {folder}"
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["format"]
        complete = all(_MANIFEST[name](manifest[name]) for name in _MANIFEST)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"'{path}' is damaged ({error}); build the corpus again.") from error
    if version != FORMAT or not complete:
        raise CorpusError(
            f"'{path}' is of format {version}, this version reads {FORMAT}; build the corpus again."
        )
    return dict(manifest)


_MANIFEST: dict[str, Callable[[Any], bool]] = {
    "kind": lambda value: isinstance(value, str),
    "options": lambda value: isinstance(value, dict),
    "digest": lambda value: isinstance(value, str),
    "n": lambda value: isinstance(value, int),
    "events": lambda value: isinstance(value, int),
    "files": lambda value: isinstance(value, int),
    "steps_per_quarter": lambda value: isinstance(value, int),
}


def _array(path: Path, dtype: np.dtype[Any], length: int) -> npt.NDArray[Any]:
    """The array at `path`, memory-mapped; raises `CorpusError` unless it has just this type and length."""
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise CorpusError(f"'{path}' is missing or damaged ({error}); build the corpus again.") from error
    if array.dtype != dtype or array.shape != (length,):
        raise CorpusError(
            f"'{path}' does not fit its corpus.json (it was cut short or exchanged); build the corpus again."
        )
    return array
