"""Whether a corpus is healthy: what it holds, what was lost of its files and why, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.data import remedies
from antiphon.data.checkup import Checkup, check_up, quantiles
from antiphon.data.corpus import Corpus
from antiphon.data.ledger import Entry, Ledger
from antiphon.errors import NameNotFound
from antiphon.score import general_midi as gm
from antiphon.score.notes import Float

_SHOWN = 5
"""Rows of the ledger that are shown of each cause."""
_MOST_CAUSES = 12
_DESCRIBING = ("style", "genre", "rhythm", "artist", "composer", "split")


@dataclass(frozen=True, eq=False)
class Music:
    """What was measured on the pieces that sequences came of."""

    seconds: Float
    tempos: Float
    """Quarters a minute of each piece."""
    meters: dict[str, int]
    keys: dict[str, int]
    """Pieces by key: the one that the file gives, else the one that the notes fit best."""
    keys_from_notes: int
    """Pieces of which the file gives no key."""
    programs: dict[str, int]
    """Pieces by General MIDI programs (in them)."""
    about: dict[str, dict[str, int]]
    """Pieces by what is said of them: style, genre, artist ..."""

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types; numbers as quantiles instead of one by one."""
        return asdict(self) | {"seconds": quantiles(self.seconds), "tempos": quantiles(self.tempos)}


@dataclass(frozen=True, eq=False)
class Health:
    """Figures of a corpus; `warnings` say what is not well and what to do."""

    files: int
    pieces: int
    results: dict[str, int]
    """Pieces (and files that are none) by what became of them."""
    causes: dict[str, int]
    """What was left out or cut, by cause."""
    main_cause_of_silence: str
    """Most frequent cause among the pieces that nothing came of; '' where there are none."""
    rows: dict[str, list[Entry]]
    """Some rows of the ledger, by cause."""
    duplicates: str
    """'drop' or 'keep'."""
    music: Music
    kinds: dict[str, Checkup]
    warnings: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "rows"}
        kinds = {kind: checkup.as_dict() for kind, checkup in self.kinds.items()}
        return values | {"music": self.music.as_dict(), "kinds": kinds, "warnings": list(self.warnings)}


def examine(
    folder: str | Path, kind: str | None = None, trained: Callable[[str], str | None] = lambda family: None
) -> Health:
    """Figures and warnings of the corpus in `folder`, of all its kinds or of one; `trained` names a bundle of
    a family that one can begin with.

    Raises `CorpusError` where there is none or it is damaged, `NameNotFound` for a kind that it lacks.
    """
    corpora = Corpus.views(folder)
    if kind is not None and kind not in corpora[0].kinds:
        raise NameNotFound("kind of sequence in this corpus called", kind, corpora[0].kinds)
    ledger, manifest = corpora[0].ledger(), corpora[0].manifest
    figures: dict[str, Any] = {
        "files": int(manifest["files"]),
        "pieces": int(manifest["pieces"]),
        "results": dict(ledger.by_result.most_common()),
        "causes": dict(ledger.causes().most_common()),
        "main_cause_of_silence": next((cause for cause, _ in ledger.causes_of_silence().most_common(1)), ""),
        "rows": _rows(ledger),
        "duplicates": str(manifest.get("duplicates", "drop")),
        "music": _music(corpora[0]),
        "kinds": {corpus.kind: check_up(corpus) for corpus in corpora if kind in (None, corpus.kind)},
    }
    return Health(**figures, warnings=tuple(remedies.warnings(**_told(figures), trained=trained)))


def _told(figures: Mapping[str, Any]) -> dict[str, Any]:
    names = ("results", "main_cause_of_silence", "duplicates", "kinds")
    return {name: figures[name] for name in names}


def _rows(ledger: Ledger) -> dict[str, list[Entry]]:
    """The first rows of the most frequent causes."""
    wanted = [cause for cause, _ in ledger.causes().most_common(_MOST_CAUSES)]
    found: dict[str, list[Entry]] = {cause: [] for cause in wanted}
    full = 0
    for entry in ledger.entries:
        for cause in Ledger.of([entry]).causes():
            if cause in found and len(found[cause]) < _SHOWN:
                found[cause].append(entry)
                full += len(found[cause]) == _SHOWN
        if full == len(wanted):
            break
    return found


def _music(corpus: Corpus) -> Music:
    used = [entry.result == "used" for entry in corpus.ledger().entries]
    known = [piece for piece, is_used in zip(corpus.pieces(), used, strict=True) if is_used]
    facts = [piece["facts"] for piece in known if piece["facts"]]
    return Music(
        seconds=np.array([of["seconds"] for of in facts], np.float64),
        tempos=np.array([of["tempo"] for of in facts], np.float64),
        meters=_counted(of["meter"] for of in facts),
        keys=_counted(of["key"] for of in facts if of["key"]),
        keys_from_notes=sum(of.get("key_from") == "notes" for of in facts),
        programs=_counted(gm.PROGRAMS[n] for of in facts for n in of["programs"]),
        about=_about([piece["about"] for piece in known]),
    )


def _about(pieces: Sequence[Mapping[str, Sequence[str]]]) -> dict[str, dict[str, int]]:
    """Pieces by what they are said to be, where that tells several of them apart."""
    counts = {name: _words(text for of in pieces for text in of.get(name, ())) for name in _DESCRIBING}
    return {name: of for name, of in counts.items() if 1 < len(of) < max(len(pieces), 2)}


def _words(texts: Iterable[str]) -> dict[str, int]:
    """How often each text occurs, whatever its case, in its most frequent spelling."""
    spelt = _counted(texts)
    shown: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for text, n in spelt.items():
        counts[shown.setdefault(text.casefold(), text)] += n
    return dict(counts.most_common())


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(words).most_common())
