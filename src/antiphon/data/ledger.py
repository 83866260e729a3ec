"""The ledger: for every piece what came out of it, or the reason why not.

A table of tab-separated columns in UTF-8, one row a piece, in the corpus's order; a row's number is the
piece's number. After them come the files that are no music and the places that cannot be looked into.
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

FILE = "ledger.tsv"
NOT_MUSIC = "not a music file"
_COLUMNS = ("path", "group", "result", "sequences", "losses", "detail")

Result = Literal["used", "duplicate", "nothing", "unreadable", "not music"]


@dataclass(frozen=True)
class Entry:
    """One piece: a file, or 'FILE#NAME' of one that holds many. `result`: 'used' (sequences came of it),
    'duplicate' (all of them stand elsewhere too), 'nothing' (it holds none), 'unreadable', or 'not music'
    (its suffix is not known)."""

    path: str
    group: str
    result: Result
    sequences: int = 0
    losses: tuple[tuple[str, int], ...] = ()
    """What was left out or cut, by cause."""
    detail: str = ""
    """The error in full, or the piece that this one repeats."""

    def reason(self) -> str:
        """Why nothing came of it, in words."""
        return self.detail or "; ".join(f"{cause} ({n})" for cause, n in self.losses) or "no notes"


@dataclass(frozen=True)
class Ledger:
    """All files of a corpus."""

    entries: tuple[Entry, ...] = ()
    by_result: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Ledger:
        """A ledger with its sums."""
        rows = tuple(entries)
        return cls(rows, Counter(row.result for row in rows))

    def causes(self) -> Counter[str]:
        """How often each cause took something away (sequences left out, files unreadable), over all files."""
        return _summed(self.entries)

    def causes_of_silence(self) -> Counter[str]:
        """The same over the files of music that nothing came of."""
        return _summed(self.silent())

    def silent(self) -> list[Entry]:
        """Files of music that nothing came of, other than repeats of files that are in."""
        return [entry for entry in self.entries if entry.result in ("nothing", "unreadable")]

    def write(self, path: Path) -> None:
        """Write the table, whole or not at all."""
        rows = ["\t".join(_COLUMNS), *(_row(entry) for entry in self.entries)]
        atomic_write(path, ("\n".join(rows) + "\n").encode("utf-8", "surrogateescape"))

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """The ledger at `path`. Raises `CorpusError` where there is none, or something else."""
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


def _summed(entries: Iterable[Entry]) -> Counter[str]:
    causes: Counter[str] = Counter()
    for entry in entries:
        for cause, n in entry.losses:
            causes[_without_particulars(cause)] += n
        if entry.result in ("unreadable", "not music"):
            causes[cause_of(entry.detail)] += 1
        elif entry.result == "nothing" and not entry.losses:
            causes["no notes"] += 1
    return causes


def cause_of(message: str) -> str:
    """What was wrong in words that are the same for every such file, so that they can be summed.

    An error says first what is wrong, then, after a semicolon or a full stop, what was expected and what to
    do; names are quoted, and particulars stand in parentheses.
    """
    wrong = re.split(r"; |\. ", re.sub(r"^'[^']*': ", "", message), maxsplit=1)[0]
    return re.sub(r"\d+", "…", _without_particulars(wrong)).strip(" .")


def _without_particulars(cause: str) -> str:
    return re.sub(r" \([^)]*\)| '[^']*'", "", cause)


def listed(entries: Sequence[Entry], most: int) -> str:
    """'a.mid: polyphonic (2); b.mid: ...', at most so many, with the number of those not named."""
    named = " | ".join(f"{entry.path}: {entry.reason().removesuffix('.')}" for entry in entries[:most])
    return f"{named} | and {len(entries) - most} more" if len(entries) > most else named


def _row(entry: Entry) -> str:
    losses = "; ".join(f"{cause.replace('; ', ', ')}: {n}" for cause, n in entry.losses)
    cells = (entry.path, entry.group, entry.result, str(entry.sequences), losses, entry.detail)
    return "\t".join(cell.translate(_ESCAPES) for cell in cells)


def _entry(line: str) -> Entry:
    path, group, result, sequences, losses, detail = (_unescape(cell) for cell in line.split("\t"))
    pairs = [loss.rsplit(": ", 1) for loss in losses.split("; ") if loss]
    counted = tuple((cause, int(n)) for cause, n in pairs)
    return Entry(path, group, result, int(sequences), counted, detail)  # type: ignore[arg-type]


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_PLAIN = {"\\": "\\", "t": "\t", "n": "\n", "r": "\r"}


def _unescape(text: str) -> str:
    return re.sub(r"\\([\\tnr])", lambda found: _PLAIN[found[1]], text) if "\\" in text else text
