"""`Corpus`: a folder of extracted sequences, opened without reading them.

    corpus.json          what it is: format, kinds, options, counts, and the exact size of the arrays
    ledger.tsv           what became of every piece; row i is piece i
    pieces.jsonl         what is known about every piece, a JSON object a row of the ledger: `about` (name to
                         texts: composer, style ...) and `facts` (see `antiphon.data.facts`)
    KIND/events.npy      ids of all kept sequences one after the other (int16 [N], or [N, F] of F fields;
                         memory-mapped), as they stand in the music: not transposed, not folded, no codec's
                         features; all recipes of a family share them
    KIND/table.npy       a row a sequence: see `Corpus.table`
    chunks/              what was read from the files, kept so that a build can go on after a kill, or grow

`corpus.json` is written last: a folder without it is an unfinished build.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from antiphon.codecs import kinds as registry
from antiphon.codecs.kinds import Standing
from antiphon.data.chunks import TABLE
from antiphon.data.ledger import FILE as LEDGER
from antiphon.data.ledger import Ledger
from antiphon.data.splits import SPLITS, Split, split_of
from antiphon.errors import CorpusError, NameNotFound
from antiphon.score.maps import Meter

FORMAT = 2
MANIFEST = "corpus.json"
PIECES = "pieces.jsonl"
EVENTS = "events.npy"
TABLE_FILE = "table.npy"
CHUNKS = "chunks"

Index = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Corpus:
    """The sequences of one kind in a corpus. `n` of them; index i runs from 0."""

    folder: Path
    manifest: dict[str, Any]
    """`corpus.json` as it is, of all kinds."""
    kind: str
    """What the sequences are: a name of `antiphon.codecs.kinds`."""
    events: npt.NDArray[np.int16]
    """Ids of all sequences one after the other, [N] or [N, F]."""
    table: npt.NDArray[np.void]
    """Columns by name (`table["piece"]`): piece (row of the ledger), group (number), track (-1 where a
    sequence is of several), program, numerator and denominator of the meter, steps_per_quarter and
    steps_per_second (one of them 0), start_in_bar (step of the bar the first event falls on), start_step
    (where the first event stands in the piece), offset and length in `events`."""

    @classmethod
    def open(cls, folder: str | Path, kind: str | None = None) -> Corpus:
        """The sequences of `kind` in `folder`; of the only one there, where none is named.

        Raises `CorpusError` where there is no corpus, or an unfinished, damaged or newer one, or one without
        that kind, or where several are there and none is named.
        """
        folder = Path(folder)
        manifest = _manifest(folder)
        kind = _chosen(folder, tuple(manifest["kinds"]), kind)
        about = manifest["kinds"][kind]
        fields = (len(about["fields"]),) if len(about["fields"]) > 1 else ()
        table = _array(folder / kind / TABLE_FILE, TABLE, (about["n"],))
        events = _array(folder / kind / EVENTS, np.dtype("<i2"), (about["events"], *fields))
        return cls(folder, manifest, kind, events, table)

    @classmethod
    def views(cls, folder: str | Path) -> tuple[Corpus, ...]:
        """The corpus in `folder`, once for each of its kinds. Raises `CorpusError` as `open` does."""
        return tuple(cls.open(folder, kind) for kind in _manifest(Path(folder))["kinds"])

    def __len__(self) -> int:
        return self.n

    @property
    def n(self) -> int:
        """Number of sequences."""
        return len(self.table)

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds that the corpus holds."""
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
    def likeness(self) -> dict[str, int]:
        """Sequences of this kind that repeat others, by kind of likeness (see `manifest["duplicates"]`)."""
        return dict(self.manifest["kinds"][self.kind].get("likeness", {}))

    @property
    def steps_per_quarter(self) -> int:
        """Steps a quarter note is divided into."""
        return int(self.manifest["steps_per_quarter"])

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the events and tables of all kinds and the groups: which music this is."""
        return str(self.manifest["digest"])

    @cached_property
    def lengths(self) -> Index:
        """Events in each sequence, int64 [n]."""
        lengths: Index = self.table["length"].astype(np.int64)
        return lengths

    @cached_property
    def steps_per_bars(self) -> Index:
        """Steps in a bar of each sequence's meter, int64 [n]; 0 on a grid of steps per second."""
        beats = self.table["numerator"].astype(np.int64)
        steps: Index = 4 * beats * self.table["steps_per_quarter"] // self.table["denominator"]
        return steps

    @cached_property
    def step_seconds(self) -> npt.NDArray[np.float64]:
        """Seconds that a step of each sequence takes, float64 [n]: at the tempo of most of its piece, 120
        quarters a minute where none was measured. Raises `CorpusError` where what is known of pieces is
        damaged."""
        try:
            told = (piece.get("facts", {}).get("tempo") for piece in self.pieces())
            tempos = np.array([float(tempo or 120.0) for tempo in told])
        except (AttributeError, TypeError, ValueError) as error:
            raise self._damaged(error) from error
        if len(tempos) != self.manifest["rows"]:
            raise self._damaged(f"{len(tempos)} lines, not {self.manifest['rows']}")
        a_second = self.table["steps_per_second"].astype(np.float64)
        a_minute = tempos[self.table["piece"]] * self.table["steps_per_quarter"]
        seconds: npt.NDArray[np.float64] = np.where(
            a_second > 0, 1 / np.maximum(a_second, 1), 60 / np.maximum(a_minute, 1e-9)
        )
        return seconds

    def ids(self, index: int) -> npt.NDArray[np.int16]:
        """Ids of sequence `index` (int16 [T] or [T, F], read-only), at their original pitches."""
        begin = int(self.table["offset"][index])
        return self.events[begin : begin + int(self.table["length"][index])]

    def standing(self, index: int) -> Standing:
        """Where sequence `index` stood in its piece."""
        row = {name: self.table[name][index].item() for name in TABLE.names or ()}
        plain = {name: row[name] for name in Standing._fields if name in row}
        return Standing(Meter(row["numerator"], row["denominator"]), **plain)

    def sequence(self, index: int) -> Any:
        """Sequence `index` as it was extracted."""
        kind = registry.kind(self.kind)
        return kind.decode(self.ids(index), self.standing(index), extraction_options(self.kind, self.options))

    def steps_per_bar(self, index: int) -> int:
        """Steps in a bar of sequence `index`."""
        return int(self.steps_per_bars[index])

    @cached_property
    def _ledger(self) -> Ledger:
        ledger = Ledger.read(self.folder / LEDGER)
        if len(ledger.entries) != self.manifest["rows"]:
            raise CorpusError(
                f"The ledger of '{self.folder}' has {len(ledger.entries)} rows, "
                f"not {self.manifest['rows']}; build the corpus again."
            )
        return ledger

    def ledger(self) -> Ledger:
        """What became of every piece. Raises `CorpusError` where it is damaged."""
        return self._ledger

    def pieces(self) -> Iterator[dict[str, Any]]:
        """What is known about every piece, a row of the ledger at a time: `about` and `facts`. Raises
        `CorpusError` where it is damaged."""
        try:
            with (self.folder / PIECES).open("rb") as file:
                yield from (json.loads(line) for line in file)
        except (OSError, ValueError) as error:
            raise self._damaged(error) from error

    def _damaged(self, why: object) -> CorpusError:
        return CorpusError(f"'{self.folder / PIECES}' is missing or damaged ({why}); build the corpus again.")

    def source(self, index: int) -> str:
        """The piece that sequence `index` is from: its file as the path was given, '#name' in one of many."""
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


def extraction_options(kind: str, values: dict[str, Any]) -> Any:
    """An extractor's options from their JSON."""
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return registry.kind(kind).extractor.options(**plain)


def _chosen(folder: Path, there: tuple[str, ...], kind: str | None) -> str:
    if kind is None and len(there) == 1:
        return there[0]
    if kind is None:
        raise CorpusError(
            f"'{folder}' holds several kinds of sequences ({', '.join(there)}); name one of them."
        )
    if kind not in there:
        raise CorpusError(
            f"'{folder}' holds sequences of the kind '{', '.join(there)}', not '{kind}'; "
            f"build one with: antiphon corpus build SRC -o DIR --for {kind}"
        )
    return kind


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
        complete = version != FORMAT or all(_MANIFEST[name](manifest[name]) for name in _MANIFEST)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"'{path}' is damaged ({error}); build the corpus again.") from error
    if not complete:
        raise CorpusError(f"'{path}' is damaged (what it says is of another kind); build the corpus again.")
    if version != FORMAT:
        raise CorpusError(
            f"'{path}' is of format {version}, this version reads {FORMAT}; build the corpus again."
        )
    return dict(manifest)


def _is(of: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, of)


def _is_kind(content: Any) -> bool:
    return isinstance(content, dict) and all(
        name in content and test(content[name]) for name, test in _KIND.items()
    )


_KIND = {"options": _is(dict), "fields": _is(list), "n": _is(int), "events": _is(int)}
_MANIFEST: dict[str, Callable[[Any], bool]] = {
    "kinds": lambda value: isinstance(value, dict) and all(_is_kind(content) for content in value.values()),
    "digest": _is(str),
    "rows": _is(int),
    "files": _is(int),
    "pieces": _is(int),
    "steps_per_quarter": _is(int),
}


def _array(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """The array at `path`, memory-mapped; raises `CorpusError` unless it has just this type and shape."""
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise CorpusError(f"'{path}' is missing or damaged ({error}); build the corpus again.") from error
    if array.dtype != dtype or array.shape != shape:
        raise CorpusError(
            f"'{path}' does not fit its corpus.json (it was cut short or exchanged); build the corpus again."
        )
    return array
