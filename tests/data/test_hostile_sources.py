"""Folders as they are found: what cannot be read is named with its reason, nothing hangs, nothing ends."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from antiphon.data import sources
from antiphon.data.build import build
from antiphon.data.corpus import Corpus
from antiphon.data.ledger import Ledger, LedgerEntry
from antiphon.data.sources import find
from antiphon.errors import EmptyError, InputError
from antiphon.io import places, save
from antiphon.score.score import Score

Tunes = Callable[..., Path]
Tune = Callable[..., Score]

ODD = "caf\udce9 \udcff"
"""A name whose bytes are no UTF-8."""


def outcomes(entries: tuple[LedgerEntry, ...], folder: Path) -> dict[str, tuple[str, str]]:
    return {os.path.relpath(entry.path, folder): (entry.result, entry.detail) for entry in entries}


def test_everything_odd_in_a_folder_is_named(tunes: Tunes, tmp_path: Path) -> None:
    folder = tunes(2)
    (folder / "sub").mkdir()
    os.symlink(folder, folder / "sub" / "up", target_is_directory=True)
    os.symlink(folder / "nowhere.mid", folder / "dangling.mid")
    os.symlink(folder / "turns.mid", folder / "turns.mid")
    os.symlink("/dev/zero", folder / "endless.mid")
    os.mkfifo(folder / "pipe.mid")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(folder / "socket.mid"))
        ledger = build([folder], tmp_path / "out", workers=1).ledger
    found = outcomes(ledger.entries, folder)
    assert ledger.by_result == {"used": 2, "unreadable": 5, "not music": 1}
    assert found["sub/up"] == ("not music", "a link to a folder that is read already.")
    assert found["dangling.mid"] == ("unreadable", "a link that leads nowhere.")
    assert found["turns.mid"] == ("unreadable", "a link that leads nowhere.")
    assert found["endless.mid"] == ("unreadable", "a device, not a file.")
    assert found["pipe.mid"] == ("unreadable", "a pipe, not a file.")
    assert found["socket.mid"] == ("unreadable", "a socket, not a file.")
    assert ledger == Ledger.read(tmp_path / "out" / "ledger.tsv")


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """`locked(folder)`: nobody may list it, whoever runs the tests."""
    real = os.scandir

    def lock(folder: Path) -> None:
        def scandir(path: str) -> Iterator[os.DirEntry[str]]:
            if os.path.samefile(path, folder):
                raise PermissionError(13, "Permission denied", path)
            return real(path)

        monkeypatch.setattr(sources.os, "scandir", scandir)

    return lock


def test_a_folder_that_cannot_be_listed_is_a_row(
    tunes: Tunes, tmp_path: Path, locked: Callable[[Path], None]
) -> None:
    folder = tunes(2)
    (folder / "secret").mkdir()
    locked(folder / "secret")
    ledger = build([folder], tmp_path / "out", workers=1).ledger
    assert ledger.by_result == {"used": 2, "unreadable": 1}
    reason = "the folder cannot be listed (Permission denied)."
    assert outcomes(ledger.entries, folder)["secret"] == ("unreadable", reason)
    assert ledger.causes()["the folder cannot be listed"] == 1


def test_only_a_locked_folder_says_why_nothing_came(tmp_path: Path, locked: Callable[[Path], None]) -> None:
    (tmp_path / "secret").mkdir()
    locked(tmp_path / "secret")
    with pytest.raises(EmptyError, match="cannot be listed"):
        build([tmp_path / "secret"], tmp_path / "out", workers=1)


def test_a_file_that_may_not_be_read_is_a_row(tunes: Tunes, tmp_path: Path) -> None:
    folder = tunes(2)
    path = sorted(folder.iterdir())[0]
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("whoever runs the tests may read everything")
    ledger = build([folder], tmp_path / "out", workers=1).ledger
    assert outcomes(ledger.entries, folder)[path.name][0] == "unreadable"


def test_a_file_that_vanishes_is_a_row(tunes: Tunes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tunes(3)
    gone = sorted(folder.iterdir())[1]
    real = sources.in_corpus_order

    def in_corpus_order(*arguments: object) -> object:
        gone.unlink(missing_ok=True)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("antiphon.data.build.in_corpus_order", in_corpus_order)
    ledger = build([folder], tmp_path / "out", workers=1).ledger
    result, detail = outcomes(ledger.entries, folder)[gone.name]
    assert (result, "No such file" in detail) == ("unreadable", True)


def test_folders_deeper_than_any_stack_are_walked_through(tmp_path: Path, tune: Tune) -> None:
    save(tune(1), tmp_path / "tune.mid")
    (tmp_path / "deep").mkdir()
    there, depth = os.open(tmp_path / "deep", os.O_RDONLY), 0
    while depth < 1200:
        os.mkdir("d", dir_fd=there)
        below = os.open("d", os.O_RDONLY, dir_fd=there)
        os.close(there)
        there, depth = below, depth + 1
    os.link(tmp_path / "tune.mid", "tune.mid", dst_dir_fd=there)
    os.close(there)
    found = find([tmp_path], (".mid",))
    subprocess.run(["rm", "-r", tmp_path / "deep"], check=True)  # `shutil.rmtree` has a stack
    assert [len(found.music), len(found.skipped)] == [2, 0]


def test_names_that_are_no_utf8_go_through_everything(tune: Tune, tmp_path: Path) -> None:
    folder = tmp_path / f"folder {ODD}"
    folder.mkdir()
    save(tune(1), folder / f"one {ODD}.mid")
    save(tune(2), folder / f"two {ODD}\t\n.mid")
    (folder / f"broken {ODD}.mid").write_bytes(b"MThd")
    os.symlink("nowhere", folder / f"link {ODD}.mid")
    (tmp_path / "list.txt").write_bytes(os.fsencode(f"folder {ODD}/one {ODD}.mid\n"))
    out = tmp_path / f"out {ODD}"
    report = build([folder], out, workers=2, kinds=("melody", "polyphony"))
    assert report.ledger == Ledger.read(out / "ledger.tsv")
    assert report.ledger.by_result == {"used": 2, "unreadable": 2}
    assert {report.corpus_of("melody").source(i) for i in range(2)} == {
        str(folder / f"one {ODD}.mid"), str(folder / f"two {ODD}\t\n.mid"),
    }  # fmt: skip
    assert len([*Corpus.open(out, "melody").pieces()]) == 4
    assert sum(len(Corpus.open(out, "melody").split(name)) for name in ("train", "validation", "test")) == 2
    assert build([folder], out, workers=1, kinds=("melody", "polyphony")).reused == 3
    assert len(find([tmp_path / "list.txt"], (".mid",)).music) == 1


def test_only_files_that_may_hold_many_pieces_are_opened(
    tunes: Tunes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, opened = tunes(5), []
    for name in ("book.tfrecord", "broken.tfrecord"):
        (folder / name).write_bytes(b"no records at all")

    def noting(path: str) -> object:
        opened.append(os.path.basename(path))
        return places(path)

    monkeypatch.setattr(sources, "places", noting)
    found = find([folder], (".mid", ".tfrecord"))
    assert sorted(opened) == ["book.tfrecord", "broken.tfrecord"]
    assert len(found.music) >= 7


def test_a_file_of_no_whole_piece_is_a_row_with_its_reason(tunes: Tunes, tmp_path: Path) -> None:
    folder = tunes(1)
    (folder / "empty.tfrecord").write_bytes(b"")
    (folder / "cut.tfrecord").write_bytes(b"\x05\0\0\0\0\0\0\0")
    ledger = build([folder], tmp_path / "out", workers=1).ledger
    lost = {Path(e.path).name.split("#")[0]: e.detail for e in ledger.entries if e.result == "unreadable"}
    assert set(lost) == {"empty.tfrecord", "cut.tfrecord"}
    assert all(lost.values())


def test_what_is_no_file_cannot_be_given(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mid")
    with pytest.raises(InputError, match="no file"):
        find([tmp_path / "pipe.mid"], (".mid",))
    (tmp_path / "list.txt").write_bytes(b"\0\n")
    with pytest.raises(InputError, match="Line 1"):
        find([tmp_path / "list.txt"], (".mid",))


def test_a_corpus_is_not_built_from_its_own_folder(tunes: Tunes, tmp_path: Path) -> None:
    folder = tunes(2)
    for out in (folder, folder / ".." / folder.name):
        with pytest.raises(InputError, match="the folder of the corpus itself; choose another -o"):
            build([folder], out, workers=1)
    build([folder], folder / "corpus", workers=1)
    assert build([folder], folder / "corpus", workers=1).reused == 2


def test_texts_of_all_kinds_stand_in_the_pieces(tune: Tune, tmp_path: Path) -> None:
    save(tune(1).replace(title="Ωmega\x07 \u2028 tune"), tmp_path / "a.mid")
    corpus = build([tmp_path / "a.mid"], tmp_path / "out", workers=1).corpus
    lines = (tmp_path / "out" / "pieces.jsonl").read_bytes().split(b"\n")
    assert len(lines) == 2
    assert json.loads(lines[0]) == next(corpus.pieces())


def test_a_pipe_beside_a_piece_is_no_sidecar(tunes: Tunes, tmp_path: Path) -> None:
    folder = tunes(1)
    os.mkfifo(folder / f"{next(folder.iterdir()).stem}.json")
    assert build([folder], tmp_path / "out", workers=1).ledger.by_result["used"] == 1


def test_a_file_in_a_folder_that_cannot_be_listed_is_read(
    tunes: Tunes, tmp_path: Path, locked: Callable[[Path], None]
) -> None:
    path = next(tunes(1).iterdir())
    locked(path.parent)
    assert build([path], tmp_path / "out", workers=1).corpus.n == 1
