from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from antiphon.data import metadata, metadata_tables
from antiphon.data.metadata import MetadataLookup
from antiphon.errors import FormatError
from antiphon.io import Place
from antiphon.score.notes import Notes
from antiphon.score.score import Score


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "music" / "sub").mkdir(parents=True)
    return tmp_path / "music"


def metadata_of(folder: Path, name: str) -> metadata.Metadata:
    return MetadataLookup().of(str(folder / name))


def test_groups_come_from_the_nearest_table_that_lists_the_file(folder: Path) -> None:
    (folder / "MANIFEST.tsv").write_text('path\tgroup\nb.mid\touter "b"\nsub/c.mid\touter c\na.MID\t\n')
    (folder / "sub" / "MANIFEST.csv").write_text('path,group\nc.mid,"inner, c"\n')
    assert metadata_of(folder, "b.mid") == {"group": ['outer "b"']}
    assert metadata_of(folder, "sub/c.mid") == {"group": ["inner, c"]}
    assert metadata_of(folder, "a.MID") == {}


def test_a_sidecar_wins_and_other_json_is_none_of_ours(folder: Path) -> None:
    (folder / "MANIFEST.tsv").write_text("path\tgroup\tstyle\nb.mid\ttable\treel\n")
    sidecar = {"group": "sidecar", "Genre": ["folk", "dance"], "year": 1782, "features": [0.5] * 99, "of": {}}
    (folder / "b.json").write_text(json.dumps(sidecar))
    for name, text in (("a", "[1, 2"), ("c", "[1, 2]"), ("d", "[" * 100_000), ("e", "\udcff")):
        (folder / f"{name}.json").write_bytes(text.encode("utf-8", "surrogateescape"))
        assert metadata_of(folder, f"{name}.mid") == {}
    expected = {"group": ["sidecar"], "genre": ["folk", "dance"], "year": ["1782"], "style": ["reel"]}
    assert metadata_of(folder, "b.mid") == expected


def test_a_manifest_that_gives_groups_to_no_paths_says_so(folder: Path) -> None:
    (folder / "MANIFEST.tsv").write_text("name\tgroup\nb.mid\tx\n")
    with pytest.raises(FormatError, match="expected 'path'"):
        metadata_of(folder, "b.mid")


def test_any_table_of_files_counts_and_others_do_not(folder: Path) -> None:
    (folder / "info.csv").write_text(
        "Drummer,Style,bpm,midi_filename,audio_filename\n"
        "one,funk/groove1,138,sub/a.mid,sub/a.wav\n"
        "two,,90,sub\\b.mid,\n"
    )
    (folder / "prices.csv").write_text("article,price\nsub/a.mid,3\n")
    (folder / "empty.csv").write_text("")
    assert metadata_of(folder, "sub/a.mid") == {
        "drummer": ["one"],
        "style": ["funk/groove1"],
        "bpm": ["138"],
        "audio_filename": ["sub/a.wav"],
    }
    assert metadata_of(folder, "sub/b.mid") == {"drummer": ["two"], "bpm": ["90"]}
    assert metadata_of(folder, "sub/c.mid") == {}


def test_names_of_files_are_found_below_and_without_their_suffix(folder: Path) -> None:
    (folder / "tracks.csv").write_text("file;Title of it\n001;First\n002.mid;Second\n")
    assert metadata_of(folder, "sub/001.mid") == {"title_of_it": ["First"]}
    assert metadata_of(folder, "002.mid") == metadata_of(folder, "sub/002.mid") == {"title_of_it": ["Second"]}


def test_a_column_of_paths_means_just_that_place(folder: Path) -> None:
    (folder / "list.csv").write_text("path,style\n001.mid,jig\n./sub/002.mid,reel\n")
    assert metadata_of(folder, "001.mid") == {"style": ["jig"]}
    assert metadata_of(folder, "sub/001.mid") == {}
    assert metadata_of(folder, "sub/002.mid") == {"style": ["reel"]}


def test_a_row_may_mean_one_piece_of_a_book_or_all(folder: Path) -> None:
    (folder / "MANIFEST.tsv").write_text("path\tstyle\tbook\nb.abc\t\tBook\nb.abc#2\tjig\t\n")
    book = str(folder / "b.abc")
    assert MetadataLookup().of(Place(book, "2")) == {"style": ["jig"], "book": ["Book"]}
    assert MetadataLookup().of(Place(book, "3")) == {"book": ["Book"]}


def test_only_a_few_folders_up_are_looked_at(folder: Path) -> None:
    deep = folder / "a" / "b" / "c" / "d"
    deep.mkdir(parents=True)
    (folder / "info.csv").write_text("filename,style\nx.mid,jig\n")
    (folder / "MANIFEST.csv").write_text("path,group\na/b/c/d/x.mid,all\n")
    assert metadata_of(folder, "a/b/c/x.mid") == {"style": ["jig"]}
    assert metadata_of(folder, "a/b/c/d/x.mid") == {"group": ["all"]}


def test_old_encodings_are_read_but_not_in_a_manifest(folder: Path) -> None:
    (folder / "info.csv").write_bytes("file,artist\nx.mid,Françoise\n".encode("latin-1"))
    assert metadata_of(folder, "x.mid") == {"artist": ["Françoise"]}
    (folder / "info.csv").rename(folder / "MANIFEST.csv")
    with pytest.raises(FormatError, match=r"MANIFEST\.csv' cannot be read .*UTF-8"):
        metadata_of(folder, "x.mid")


def test_a_damaged_table_gives_one_clear_line(folder: Path) -> None:
    (folder / "info.csv").write_text('file,artist\nx.mid,"' + "endless\n" * 40_000)
    with pytest.raises(FormatError, match=r"info\.csv' cannot be read \(field larger") as caught:
        metadata_of(folder, "x.mid")
    assert "\n" not in str(caught.value)


def test_odd_rows_cost_nothing(folder: Path) -> None:
    long = "z" * 5000
    (folder / "info.csv").write_text(
        f"file,artist,note\nshort\n\nx.mid,a\x1f\tb,{long},more,cells\nx.mid,late,\n"
    )
    assert metadata_of(folder, "x.mid") == {"artist": ["a b"], "note": [long[: metadata_tables.MAX_TEXT]]}
    assert metadata_of(folder, "short") == {}


def test_a_folder_or_pipe_named_like_a_table_is_passed_over(folder: Path) -> None:
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    assert metadata_of(folder, "x.mid") == {}


def test_every_table_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "info.csv").write_text("file,n\n" + "".join(f"{n}.mid,{n}\n" for n in range(5000)))
    read: list[str] = []
    real = metadata_tables.read

    def counted(path: str) -> metadata_tables.MetadataTable | None:
        read.append(path)
        return real(path)

    monkeypatch.setattr(metadata_tables, "read", counted)
    lookup = MetadataLookup()
    found = [lookup.of(str(folder / way / f"{n}.mid")) for way in ("", "sub") for n in range(5000)]
    assert found == [{"n": [str(n)]} for _ in range(2) for n in range(5000)]
    assert read.count(str(folder / "info.csv")) == 1


def test_what_a_score_says() -> None:
    score = Score(
        Notes.none(),
        title="Cooley's\nReel",
        about=(("composer", "Trad."), ("genre", "folk"), ("genre", "x" * 999), ("", "?"), ("z", "")),
    )
    assert metadata.of_score(score) == {
        "title": ["Cooley's Reel"],
        "composer": ["Trad."],
        "genre": ["folk", "x" * metadata_tables.MAX_TEXT],
    }
    assert metadata.of_score(Score(Notes.none())) == {}


def test_merged_takes_each_name_from_the_first_that_has_it() -> None:
    first, second = {"a": ["1"]}, {"a": ["2"], "b": ["3"]}
    assert metadata.merged(first, second) == {"a": ["1"], "b": ["3"]}
    assert first == {"a": ["1"]}


def test_the_tables_of_the_groove_set(dataset: Callable[[str], Path]) -> None:
    folder = dataset("drums/groove-midi-dataset")
    found = MetadataLookup().of(
        str(folder / "groove" / "drummer1" / "eval_session" / "1_funk-groove1_138_beat_4-4.mid")
    )
    assert found["style"] == ["funk/groove1"]
    assert (found["bpm"], found["drummer"], found["licence"]) == (["138"], ["drummer1"], ["CC BY 4.0"])
    assert found["group"] == ["gmd:eval:funk/groove1"]
