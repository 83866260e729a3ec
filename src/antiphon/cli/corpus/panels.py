"""Texts and charts of a corpus's health, shared by the terminal, the picture and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from antiphon.data.health import Health, MusicStats
from antiphon.data.kind_stats import KindStats
from antiphon.render.charts import Panel, histogram

_MAX_BARS = 12
_MAX_LABEL = 44


def title(folder: Path, health: Health) -> str:
    """'tunes: 12 melody, 30 drums sequences'."""
    counts = ", ".join(f"{stats.sequences:,} {kind}" for kind, stats in health.kinds.items())
    return f"{folder.resolve().name}: {counts} sequences"


def describe_sounds(stats: KindStats) -> str:
    """The sounds in a line: 'pitches: 55 to 81', 'drums: 120 kick, 80 snare'."""
    part = f" (heard in {stats.heard})" if stats.heard < stats.sequences else ""
    if stats.classes:
        hits = zip(stats.sounds.tolist(), stats.classes, strict=False)
        return f"drums{part}: " + ", ".join(f"{n} {name}" for n, name in hits if n)
    filled = stats.sounds.nonzero()[0]
    if not len(filled):
        return "pitches: none"
    return f"pitches{part}: {filled[0]} to {filled[-1]}, {int(stats.sounds.sum())} notes"


def pieces_panels(health: Health) -> Iterator[Panel]:
    """Charts of the pieces: results, causes, and the statistics of their music."""
    yield _bars("Pieces", health.results)
    yield _bars("Left out or cut, and why", health.causes)
    yield from _music_panels(health.music)


def kind_panels(stats: KindStats) -> Iterator[Panel]:
    """Charts of the sequences of one kind."""
    yield _sounds(stats)
    yield histogram("Sequences of each length", stats.lengths, stats.unit)
    if stats.meters:
        yield _bars("Meters of the sequences", stats.meters)
    yield _bars("Sequences in each split", {name: size.sequences for name, size in stats.splits.items()})
    if stats.duplicate_counts:
        yield _bars("Sequences that repeat others", stats.duplicate_counts)


def _music_panels(music: MusicStats) -> Iterator[Panel]:
    yield histogram("Length of the pieces", music.seconds, "seconds")
    yield histogram("Tempo", music.tempos, "quarters per minute")
    yield _bars("Meters", music.meters)
    from_notes = f" ({music.keys_from_notes:,} of them told from the notes)" if music.keys_from_notes else ""
    yield _bars(f"Keys{from_notes}", music.keys)
    yield _bars("Programs", music.programs)
    for name, counts in music.about.items():
        yield _bars(name.capitalize(), counts)


def _sounds(stats: KindStats) -> Panel:
    if stats.classes:
        counts = dict(zip(stats.classes, stats.sounds.tolist(), strict=False))
        return Panel("Hits of each drum", list(counts.values()), labels=list(counts))
    filled = stats.sounds.nonzero()[0]
    low, high = (int(filled[0]), int(filled[-1])) if len(filled) else (0, 127)
    ticks: dict[float, str] = {
        pitch: f"C{pitch // 12 - 1}" for pitch in range(0, 128, 12) if low <= pitch <= high
    }
    places = range(low, high + 1)
    return Panel("Notes at each pitch", stats.sounds[low : high + 1].tolist(), places, ticks=ticks)


def _bars(title: str, numbers: Mapping[str, int]) -> Panel:
    """A bar chart of the largest numbers."""
    ordered = sorted(numbers.items(), key=lambda item: -item[1])
    most = dict(ordered[:_MAX_BARS]) or {"none": 0}
    title = f"{title}, the {_MAX_BARS} most frequent of {len(ordered)}" if len(ordered) > _MAX_BARS else title
    return Panel(title, list(most.values()), labels=[label[:_MAX_LABEL] for label in most])
