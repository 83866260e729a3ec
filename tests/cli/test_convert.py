"""`convert`, `show` and `formats`: one piece, all pieces of a file, whole folders."""

from __future__ import annotations

import errno
import json
import os
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from antiphon import io
from antiphon.cli import convert, formats, show
from antiphon.data import conversion
from antiphon.data.build import build
from antiphon.errors import (
    AntiphonError,
    BusyError,
    EmptyError,
    FormatError,
    IncompleteError,
    InputError,
    NameNotFound,
    OptionError,
    StorageError,
)
from antiphon.extract.melody import MelodyOptions
from antiphon.files import claimed
from antiphon.io.notesequence import tfrecord
from antiphon.io.notesequence.messages import note_sequence
from antiphon.io.records import read
from antiphon.score.notes import Notes
from antiphon.score.score import Score

Run = Callable[..., Result]
EVERYTHING = MelodyOptions(min_bars=0, min_pitch_classes=1)


@pytest.fixture
def run() -> Run:
    app = typer.Typer(pretty_exceptions_enable=False)
    for verb in (convert, formats, show):
        verb.register(app)

    def invoke(*words: object) -> Result:
        result = CliRunner().invoke(app, [str(word) for word in words])
        if isinstance(result.exception, IncompleteError):
            return result
        if isinstance(result.exception, AntiphonError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result

    return invoke


def tune(pitch: int) -> Score:
    return Score(
        Notes.of([0, 480], [480, 960], [pitch, pitch + 1]), track_names=("p",), title=f"tune {pitch}"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two tunes of one name, one below, a damaged one, and a file that is no music."""
    for name, pitch in (("a.mid", 60), ("a.pb", 62), ("below/b.mid", 64)):
        io.save(tune(pitch), tmp_path / "music" / name)
    (tmp_path / "music" / "bad.mid").write_bytes(b"MThd")
    (tmp_path / "music" / "notes.txt").write_text("hello")
    return tmp_path / "music"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    tfrecord.write(tmp_path / "book.tfrecord", map(tune, (60, 62, 64)))
    return tmp_path / "book.tfrecord"


def test_a_file_to_a_file(run: Run, folder: Path, tmp_path: Path) -> None:
    assert run("convert", folder / "a.mid", tmp_path / "x.pb").stdout.split() == [str(tmp_path / "x.pb")]
    assert io.load(tmp_path / "x.pb") == tune(60)


def test_a_piece_of_a_file(run: Run, book: Path, tmp_path: Path) -> None:
    run("convert", f"{book}#2", tmp_path / "x.mid")
    run("convert", f"{book}#2", f"{tmp_path}/out/")
    assert io.load(tmp_path / "x.mid") == io.load(tmp_path / "out" / "book-2.mid") == tune(62)


def test_all_pieces_of_a_file(run: Run, book: Path, tmp_path: Path) -> None:
    result = run("convert", book, f"{tmp_path}/out/", "--to", "pb")
    assert "3 converted, 0 left out" in result.stderr
    assert [io.load(tmp_path / "out" / f"book-{n}.pb").title for n in (1, 2, 3)] == [
        "tune 60",
        "tune 62",
        "tune 64",
    ]


def test_a_folder_to_a_folder(run: Run, folder: Path, tmp_path: Path) -> None:
    result = run("convert", folder, f"{tmp_path}/out/")
    assert "3 converted, 1 left out" in result.stderr
    assert "bad.mid" in result.stderr
    found = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert found == {"a.mid", "a-2.mid", "below/b.mid"}
    assert isinstance(result.exception, IncompleteError)
    assert "1 of 4" in str(result.exception)


def test_what_is_no_music_is_no_failure(run: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "bad.mid").unlink()
    os.mkfifo(folder / "pipe.mid")
    (folder / "again").symlink_to(folder, target_is_directory=True)
    for target in (f"{tmp_path}/out/", tmp_path / "all.tfrecord"):
        result = run("convert", folder, target)
        assert "3 converted, 2 left out" in result.stderr
        assert result.exception is None
    (folder / "gone.mid").symlink_to(tmp_path / "nowhere.mid")
    assert isinstance(run("convert", folder, f"{tmp_path}/more/").exception, IncompleteError)


def test_a_full_disk_ends_a_conversion_at_once(
    folder: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    told: list[str] = []
    with pytest.raises(StorageError, match="No space left"):
        conversion.to_folder(str(folder), tmp_path / "out", ".mid", told.append)
    assert not [why for why in told if "space" in why]


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES])
def test_an_unreadable_file_costs_itself(
    folder: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    real = os.open

    def broken(path: object, *more: int, **others: int) -> int:
        if str(path).endswith("a.pb"):
            raise OSError(number, os.strerror(number))
        return real(path, *more, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", broken)
    (folder / "info.csv").write_text("file,style\na.mid,reel\n")
    result = run("convert", folder, f"{tmp_path}/out/")
    assert "2 converted, 2 left out" in result.stderr
    assert os.strerror(number) in result.stderr
    report = build([folder], tmp_path / "corpus", workers=1, options={"melody": EVERYTHING})
    assert report.ledger.by_result["unreadable"] == 2
    assert os.strerror(number) in " ".join(entry.detail for entry in report.ledger.entries)


def test_a_damaged_table_beside_music_is_none_of_a_conversions_business(
    folder: Path, tmp_path: Path, run: Run
) -> None:
    (folder / "MANIFEST.tsv").write_bytes(b"path\tgroup\n\xff\n")
    assert "3 converted" in run("convert", folder, f"{tmp_path}/out/").stderr


def test_two_conversions_into_one_folder_take_turns(folder: Path, tmp_path: Path) -> None:
    out, said = tmp_path / "out", list[str]()
    with claimed(out), pytest.raises(BusyError, match="Another process"):
        conversion.to_folder(str(folder), out, ".mid", said.append)
    with ThreadPoolExecutor(1) as pool:
        with claimed(out):
            waiting = pool.submit(conversion.to_folder, str(folder), out, ".mid", str, wait=said.append)
            deadline = time.monotonic() + 10
            while "waiting" not in " ".join(said) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert not list(out.iterdir())
        assert waiting.result().done == 3
    assert "waiting" in said[-1]


@pytest.mark.parametrize("verb", ["show", "convert"])
def test_a_pipe_is_refused_and_not_waited_for(run: Run, tmp_path: Path, verb: str) -> None:
    pipe = tmp_path / "x.mid"
    os.mkfifo(pipe)
    with pytest.raises(FormatError, match="a pipe, not a file"):
        run(verb, pipe, *([tmp_path / "y.pb"] if verb == "convert" else []))
    with pytest.raises(FormatError, match="a pipe, not a file"):
        run(verb, f"{pipe}#1", *([tmp_path / "y.pb"] if verb == "convert" else []))
    with pytest.raises(FormatError, match="a device, not a file"):
        run(verb, "/dev/zero", *([tmp_path / "y.pb"] if verb == "convert" else []))
    with pytest.raises(FormatError, match="a pipe, not a file"):
        list(read(pipe))
    os.unlink(pipe)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(pipe))
        with pytest.raises(FormatError, match="a socket, not a file"):
            run("show", pipe)


def test_no_file_that_is_read_is_written_over(run: Run, folder: Path, book: Path) -> None:
    io.save(tune(70), folder / "a.MID")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    run("convert", folder, f"{folder}/")
    assert {path: path.read_bytes() for path in before} == before
    names = sorted(path.name for path in folder.rglob("*") if path not in before and path.is_file())
    assert names == ["a-2.mid", "a-3.mid", "a-4.mid", "b-2.mid"]
    for source, target in ((folder / "a.mid",) * 2, (f"{book}#2", book), (book, book)):
        with pytest.raises(OptionError, match="the file that is read"):
            run("convert", source, target)


def test_a_folder_to_one_file_says_where_each_piece_comes_from(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    result = run("convert", folder, tmp_path / "all.tfrecord")
    assert "3 converted, 1 left out" in result.stderr
    assert isinstance(result.exception, IncompleteError)
    messages = [note_sequence()["NoteSequence"].FromString(p) for p in read(tmp_path / "all.tfrecord")]
    assert [m.filename for m in messages] == ["a.mid", "a.pb", "below/b.mid"]
    assert {m.collection_name for m in messages} == {"music"}
    assert messages[0].id == "/id/midi/music/d7e0e2b60e4b6b124e635f12edb60e23f3e87903"  # SHA-1 of a.mid
    assert [m.source_info.encoding_type for m in messages] == [3, 0, 3]


def test_what_cannot_be_done_is_said(run: Run, folder: Path, book: Path, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.mid").write_bytes(b"MThd")
    for words, error in [
        ((book, tmp_path / "x.mid"), FormatError),
        ((folder, tmp_path / "x.mid"), FormatError),
        ((f"{book}#7", tmp_path / "x.mid"), NameNotFound),
        ((tmp_path / "none.mid", tmp_path / "x.mid"), FormatError),
        ((tmp_path / "none", f"{tmp_path}/out/"), InputError),
        ((book, tmp_path / "x.tfrecord", "--to", ".mid"), OptionError),
        ((book, f"{tmp_path}/out/", "--to", "xyz"), OptionError),
        ((tmp_path / "bad", f"{tmp_path}/out/"), EmptyError),
        ((tmp_path / "bad", tmp_path / "x.tfrecord"), EmptyError),
    ]:
        with pytest.raises(error):
            run("convert", *words)
    assert not (tmp_path / "x.tfrecord").exists()
    assert not (tmp_path / "x.mid").exists()


def test_training_examples_become_music(run: Run, training_examples: Path, tmp_path: Path) -> None:
    assert "10 converted" in run("convert", training_examples, f"{tmp_path}/out/").stderr
    second = io.load(tmp_path / "out" / "melodies-2.mid")
    assert second.notes.pitch[:4].tolist() == [60, 71, 74, 60]
    assert (second.notes.start[1] * 2).item() == second.ticks_per_quarter


def test_pieces_are_listed(run: Run, book: Path) -> None:
    result = run("show", book)
    assert [line.split()[:3] for line in result.stdout.splitlines()[1:]] == [
        [str(n), "tune", str(pitch)] for n, pitch in ((1, 60), (2, 62), (3, 64))
    ]
    assert "#1" in result.stderr
    listed = json.loads(run("show", book, "--json", "--pieces", 2).stdout)
    assert listed["n_pieces"] == 3
    assert listed["pieces"][1] == {"name": "2", "title": "tune 62", "n_notes": 2, "duration_s": 1.0}
    assert len(listed["pieces"]) == 2
    assert "tune 64" in run("show", f"{book}#3").stdout


def test_damaged_pieces_are_listed_too(run: Run, book: Path) -> None:
    data = bytearray(book.read_bytes())
    data[30] ^= 1
    book.write_bytes(data)
    first, second, _ = json.loads(run("show", book, "--json").stdout)["pieces"]
    assert "checksum" in first["error"]
    assert second["title"] == "tune 62"
    assert "checksum" in run("show", book).stdout


def test_formats_are_listed(run: Run) -> None:
    found = json.loads(run("formats", "--json").stdout)
    assert {"MIDI", "NoteSequence", "NoteSequence TFRecord"} <= {entry["name"] for entry in found}
    assert all(entry["suffixes"] and entry["carries"] for entry in found)
    table = run("formats").stdout
    assert all(entry["name"] in table for entry in found)
