"""The health of a corpus: what it holds, what was lost of its files and why, and warnings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.data import health_warnings
from antiphon.data.corpus import Corpus
from antiphon.data.kind_stats import KindStats, kind_stats, quantiles
from antiphon.data.ledger import Ledger, LedgerEntry
from antiphon.errors import NameNotFound
from antiphon.score import general_midi as gm
from antiphon.score.notes import Float

_ROWS_PER_CAUSE = 5
"""Rows of the ledger that are shown for each cause."""
_MAX_CAUSES = 12
_DESCRIPTIVE = ("style", "genre", "rhythm", "artist", "composer", "split")


@dataclass(frozen=True, eq=False)
class MusicStats:
    """Statistics of the pieces that gave sequences. The names of the fields are the keys of `corpus inspect
    --json`."""

    seconds: Float
    tempos: Float
    """Quarters per minute of each piece."""
    meters: dict[str, int]
    keys: dict[str, int]
    """Pieces by key: the one in the file, else the best fit to the notes."""
    keys_from_notes: int
    """Pieces whose file gives no key."""
    programs: dict[str, int]
    """Pieces by the General MIDI programs in them."""
    about: dict[str, dict[str, int]]
    """Pieces by metadata: style, genre, artist ..."""

    def as_dict(self) -> dict[str, Any]:
        """JSON types; numbers as quantiles."""
        return asdict(self) | {"seconds": quantiles(self.seconds), "tempos": quantiles(self.tempos)}


@dataclass(frozen=True, eq=False)
class Health:
    """Statistics of a corpus, and warnings. The names of the fields are keys of `corpus inspect --json`."""

    files: int
    pieces: int
    results: dict[str, int]
    """Pieces, and files that are not music, by result."""
    causes: dict[str, int]
    """What was left out or cut, by cause."""
    main_cause_of_silence: str
    """The most frequent cause among the pieces that gave no sequences; '' where there are none."""
    rows: dict[str, list[LedgerEntry]]
    """Some rows of the ledger, by cause."""
    duplicates: str
    """'drop' or 'keep'."""
    music: MusicStats
    kinds: dict[str, KindStats]
    warnings: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """JSON types."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "rows"}
        kinds = {kind: stats.as_dict() for kind, stats in self.kinds.items()}
        return values | {"music": self.music.as_dict(), "kinds": kinds, "warnings": list(self.warnings)}


def examine(
    folder: str | Path, kind: str | None = None, trained: Callable[[str], str | None] = lambda family: None
) -> Health:
    """The health of the corpus in `folder`, of all its kinds or of one; `trained` names a bundle of a family
    to start from, or None.

    Raises `CorpusError` where there is none or it is damaged, `NameNotFound` for a kind that it lacks.
    """
    corpora = Corpus.open_all(folder)
    if kind is not None and kind not in corpora[0].kinds:
        raise NameNotFound("kind of sequence in this corpus called", kind, corpora[0].kinds)
    ledger, manifest = corpora[0].ledger(), corpora[0].manifest
    figures: dict[str, Any] = {
        "files": int(manifest["files"]),
        "pieces": int(manifest["pieces"]),
        "results": dict(ledger.by_result.most_common()),
        "causes": dict(ledger.causes().most_common()),
        "main_cause_of_silence": next(
            (cause for cause, _ in ledger.causes_without_sequences().most_common(1)), ""
        ),
        "rows": _rows(ledger),
        "duplicates": str(manifest.get("duplicates", "drop")),
        "music": _music(corpora[0]),
        "kinds": {corpus.kind: kind_stats(corpus) for corpus in corpora if kind in (None, corpus.kind)},
    }
    warnings = health_warnings.warnings(
        figures["results"],
        figures["main_cause_of_silence"],
        figures["duplicates"],
        figures["kinds"],
        trained,
    )
    return Health(**figures, warnings=tuple(warnings))


def _rows(ledger: Ledger) -> dict[str, list[LedgerEntry]]:
    """The first rows of the most frequent causes."""
    wanted = [cause for cause, _ in ledger.causes().most_common(_MAX_CAUSES)]
    found: dict[str, list[LedgerEntry]] = {cause: [] for cause in wanted}
    full = 0
    for entry in ledger.entries:
        for cause in Ledger.of([entry]).causes():
            if cause in found and len(found[cause]) < _ROWS_PER_CAUSE:
                found[cause].append(entry)
                full += len(found[cause]) == _ROWS_PER_CAUSE
        if full == len(wanted):
            break
    return found


def _music(corpus: Corpus) -> MusicStats:
    used = [entry.result == "used" for entry in corpus.ledger().entries]
    known = [piece for piece, is_used in zip(corpus.pieces(), used, strict=True) if is_used]
    facts = [piece["facts"] for piece in known if piece["facts"]]
    return MusicStats(
        seconds=np.array([of["seconds"] for of in facts], np.float64),
        tempos=np.array([of["tempo"] for of in facts], np.float64),
        meters=_counts(of["meter"] for of in facts),
        keys=_counts(of["key"] for of in facts if of["key"]),
        keys_from_notes=sum(of.get("key_from") == "notes" for of in facts),
        programs=_counts(gm.PROGRAMS[n] for of in facts for n in of["programs"]),
        about=_metadata_counts([piece["about"] for piece in known]),
    )


def _metadata_counts(pieces: Sequence[Mapping[str, Sequence[str]]]) -> dict[str, dict[str, int]]:
    """Pieces by the values of each descriptive name that differs among them and is shared by some."""
    counts = {name: _text_counts(text for of in pieces for text in of.get(name, ())) for name in _DESCRIPTIVE}
    return {name: of for name, of in counts.items() if 1 < len(of) < max(len(pieces), 2)}


def _text_counts(texts: Iterable[str]) -> dict[str, int]:
    """How often each text occurs, ignoring case, in its most frequent spelling."""
    spellings = _counts(texts)
    shown: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for text, n in spellings.items():
        counts[shown.setdefault(text.casefold(), text)] += n
    return dict(counts.most_common())


def _counts(words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(words).most_common())
