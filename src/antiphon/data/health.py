"""Whether a corpus is healthy: what it holds, what was lost of its files and why, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from antiphon import codecs
from antiphon.data.batches import usable
from antiphon.data.corpus import Corpus
from antiphon.data.grouping import ASTRIDE
from antiphon.data.splits import SPLITS
from antiphon.recipes import MAX_STEPS_PER_BAR
from antiphon.score.notes import Int

FEW_PIECES = 200
"""Below so many groups of pieces a net soon knows the training split by heart."""
_MUCH = 0.25
_MUSIC = ("used", "duplicate", "nothing", "unreadable")

_REMEDIES = (
    ("polyphonic", "keep one voice with --polyphony top or bottom, or choose a part with --track"),
    ("shorter than", "allow shorter ones with --min-bars"),
    ("different pitch classes", "allow plainer ones with --min-pitch-classes"),
    ("cut at", "keep more of each with --max-steps"),
)


@dataclass(frozen=True)
class Share:
    """Size of one split."""

    sequences: int
    groups: int
    events: int


@dataclass(frozen=True, eq=False)
class Health:
    """Figures of a corpus; `warnings` say what is not well and what to do."""

    kind: str
    files: int
    results: dict[str, int]
    """Files by what became of them."""
    causes: dict[str, int]
    """What was left out or cut, by cause."""
    main_cause_of_silence: str
    """Most frequent cause among the files of music that nothing came of; '' where there are none."""
    likeness: dict[str, int]
    """Sequences that repeat others; `duplicates` says whether they were dropped."""
    duplicates: str
    pieces: int
    groups: int
    largest_group: int
    """Pieces in the largest group."""
    sequences: int
    events: int
    meters: dict[str, int]
    """Sequences by meter."""
    upbeats: int
    """Sequences that begin within a bar."""
    too_wide: int
    """Sequences whose bars are longer than nets have room for."""
    splits: dict[str, Share]
    bars: Int
    """Length of each sequence in whole bars."""
    pitches: Int
    """Notes at each MIDI pitch [128]."""
    warnings: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types; lengths as quantiles instead of one by one."""
        values = asdict(self)
        values["pitches"] = self.pitches.tolist()
        values["bars"] = {"total": int(self.bars.sum()), **quantiles(self.bars)}
        return values


def examine(corpus: Corpus) -> Health:
    """Figures and warnings of `corpus`. Raises `CorpusError` where its ledger is damaged."""
    ledger = corpus.ledger()
    splits = {name: _share(corpus, corpus.split(name)) for name in SPLITS}
    group_sizes = _pieces_per_group(corpus)
    figures: dict[str, Any] = {
        "kind": corpus.kind,
        "files": len(ledger.entries),
        "results": dict(ledger.by_result),
        "causes": dict(ledger.causes().most_common()),
        "main_cause_of_silence": next((cause for cause, _ in ledger.causes_of_silence().most_common(1)), ""),
        "likeness": dict(corpus.manifest.get("likeness", {})),
        "duplicates": str(corpus.manifest.get("duplicates", "drop")),
        "pieces": int(group_sizes.sum()),
        "groups": len(group_sizes),
        "largest_group": int(group_sizes.max(initial=0)),
        "sequences": corpus.n,
        "events": len(corpus.events),
        "meters": _meters(corpus),
        "upbeats": int((corpus.table["start_in_bar"] > 0).sum()),
        "too_wide": corpus.n - len(usable(corpus, corpus.split("all"))),
        "splits": splits,
        "bars": corpus.lengths // np.maximum(corpus.steps_per_bars, 1),
        "pitches": _pitches(corpus),
    }
    return Health(**figures, warnings=tuple(_warnings(Health(**figures, warnings=()))))


def quantiles(values: Int) -> dict[str, int]:
    """Least, lower quartile, median, upper quartile and most; empty for no values."""
    if not len(values):
        return {}
    names = ("least", "lower_quartile", "median", "upper_quartile", "most")
    return {name: int(q) for name, q in zip(names, np.percentile(values, [0, 25, 50, 75, 100]), strict=True)}


def _share(corpus: Corpus, indices: Int) -> Share:
    groups = len(np.unique(corpus.table["group"][indices]))
    return Share(len(indices), groups, int(corpus.lengths[indices].sum()))


def _pieces_per_group(corpus: Corpus) -> Int:
    pairs = np.unique(np.stack([corpus.table["group"], corpus.table["piece"]]), axis=1)
    return np.bincount(pairs[0])


def _meters(corpus: Corpus) -> dict[str, int]:
    meters = np.stack([corpus.table["numerator"], corpus.table["denominator"]])
    values, counts = np.unique(meters, axis=1, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {f"{values[0, i]}/{values[1, i]}": int(counts[i]) for i in order}


def _pitches(corpus: Corpus) -> Int:
    """Notes at each pitch; all sequences are decoded as one, which moves no onset."""
    family = codecs.family(corpus.kind)
    notes = family.extractor.to_score(family.decode(corpus.events)).notes
    return np.bincount(notes.pitch, minlength=128)


def _warnings(health: Health) -> list[str]:
    found = [
        _few(health),
        _lopsided(health),
        _lost(health),
        _repeated(health),
        _astride(health),
        _wide(health),
    ]
    empty = [name for name in SPLITS if not health.splits[name].sequences]
    if empty:
        found.append(f"Nothing stands in the split {' and '.join(empty)}: add pieces until each has some.")
    return [warning for warning in found if warning]


def _few(health: Health) -> str:
    if health.groups >= FEW_PIECES:
        return ""
    return (
        f"Only {health.groups} groups of pieces: a net will soon know them by heart. Fine-tune a bundle on "
        "them instead of starting from nothing (antiphon train --from melody/attention), transpose (--set "
        "training.transpose=-5,6), make the net smaller (--set sizes.layers=64,64), and watch the validation "
        "loss; or add music of the same kind."
    )


def _lopsided(health: Health) -> str:
    share = health.largest_group / max(health.pieces, 1)
    if share <= _MUCH or health.groups < 2:
        return ""
    return (
        f"{share:.0%} of all pieces are one group and stand in one split: check the names, or give groups in "
        "a MANIFEST.tsv."
    )


def _lost(health: Health) -> str:
    music = sum(health.results.get(result, 0) for result in _MUSIC)
    silent = health.results.get("nothing", 0) + health.results.get("unreadable", 0)
    if not silent or silent <= _MUCH * music:
        return ""
    cause = health.main_cause_of_silence
    remedy = next((advice for words, advice in _REMEDIES if words in cause), "see the ledger")
    return (
        f"Nothing came of {silent} of {music} files, most often because: {cause}. To change that: {remedy}."
    )


def _repeated(health: Health) -> str:
    repeats = sum(n for word, n in health.likeness.items() if word != ASTRIDE)
    if health.duplicates == "drop" or repeats <= _MUCH * health.sequences:
        return ""
    return (
        f"{repeats} of {health.sequences} sequences repeat others and weigh more for it: --duplicates drop "
        "leaves them out."
    )


def _astride(health: Health) -> str:
    astride = health.likeness.get(ASTRIDE, 0)
    if astride <= 0.05 * health.sequences:
        return ""
    return (
        f"{astride} sequences were left out because they resemble pieces in another split: give pieces that "
        "belong together one group in a MANIFEST.tsv."
    )


def _wide(health: Health) -> str:
    if not health.too_wide:
        return ""
    return (
        f"{health.too_wide} sequences have bars of over {MAX_STEPS_PER_BAR} steps: training leaves them out."
    )
