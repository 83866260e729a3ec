"""Real tune books: old tunes and hymns against the MIDI that another program (abc2midi) made of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from antiphon import io
from antiphon.errors import FormatError
from antiphon.score.score import Score


def sixteenths(score: Score, late: int = 0) -> list[tuple[int, int]]:
    """(onset, pitch) of all parts."""
    notes = score.notes
    steps = np.floor((notes.start - late) * 4 / score.ticks_per_quarter + 0.501).astype(int)
    return sorted(zip(steps.tolist(), notes.pitch.tolist(), strict=True))


def first_part(score: Score) -> Score:
    return score.replace(notes=score.notes[score.notes.track == 0])


def is_equal(path: Path, folder: Path) -> bool:
    """Whether the tune is read, and as the other program played it, ornaments and all."""
    midi = io.load(folder / "midi" / path.relative_to(folder).with_suffix(".mid"))
    try:
        return sixteenths(first_part(io.load(path))) == sixteenths(first_part(midi), late=1)
    except FormatError:
        return False


def test_tunes_equal_the_midi_beside_them(dataset: Callable[[str], Path]) -> None:
    """Every thirteenth tune, none left out. The other 134 are played with ornaments, swung, or are among
    the few that `benchmarks/abc_tunes.py` tells apart."""
    folder = dataset("melody/trad-tunes-abc")
    tunes = sorted(folder.rglob("*.abc"))[::13]
    assert len(tunes) == 301
    assert sum(is_equal(path, folder) for path in tunes) >= 167


@pytest.mark.slow
def test_tunes_equal_the_midi_of_their_text_without_ornaments(dataset: Callable[[str], Path]) -> None:
    """Every third tune; those that differ played by the other program once more, ornaments off. 97.5 in 100
    are equal then, and of the others it is known what the other program reads otherwise."""
    folder, benchmark = dataset("melody/trad-tunes-abc"), load_benchmark()
    if not benchmark.PLAYER.exists():
        pytest.skip("abc2midi is not on this machine")
    tunes = sorted(folder.rglob("*.abc"))[::3]
    differing = {}
    for path in tunes:
        midi = folder / "midi" / path.relative_to(folder).with_suffix(".mid")
        verdict = benchmark.compared(path, midi, has_player=True)
        if not verdict.startswith("equal"):
            differing[path.name] = verdict
    assert len(tunes) == 1302
    assert len(differing) <= 33, differing
    assert all(what.startswith("abc2midi: ") for what in differing.values()), differing


def load_benchmark() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "abc_tunes.py"
    spec = importlib.util.spec_from_file_location("abc_tunes", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_books_of_many_tunes_are_read_whole(dataset: Callable[[str], Path]) -> None:
    books = sorted((dataset("melody/nottingham") / "ABC_cleaned").glob("*.abc"))
    places = [place for book in books for place in io.places(book)]
    assert len(places) >= 900
    assert len({str(place) for place in places}) == len(places)
    for place in places[::10]:
        score = io.load(place)
        assert len(score.notes)
        assert score.title


def test_hymns_in_four_voices_equal_the_midi_beside_them(dataset: Callable[[str], Path]) -> None:
    """In all voices; the other program holds fermatas twice as long, so there only the pitches are."""
    folder = dataset("chorales/open-hymnal")
    hymns = [path for path in sorted((folder / "abc").rglob("*.abc"))[::4] if midi_of(path).exists()]
    assert len(hymns) >= 55
    held = []
    for path in hymns:
        score, midi = io.load(path), io.load(midi_of(path))
        assert score.n_tracks >= 2, path.name
        assert score.lyrics
        assert sorted(score.notes.pitch.tolist()) == sorted(midi.notes.pitch.tolist()), path.name
        if sixteenths(score) != sixteenths(midi, late=1):
            held.append(path)
    assert len(held) <= 0.15 * len(hymns)
    assert all("fermata" in path.read_text(encoding="utf-8") for path in held)


def midi_of(hymn: Path) -> Path:
    return hymn.parent.parent / "midi" / f"{hymn.stem}.mid"
