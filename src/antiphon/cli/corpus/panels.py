"""Words and charts of a corpus's health, the same for the terminal, the picture and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from antiphon.data.checkup import Checkup
from antiphon.data.health import Health, Music
from antiphon.render.charts import Panel, histogram

_MOST = 12
_LONGEST = 44


def title(folder: Path, health: Health) -> str:
    """'tunes: 12 melody, 30 drums sequences'."""
    counts = ", ".join(f"{checkup.sequences:,} {kind}" for kind, checkup in health.kinds.items())
    return f"{folder.resolve().name}: {counts} sequences"


def sounds_in_words(checkup: Checkup) -> str:
    """What sounds, in a line: 'pitches: 55 to 81', 'drums: 120 kick, 80 snare'."""
    part = f" (heard in {checkup.heard})" if checkup.heard < checkup.sequences else ""
    if checkup.classes:
        hits = zip(checkup.sounds.tolist(), checkup.classes, strict=False)
        return f"drums{part}: " + ", ".join(f"{n} {name}" for n, name in hits if n)
    filled = checkup.sounds.nonzero()[0]
    if not len(filled):
        return "pitches: none"
    return f"pitches{part}: {filled[0]} to {filled[-1]}, {int(checkup.sounds.sum())} notes"


def of_pieces(health: Health) -> Iterator[Panel]:
    """What became of the pieces, and what they are."""
    yield _named("Pieces", health.results)
    yield _named("Left out or cut, and why", health.causes)
    yield from _of_music(health.music)


def of_kind(checkup: Checkup) -> Iterator[Panel]:
    """What the sequences of one kind are."""
    yield _sounds(checkup)
    yield histogram("Sequences of each length", checkup.lengths, checkup.unit)
    if checkup.meters:
        yield _named("Meters of the sequences", checkup.meters)
    yield _named("Sequences in each split", {name: share.sequences for name, share in checkup.splits.items()})
    if checkup.likeness:
        yield _named("Sequences that repeat others", checkup.likeness)


def _of_music(music: Music) -> Iterator[Panel]:
    yield histogram("Length of the pieces", music.seconds, "seconds")
    yield histogram("Tempo", music.tempos, "quarters a minute")
    yield _named("Meters", music.meters)
    told = f" ({music.keys_from_notes:,} of them told from the notes)" if music.keys_from_notes else ""
    yield _named(f"Keys{told}", music.keys)
    yield _named("Programs", music.programs)
    for name, counts in music.about.items():
        yield _named(name.capitalize(), counts)


def _sounds(checkup: Checkup) -> Panel:
    if checkup.classes:
        counts = dict(zip(checkup.classes, checkup.sounds.tolist(), strict=False))
        return Panel("Hits of each drum", list(counts.values()), labels=list(counts))
    filled = checkup.sounds.nonzero()[0]
    low, high = (int(filled[0]), int(filled[-1])) if len(filled) else (0, 127)
    ticks: dict[float, str] = {
        pitch: f"C{pitch // 12 - 1}" for pitch in range(0, 128, 12) if low <= pitch <= high
    }
    places = range(low, high + 1)
    return Panel("Notes at each pitch", checkup.sounds[low : high + 1].tolist(), places, ticks=ticks)


def _named(title: str, numbers: Mapping[str, int]) -> Panel:
    """The largest of them."""
    ordered = sorted(numbers.items(), key=lambda item: -item[1])
    most = dict(ordered[:_MOST]) or {"none": 0}
    title = f"{title}, the {_MOST} most frequent of {len(ordered)}" if len(ordered) > _MOST else title
    return Panel(title, list(most.values()), labels=[label[:_LONGEST] for label in most])
