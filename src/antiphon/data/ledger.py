"""The ledger: for every piece what came out of it, or why nothing did.

A table of tab-separated columns in UTF-8, one row per piece, in the corpus's order; a row's number is the
piece's number. After the pieces come the files that are not music and the folders that cannot be listed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from antiphon.errors import CorpusError
from antiphon.files import atomic_write

LEDGER_FILE = "ledger.tsv"
NOT_MUSIC = "not a music file"
_COLUMNS = ("path", "group", "result", "sequences", "losses", "detail")

Result = Literal["used", "duplicate", "nothing", "unreadable", "not music"]


@dataclass(frozen=True)
class LedgerEntry:
    """The outcome of one piece: a file, or 'FILE#NAME' of one that holds many. `result`: 'used' (it gave
    sequences), 'duplicate' (all of them repeat others), 'nothing' (it gave none), 'unreadable', or 'not
    music' (its suffix is unknown)."""

    path: str
    group: str
    result: Result
    sequences: int = 0
    losses: tuple[tuple[str, int], ...] = ()
    """What was left out or cut, by cause."""
    detail: str = ""
    """The error in full, or the piece that this one repeats."""

    def reason(self) -> str:
        """Why the piece gave no sequences, in words."""
        return self.detail or "; ".join(f"{cause} ({n})" for cause, n in self.losses) or "no notes"


@dataclass(frozen=True)
class Ledger:
    """The outcomes of all pieces and other files of a corpus."""

    entries: tuple[LedgerEntry, ...] = ()
    by_result: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, entries: Iterable[LedgerEntry]) -> Ledger:
        """A ledger with its counts by result."""
        rows = tuple(entries)
        return cls(rows, Counter(row.result for row in rows))

    def causes(self) -> Counter[str]:
        """How often each cause lost something (sequences left out, files unreadable), over all entries."""
        return _count_causes(self.entries)

    def causes_without_sequences(self) -> Counter[str]:
        """The same over the pieces in `without_sequences`."""
        return _count_causes(self.without_sequences())

    def without_sequences(self) -> list[LedgerEntry]:
        """Pieces that gave no sequences, other than duplicates."""
        return [entry for entry in self.entries if entry.result in ("nothing", "unreadable")]

    def write(self, path: Path) -> None:
        """Write the table, whole or not at all."""
        rows = ["\t".join(_COLUMNS), *(_row(entry) for entry in self.entries)]
        atomic_write(path, ("\n".join(rows) + "\n").encode("utf-8", "surrogateescape"))

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """The ledger at `path`. Raises `CorpusError` where there is none, or another kind of file."""
        try:
            lines = path.read_bytes().decode("utf-8", "surrogateescape").split("\n")
        except OSError as error:
            raise CorpusError(
                f"The ledger '{path}' cannot be read ({error.strerror}); build the corpus again."
            ) from error
        if lines[0] != "\t".join(_COLUMNS) or lines[-1]:
            raise CorpusError(f"'{path}' is not a whole ledger of this version; build the corpus again.")
        try:
            return cls.of(_entry(line) for line in lines[1:-1])
        except (ValueError, IndexError) as error:
            raise CorpusError(f"'{path}' has a damaged row ({error}); build the corpus again.") from error


def _count_causes(entries: Iterable[LedgerEntry]) -> Counter[str]:
    causes: Counter[str] = Counter()
    for entry in entries:
        for cause, n in entry.losses:
            causes[_without_details(cause)] += n
        if entry.result in ("unreadable", "not music"):
            causes[cause_of(entry.detail)] += 1
        elif entry.result == "nothing" and not entry.losses:
            causes["no notes"] += 1
    return causes


def cause_of(message: str) -> str:
    """The cause in an error message, without names and numbers, so that equal causes can be counted.

    A message says first what is wrong, then, after a semicolon or a full stop, what was expected and what to
    do; names are quoted, and details are in parentheses.
    """
    wrong = re.split(r"; |\. ", re.sub(r"^'[^']*': ", "", message), maxsplit=1)[0]
    return re.sub(r"\d+", "…", _without_details(wrong)).strip(" .")


def _without_details(cause: str) -> str:
    return re.sub(r" \([^)]*\)| '[^']*'", "", cause)


def in_one_line(entries: Sequence[LedgerEntry], limit: int) -> str:
    """'a.mid: polyphonic (2) | b.mid: ...': at most `limit` entries, and the number of the others."""
    named = " | ".join(f"{entry.path}: {entry.reason().removesuffix('.')}" for entry in entries[:limit])
    return f"{named} | and {len(entries) - limit} more" if len(entries) > limit else named


def _row(entry: LedgerEntry) -> str:
    losses = "; ".join(f"{cause.replace('; ', ', ')}: {n}" for cause, n in entry.losses)
    cells = (entry.path, entry.group, entry.result, str(entry.sequences), losses, entry.detail)
    return "\t".join(cell.translate(_ESCAPES) for cell in cells)


def _entry(line: str) -> LedgerEntry:
    path, group, result, sequences, losses, detail = (_unescape(cell) for cell in line.split("\t"))
    pairs = [loss.rsplit(": ", 1) for loss in losses.split("; ") if loss]
    counted = tuple((cause, int(n)) for cause, n in pairs)
    return LedgerEntry(path, group, result, int(sequences), counted, detail)  # type: ignore[arg-type]


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_PLAIN = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}


def _unescape(text: str) -> str:
    return re.sub(r"\\([\\tnr])", lambda found: _PLAIN[found[1]], text) if "\\" in text else text
