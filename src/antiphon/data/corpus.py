"""`Corpus`: a folder of extracted sequences, opened without reading them.

    corpus.json          the manifest: format, kinds, options, counts, and the exact size of the arrays
    ledger.tsv           the outcome of every piece; row i is piece i
    pieces.jsonl         what is known about every piece, one JSON object per row of the ledger: `about`
                         (metadata: lists of texts by name, see `antiphon.data.metadata`) and `facts` (see
                         `antiphon.data.facts`)
    KIND/events.npy      ids of all kept sequences one after the other (int16 [N], or [N, F] of F fields;
                         memory-mapped), as in the music: not transposed, not folded, without any codec's
                         features; all recipes of a family share them
    KIND/table.npy       one row per sequence: see `Corpus.table`
    chunks/              what was read from the files, kept so that a build can be resumed or extended

`corpus.json` is written last: a folder without it is an unfinished build. Files that are damaged, altered or
made by a stranger are a `CorpusError`: the small ones wherever they are read, the arrays as far as opening
looks (see `antiphon.data.opening`), all of them when asked (`Corpus.verify`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from antiphon.arrays import Int64
from antiphon.codecs import kinds as registry
from antiphon.codecs.kinds import Standing
from antiphon.data.chunks import TABLE
from antiphon.data.ledger import LEDGER_FILE, Ledger
from antiphon.data.manifest import EVENTS, TABLE_FILE, choose_kind, read_manifest
from antiphon.data.opening import check_sample, check_table, mapped
from antiphon.data.piece_records import read_pieces
from antiphon.data.splits import SPLITS, Split, split_of
from antiphon.data.sums import damages
from antiphon.errors import CorpusError, NameNotFound, one_line
from antiphon.score.maps import Meter


@dataclass(frozen=True, eq=False)
class Corpus:
    """The sequences of one kind in a corpus: `n` of them, with indices from 0."""

    folder: Path
    manifest: dict[str, Any]
    """The content of `corpus.json`, which is about all kinds."""
    kind: str
    """The kind of the sequences: a name in `antiphon.codecs.kinds`."""
    events: npt.NDArray[np.int16]
    """Ids of all sequences one after the other, [N] or [N, F]."""
    table: npt.NDArray[np.void]
    """Columns by name (`table["piece"]`): piece (row of the ledger), group (number), track (-1 where a
    sequence comes from several), program, numerator and denominator of the meter, steps_per_quarter and
    steps_per_second (one of them 0), start_in_bar (step of the bar the first event falls on), start_step
    (where the first event is in the piece), offset and length in `events`."""

    @classmethod
    def open(cls, folder: str | Path, kind: str | None = None) -> Corpus:
        """The sequences of `kind` in `folder`; of the only one there, where none is named.

        Raises `CorpusError` where there is no corpus, or an unfinished, damaged or newer one, or one without
        that kind, or where several are there and none is named.
        """
        folder = Path(folder)
        manifest = read_manifest(folder)
        kind = choose_kind(folder, tuple(manifest["kinds"]), kind)
        about = manifest["kinds"][kind]
        fields = (len(about["fields"]),) if len(about["fields"]) > 1 else ()
        paths = folder / kind / EVENTS, folder / kind / TABLE_FILE
        events = mapped(paths[0], np.dtype("<i2"), (about["events"], *fields))
        table = mapped(paths[1], TABLE, (about["n"],))
        if "sample" in about:
            check_sample(paths, about["sample"])
        check_table(paths[1], table, min(manifest["pieces"], manifest["rows"]), about["events"])
        return cls(folder, manifest, kind, events, table)

    @classmethod
    def open_all(cls, folder: str | Path) -> tuple[Corpus, ...]:
        """The sequences of every kind in `folder`, one `Corpus` per kind. Raises `CorpusError` as `open`
        does."""
        return tuple(cls.open(folder, kind) for kind in read_manifest(Path(folder))["kinds"])

    def __len__(self) -> int:
        return self.n

    @property
    def n(self) -> int:
        """Number of sequences."""
        return len(self.table)

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds in the corpus."""
        return tuple(self.manifest["kinds"])

    @property
    def options(self) -> dict[str, Any]:
        """The extractor's options that it was built with."""
        return dict(self.manifest["kinds"][self.kind]["options"])

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the columns of ids."""
        return tuple(self.manifest["kinds"][self.kind]["fields"])

    @property
    def duplicate_counts(self) -> dict[str, int]:
        """Sequences of this kind that repeat others, by relation (a name in `duplicates.RELATION_NAMES`)."""
        return dict(self.manifest["kinds"][self.kind].get("likeness", {}))

    @property
    def steps_per_quarter(self) -> int:
        """Steps per quarter note."""
        return int(self.manifest["steps_per_quarter"])

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the events and tables of all kinds and the groups; it identifies the music."""
        return str(self.manifest["digest"])

    @cached_property
    def lengths(self) -> Int64:
        """Events in each sequence, int64 [n]."""
        lengths: Int64 = self.table["length"].astype(np.int64)
        return lengths

    @cached_property
    def steps_per_bars(self) -> Int64:
        """Steps per bar of each sequence's meter, int64 [n]; 0 on a grid of steps per second."""
        beats = self.table["numerator"].astype(np.int64)
        steps: Int64 = 4 * beats * self.table["steps_per_quarter"] // self.table["denominator"]
        return steps

    @cached_property
    def step_seconds(self) -> npt.NDArray[np.float64]:
        """Seconds per step of each sequence, float64 [n]: at the tempo of most of its piece, 120 quarters per
        minute where none was measured. Raises `CorpusError` where `pieces.jsonl` is damaged."""
        tempos = np.array([piece["facts"].get("tempo") or 120.0 for piece in self.pieces()], np.float64)
        per_second = self.table["steps_per_second"].astype(np.float64)
        per_minute = tempos[self.table["piece"]] * self.table["steps_per_quarter"]
        seconds: npt.NDArray[np.float64] = np.where(
            per_second > 0, 1 / np.maximum(per_second, 1), 60 / np.maximum(per_minute, 1e-9)
        )
        return seconds

    def ids(self, index: int) -> npt.NDArray[np.int16]:
        """Ids of sequence `index` (int16 [T] or [T, F], read-only), at their original pitches."""
        begin = int(self.table["offset"][index])
        return self.events[begin : begin + int(self.table["length"][index])]

    def standing(self, index: int) -> Standing:
        """Where sequence `index` is in its piece."""
        row = {name: self.table[name][index].item() for name in TABLE.names or ()}
        plain = {name: row[name] for name in Standing._fields if name in row}
        return Standing(Meter(row["numerator"], row["denominator"]), **plain)

    def sequence(self, index: int) -> Any:
        """Sequence `index` as it was extracted."""
        kind = registry.kind(self.kind)
        return kind.decode(self.ids(index), self.standing(index), extraction_options(self.kind, self.options))

    def steps_per_bar(self, index: int) -> int:
        """Steps per bar of sequence `index`."""
        return int(self.steps_per_bars[index])

    def verify(self) -> None:
        """Read every file of the corpus, all kinds', and compare it with what the manifest says of it: a
        second for some hundred megabytes. Raises `CorpusError` that names the first file that differs."""
        for damage in damages(self.folder, self.manifest).found:
            raise CorpusError(f"{damage}; build the corpus again.")

    @cached_property
    def _ledger(self) -> Ledger:
        ledger = Ledger.read(self.folder / LEDGER_FILE)
        if len(ledger.entries) != self.manifest["rows"]:
            raise CorpusError(
                f"The ledger of '{self.folder}' has {len(ledger.entries)} rows, "
                f"not {self.manifest['rows']}; build the corpus again."
            )
        return ledger

    def ledger(self) -> Ledger:
        """The outcome of every piece. Raises `CorpusError` where the ledger is damaged."""
        return self._ledger

    def pieces(self) -> Iterator[dict[str, Any]]:
        """The metadata (`about`) and `facts` of every piece, one dict per row of the ledger. Raises
        `CorpusError` where `pieces.jsonl` is damaged."""
        return read_pieces(self.folder, self.manifest["rows"])

    def source(self, index: int) -> str:
        """The piece of sequence `index`: its file's path as it was given, with '#name' in a file of many."""
        return self.ledger().entries[int(self.table["piece"][index])].path

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups, by number."""
        _, first = np.unique(self.table["group"], return_index=True)
        return tuple(self.ledger().entries[piece].group for piece in self.table["piece"][first].tolist())

    @cached_property
    def splits(self) -> npt.NDArray[np.int8]:
        """The index in `SPLITS` of every sequence's split, int8 [n]."""
        of_group = np.array([SPLITS.index(split_of(name)) for name in self.groups], np.int8)
        splits: npt.NDArray[np.int8] = of_group[self.table["group"]]
        return splits

    def split(self, name: Split | Literal["all"]) -> Int64:
        """Indices (int64, ascending) of the sequences in a split, computed from their groups' names."""
        if name == "all":
            return np.arange(self.n)
        if name not in SPLITS:
            raise NameNotFound("split", name, (*SPLITS, "all"))
        return np.flatnonzero(self.splits == SPLITS.index(name))


def extraction_options(kind: str, values: dict[str, Any]) -> Any:
    """An extractor's options from their JSON. Raises `CorpusError` for what it has not."""
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        return registry.kind(kind).extractor.options(**plain)
    except (TypeError, ValueError) as error:
        raise CorpusError(
            f"A corpus with options that '{kind}' does not take ({one_line(error, 200)}); build it again."
        ) from error
