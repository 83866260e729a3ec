"""Loading and saving by content and suffix; what cannot be read is said in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from antiphon import io
from antiphon.errors import AntiphonError, FormatError, OutputError
from antiphon.score.notes import Notes
from antiphon.score.score import Score

SCORE = Score(Notes.of([0, 480], [480, 960], [60, 64], 100), track_names=("a",))


@pytest.mark.parametrize("suffix", io.suffixes())
def test_every_format_round_trips_through_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tune{suffix}"
    io.save(SCORE, path)
    again = io.load(path)
    assert again == SCORE
    assert again.source == str(path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_at_least_one_format_is_known() -> None:
    assert len(io.formats()) >= 1
    assert {".mid", ".midi", ".rmi", ".kar"} <= set(io.suffixes())


def test_content_counts_more_than_the_name(tmp_path: Path) -> None:
    path = tmp_path / "tune.txt"
    path.write_bytes(io.dumps_midi(SCORE))
    assert io.load(path) == SCORE


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "zeros.mid"
    with path.open("wb") as file:
        file.truncate(500 << 20)
    with pytest.raises(FormatError, match="500 MiB"):
        io.load(path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("zeros.mid", bytes(1000), "no MIDI file"),
        ("empty.mid", b"", "empty file"),
        ("page.html", b"<html>", "known are"),
        ("none", b"", "known are"),
    ],
)
def test_what_is_no_music_is_refused_in_one_line(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FormatError, match=words) as refusal:
        io.load(path)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "no.mid", tmp_path):
        with pytest.raises(FormatError, match="Cannot read"):
            io.load(path)


def test_unknown_suffixes_and_unwritable_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"\.mid"):
        io.save(SCORE, tmp_path / "tune.xyz")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        io.save(SCORE, tmp_path / "file" / "tune.mid")
    assert issubclass(FormatError, AntiphonError)
