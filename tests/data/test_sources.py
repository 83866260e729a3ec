from __future__ import annotations

import os
from pathlib import Path

import pytest

from antiphon.data.sources import find, in_corpus_order
from antiphon.errors import EmptyError, InputError

SUFFIXES = (".mid",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.mid", "a.MID", "notes.doc", ".hidden.mid", "sub/c.mid", "sub/.git/d.mid", "corpus/e.mid"):
        path = tmp_path / "music" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "music"


def names(sources: object) -> list[str]:
    return [Path(str(getattr(source, "place", source))).name for source in sources]  # type: ignore[attr-defined]


def test_a_folder_is_walked_by_name_without_hidden_files_and_without_the_corpus(folder: Path) -> None:
    found = find([folder], SUFFIXES, leave_out=folder / "corpus")
    assert names(found.music) == ["a.MID", "b.mid", "c.mid"]
    assert names(found.other) == ["notes.doc"]


def test_what_is_named_twice_is_found_once_and_keeps_its_first_place(folder: Path) -> None:
    found = find([folder / "b.mid", folder], SUFFIXES)
    assert names(found.music) == ["b.mid", "a.MID", "e.mid", "c.mid"]


def test_a_file_named_by_itself_counts_as_music(folder: Path) -> None:
    assert names(find([folder / "notes.doc"], SUFFIXES).music) == ["notes.doc"]


@pytest.mark.parametrize("name", ["list.txt", "list.lst"])
def test_a_list_is_relative_to_itself(folder: Path, name: str) -> None:
    (folder / name).write_text("# a list\nb.mid\n\nsub/c.mid\n")
    assert names(find([folder / name], SUFFIXES).music) == ["b.mid", "c.mid"]
    assert names(find([f"@{folder / name}"], SUFFIXES).music) == ["b.mid", "c.mid"]


def test_a_list_names_the_line_that_is_wrong(folder: Path) -> None:
    (folder / "list.txt").write_text("b.mid\nnowhere.mid\n")
    with pytest.raises(InputError, match="Line 2 of"):
        find([folder / "list.txt"], SUFFIXES)


def test_links_in_a_circle_end(folder: Path) -> None:
    os.symlink(folder, folder / "sub" / "up", target_is_directory=True)
    assert names(find([folder], SUFFIXES).music).count("b.mid") == 1


def test_paths_stay_as_they_were_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert [str(source.place) for source in find(["./sub", "b.mid"], SUFFIXES).music] == [
        "sub/c.mid",
        "b.mid",
    ]
    assert find(["."], SUFFIXES).music[0].place.path == "a.MID"


def test_an_empty_folder_and_a_missing_one_say_so(tmp_path: Path) -> None:
    with pytest.raises(EmptyError, match="no file"):
        find([tmp_path], SUFFIXES)
    with pytest.raises(InputError, match="is not there"):
        find([tmp_path / "nowhere"], SUFFIXES)


def test_earlier_files_come_first(folder: Path) -> None:
    music = find([folder], SUFFIXES).music
    ordered = in_corpus_order(music, [str(music[2].place), str(music[0].place), "gone.mid"])
    assert ordered == [music[2], music[0], music[1], music[3]]
