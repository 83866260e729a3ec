"""The arrays of a corpus, written sequence by sequence without holding them in memory."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from antiphon.codecs.kinds import Kind
from antiphon.data.chunks import TABLE, Records
from antiphon.data.manifest import EVENTS, TABLE_FILE
from antiphon.files import atomic_path


class ArrayWriter:
    """Writes `events.npy` and `table.npy` of one kind in the corpus `folder`; a context, at whose end both
    files appear.

    `keep` says which of all its sequences are written, `n_events` how many ids those have; `groups` are the
    groups of all pieces.
    """

    def __init__(
        self, kind: Kind[Any], folder: Path, keep: npt.NDArray[np.bool_], n_events: int, groups: list[str]
    ) -> None:
        self.kind = kind.name
        self._folder = folder / kind.name
        self._keep, self._groups = keep, groups
        self._shape = (n_events,) if len(kind.fields) == 1 else (n_events, len(kind.fields))
        self._numbers: dict[str, int] = {}
        self._sequence = self._event = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._table = self._open(TABLE_FILE, TABLE, (int(self._keep.sum()),))
        self._events = self._open(EVENTS, np.dtype("<i2"), self._shape)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(self, events: npt.NDArray[np.int16], table: Records, first_piece: int) -> None:
        """Write those of the next sequences that are kept; `table["piece"]` counts from `first_piece`."""
        keep = self._keep[self._sequence : self._sequence + len(table)]
        self._sequence += len(table)
        self._events.write(events[np.repeat(keep, table["length"])].tobytes())
        table = table[keep]
        table["piece"] += first_piece
        ends = self._event + np.cumsum(table["length"], dtype=np.int64)
        table["offset"] = ends - table["length"]
        table["group"] = [self._group_number(self._groups[piece]) for piece in table["piece"].tolist()]
        self._event = int(ends[-1]) if len(ends) else self._event
        self._table.write(table.tobytes())

    def _group_number(self, group: str) -> int:
        """Groups are numbered by their first appearance."""
        return self._numbers.setdefault(group, len(self._numbers))

    def _open(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> BinaryIO:
        path = self._stack.enter_context(atomic_path(self._folder / name))
        file = self._stack.enter_context(path.open("wb"))
        descr = np.lib.format.dtype_to_descr(dtype)
        header = {"descr": descr, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        return file
