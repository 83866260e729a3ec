"""Statistics of the sequences of one kind: their number, lengths, pitches or sounds, and splits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from antiphon.arrays import Float64, Int64
from antiphon.codecs import kinds as registry
from antiphon.codecs.kinds import Profile
from antiphon.data.batches import usable
from antiphon.data.corpus import Corpus
from antiphon.data.splits import SPLITS

MAX_MEASURED = 4000
"""Sequences whose lengths and sounds are measured, evenly spaced over the corpus."""


@dataclass(frozen=True)
class SplitSize:
    """The size of one split."""

    sequences: int
    groups: int
    events: int


@dataclass(frozen=True, eq=False)
class KindStats:
    """Statistics of one kind. The names of the fields are the keys of `corpus inspect --json`."""

    kind: str
    sequences: int
    groups: int
    largest_group: int
    """Pieces in the largest group."""
    pieces: int
    """Pieces that have sequences."""
    events: int
    splits: dict[str, SplitSize]
    meters: dict[str, int]
    """Sequences by meter; empty for kinds played by the clock."""
    upbeats: int
    """Sequences that begin within a bar."""
    too_wide: int
    """Sequences whose bars are longer than nets accept."""
    duplicate_counts: dict[str, int]
    """Sequences that repeat others, by relation."""
    heard: int
    """Sequences that `lengths` and `sounds` were measured on."""
    unit: str
    """What `lengths` counts: 'bars', or 'seconds' for kinds played by the clock."""
    lengths: Float64
    """From the start to the last onset, rounded up."""
    sounds: Int64
    """Onsets at each MIDI pitch [128], or in each class of sounds."""
    classes: tuple[str, ...]
    """Names of the classes of sounds; empty for pitches."""

    def as_dict(self) -> dict[str, Any]:
        """JSON types; lengths as quantiles."""
        values = asdict(self)
        values["sounds"] = self.sounds.tolist()
        values["lengths"] = quantiles(self.lengths)
        return values


def kind_stats(corpus: Corpus) -> KindStats:
    """The statistics of `corpus`."""
    sizes = _pieces_per_group(corpus)
    by_clock = bool((corpus.table["steps_per_quarter"] == 0).any())
    profiles = {index: _profile(corpus, index) for index in _evenly_spaced(corpus.n)}
    return KindStats(
        kind=corpus.kind,
        sequences=corpus.n,
        groups=len(sizes),
        largest_group=int(sizes.max(initial=0)),
        pieces=int(sizes.sum()),
        events=len(corpus.events),
        splits={name: _split_size(corpus, corpus.split(name)) for name in SPLITS},
        meters={} if by_clock else _meters(corpus),
        upbeats=int((corpus.table["start_in_bar"] > 0).sum()),
        too_wide=corpus.n - len(usable(corpus, corpus.split("all"))),
        duplicate_counts=corpus.duplicate_counts,
        heard=len(profiles),
        unit="seconds" if by_clock else "bars",
        lengths=_lengths(corpus, profiles),
        sounds=_sounds(profiles),
        classes=registry.kind(corpus.kind).sounds(corpus.options),
    )


def quantiles(values: Float64) -> dict[str, int]:
    """Minimum, lower quartile, median, upper quartile and maximum; empty for no values."""
    if not len(values):
        return {}
    names = ("least", "lower_quartile", "median", "upper_quartile", "most")
    return {name: int(q) for name, q in zip(names, np.percentile(values, [0, 25, 50, 75, 100]), strict=True)}


def _evenly_spaced(n: int) -> list[int]:
    """At most `MAX_MEASURED` of n indices, evenly spaced."""
    places: list[int] = np.unique(np.linspace(0, n - 1, min(n, MAX_MEASURED)).round().astype(int)).tolist()
    return places


def _profile(corpus: Corpus, index: int) -> Profile:
    return registry.kind(corpus.kind).profile(corpus.sequence(index))


def _lengths(corpus: Corpus, profiles: dict[int, Profile]) -> Float64:
    """Bars or seconds until the last onset of every measured sequence."""
    indices = np.fromiter(profiles, np.int64, len(profiles))
    steps = np.array([profile.time[-1] + 1 if len(profile.time) else 0 for profile in profiles.values()])
    bars, clock = corpus.steps_per_bars[indices], corpus.table["steps_per_second"][indices].astype(np.int64)
    lengths: Float64 = np.ceil(steps / np.maximum(np.where(clock > 0, clock, bars), 1))
    return lengths


def _sounds(profiles: dict[int, Profile]) -> Int64:
    pitches = [np.zeros(0, np.int64), *(profile.pitch for profile in profiles.values())]
    return np.bincount(np.concatenate(pitches), minlength=128)


def _split_size(corpus: Corpus, indices: Int64) -> SplitSize:
    groups = len(np.unique(corpus.table["group"][indices]))
    return SplitSize(len(indices), groups, int(corpus.lengths[indices].sum()))


def _pieces_per_group(corpus: Corpus) -> Int64:
    pairs = np.unique(np.stack([corpus.table["group"], corpus.table["piece"]]), axis=1)
    return np.bincount(pairs[0])


def _meters(corpus: Corpus) -> dict[str, int]:
    meters = np.stack([corpus.table["numerator"], corpus.table["denominator"]])
    values, counts = np.unique(meters, axis=1, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {f"{values[0, i]}/{values[1, i]}": int(counts[i]) for i in order}
