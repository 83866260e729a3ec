"""Real tune books: old tunes against the MIDI that another program made of them, hymns in four voices."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from antiphon import io
from antiphon.errors import FormatError
from antiphon.score.score import Score

# What the other program plays in its own way: ornaments, fermatas, hornpipes, repeats without a beginning.
_PLAYED = re.compile(
    r"[{~THOPMR!]|\|[|]|\[\||\|\]|[<>][ )]*[.)uv\"]|Segno|D\.C|\([579]|\[V|\|:\||\[[^\]\d]*\["
)


def sixteenths(score: Score, late: int = 0) -> list[tuple[int, int]]:
    """(onset, pitch) of the first part."""
    notes = score.notes[score.notes.track == 0]
    steps = np.floor((notes.start - late) * 4 / score.ticks_per_quarter + 0.501).astype(int)
    return sorted(zip(steps.tolist(), notes.pitch.tolist(), strict=True))


def is_plain(text: str) -> bool:
    body = text.replace("\r\n", "\n").partition("\nK:")[2]
    return not _PLAYED.search(body) and not re.search(r"^(R: *[Hh]orn|P:)", text, re.MULTILINE)


def is_equal(path: Path, folder: Path) -> bool:
    """Whether the tune is read, and as the other program read it."""
    midi = io.load(folder / "midi" / path.relative_to(folder).with_suffix(".mid"))
    try:
        return sixteenths(io.load(path)) == sixteenths(midi, late=1)
    except FormatError:
        return False


def test_plain_tunes_equal_the_midi_beside_them(dataset: Callable[[str], Path]) -> None:
    folder = dataset("melody/trad-tunes-abc")
    tunes = sorted(path for path in folder.rglob("*.abc") if is_plain(path.read_text(errors="replace")))[::3]
    assert len(tunes) >= 200
    differing = [path.name for path in tunes if not is_equal(path, folder)]
    assert len(differing) <= 0.03 * len(tunes), differing


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
    folder = dataset("chorales/open-hymnal")
    hymns = sorted((folder / "abc").rglob("*.abc"))[::6]
    assert len(hymns) >= 35
    for path in hymns:
        score = io.load(path)
        assert score.n_tracks >= 2, path.name
        assert score.lyrics
