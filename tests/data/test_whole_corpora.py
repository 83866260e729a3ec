"""Nothing is lost: one build at a time in a folder, nothing left of killed ones, sources known by content."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from antiphon.data import select as selection
from antiphon.data.build import build
from antiphon.data.check import check
from antiphon.data.corpus import Corpus
from antiphon.errors import AntiphonError, BusyError, CorpusError
from antiphon.files import TEMPORARY, claimed
from antiphon.io import load, save
from antiphon.io.notesequence import tfrecord
from antiphon.score.score import Score

Tunes = Callable[..., Path]
Tune = Callable[..., Score]


def temporaries(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.startswith(".")]


def test_a_folder_is_built_in_by_one_at_a_time(tunes: Tunes, tmp_path: Path) -> None:
    folder, out = tunes(3), tmp_path / "out"
    with claimed(out):
        with pytest.raises(BusyError, match="Another process writes"):
            build([folder], out, workers=1)
        assert not list(out.iterdir())
    build([folder], out, workers=1)
    chosen = selection.select(out, ["notes>0"])
    with claimed(tmp_path / "part"), pytest.raises(BusyError, match="Another process writes"):
        selection.write(chosen, tmp_path / "part")
    assert not list((tmp_path / "part").iterdir())
    assert selection.write(chosen, tmp_path / "part")["pieces"] == 3


def test_two_builds_at_once_are_one_build_and_one_line(tunes: Tunes, tmp_path: Path) -> None:
    folder, out = tunes(150), tmp_path / "out"
    words = [sys.executable, "-m", "antiphon", "corpus", "build", folder, "-o", out, "--workers", "1"]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in "ab"]
    said = [process.communicate(timeout=120)[1] for process in both]
    codes = [process.returncode for process in both]
    for code, text in zip(codes, said, strict=True):
        assert code == 0 or (text.startswith("antiphon: Another process writes") and text.count("\n") == 1)
    assert 0 in codes
    assert not check(out).damaged


def test_nothing_is_left_of_a_killed_build(tunes: Tunes, tmp_path: Path) -> None:
    folder, out = tunes(5), tmp_path / "out"
    build([folder], out, workers=1)
    writer = (
        "import sys, time; from contextlib import ExitStack; from pathlib import Path\n"
        "from antiphon.files import atomic_path\n"
        "with ExitStack() as stack:\n"
        "    for name in sys.argv[1:]: stack.enter_context(atomic_path(Path(name)))\n"
        "    print('there', flush=True); time.sleep(600)\n"
    )
    targets = [out / "ledger.tsv", out / "melody" / "events.npy", out / "chunks" / "00007-x.npz"]
    command = [sys.executable, "-c", writer, *map(str, targets)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "there\n"
        assert len(temporaries(out)) == 3
        process.send_signal(signal.SIGKILL)
    words = [sys.executable, "-m", "antiphon", "corpus", "build", folder, "-o", out, "--workers", "1"]
    subprocess.run(words, check=True, capture_output=True)
    assert temporaries(out) == []
    assert not check(out).damaged


def test_what_an_ended_worker_left_is_removed_by_the_same_build(tunes: Tunes, tmp_path: Path) -> None:
    folder, out = tunes(3), tmp_path / "out"
    build([folder], out, workers=1)
    (out / "chunks" / f"{TEMPORARY}abc.npz").write_bytes(b"half")  # this process has swept the folder
    build([folder], out, workers=1)
    assert temporaries(out) == []


def same_size_and_time(path: Path, other: bytes) -> None:
    status = path.stat()
    assert len(other) == status.st_size
    path.write_bytes(other)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def changed(path: Path) -> bytes:
    """The same music with one pitch other."""
    score = load(path)
    pitch = score.notes.pitch.copy()
    pitch[3] += 1
    save(score.replace(notes=score.notes.replace(pitch=pitch)), path.with_suffix(".pb"))
    save(score.replace(notes=score.notes.replace(pitch=pitch)), other := path.with_name("other.mid"))
    path.with_suffix(".pb").unlink()
    data = other.read_bytes()
    other.unlink()
    return data


@pytest.mark.parametrize("by_content", [False, True])
def test_a_change_at_equal_size_and_time_is_noticed_by_content(
    tunes: Tunes, tmp_path: Path, by_content: bool
) -> None:
    folder, out = tunes(4), tmp_path / "out"
    before = build([folder], out, workers=1, by_content=by_content).corpus.digest
    assert build([folder], out, workers=1, by_content=by_content).reused == 4
    same_size_and_time(path := sorted(folder.iterdir())[1], changed(sorted(folder.iterdir())[1]))
    found = check(out, sources=True)
    assert not found.damaged
    assert found.sources
    assert (found.sources.same, found.sources.changed) == (3, [str(path)])
    report = build([folder], out, workers=1, by_content=by_content)
    assert (report.reused, report.corpus.digest != before) == ((0, True) if by_content else (4, False))
    os.utime(path)
    assert build([folder], out, workers=1, by_content=by_content).reused == (4 if by_content else 0)
    renewed = build([folder], out, workers=1, by_content=by_content).corpus
    assert renewed.digest != before
    assert not check(out, sources=True).sources.changed  # type: ignore[union-attr]


def test_sources_that_went_away_and_books_are_checked(tune: Tune, tunes: Tunes, tmp_path: Path) -> None:
    folder, out = tunes(3), tmp_path / "out"
    tfrecord.write(folder / "book.tfrecord", [tune(10), tune(11)])
    (folder / "notes.doc").write_text("x")
    build([folder], out, workers=1)
    found = check(out, sources=True).sources
    assert found
    assert (found.same, found.changed, found.gone, found.unrecorded) == (5, [], [], 0)
    tfrecord.write(folder / "book.tfrecord", [tune(10), tune(12)])
    gone = sorted(folder.glob("*.mid"))[0]
    gone.unlink()
    found = check(out, sources=True).sources
    assert found
    assert found.same == 3
    assert found.changed == [f"{folder}/book.tfrecord#2"]
    assert found.gone == [str(gone)]
    lines = [json.loads(line) for line in (out / "pieces.jsonl").read_text().splitlines()]
    assert [len(line.get("sha256", "")) for line in lines] == [64] * 5 + [0]


def test_check_says_it_in_words_and_by_its_exit_code(
    told: Callable[..., Result], tunes: Tunes, tmp_path: Path
) -> None:
    folder, out = tunes(3), tmp_path / "out"
    with pytest.raises(CorpusError, match="no corpus"):
        check(out)
    build([folder], out, workers=1)
    result = told("check", out, "--sources")
    assert result.exit_code == 0
    assert "5 files, 3 sequences: all as they were built." in result.stdout
    assert "3 pieces are what they were." in result.stdout
    sorted(folder.iterdir())[0].unlink()
    assert told("check", out).exit_code == 0
    result = told("check", out, "--sources")
    assert isinstance(result.exception, CorpusError)
    assert "1 are gone" in str(result.exception)
    assert "gone: " in result.stdout
    ledger = out / "ledger.tsv"
    ledger.write_text(ledger.read_text().replace("reel", "jig_"))
    result = told("check", out)
    assert isinstance(result.exception, CorpusError)
    assert "ledger.tsv' was altered" in result.stdout
    figures = json.loads(told("check", out, "--json").stdout)
    assert len(figures["damaged"]) == 1


def test_a_selection_is_checked_like_a_corpus(tunes: Tunes, tmp_path: Path) -> None:
    build([tunes(6)], tmp_path / "out", workers=1)
    selection.write(selection.select(tmp_path / "out", ["path~a"]), tmp_path / "part")
    found = check(tmp_path / "part", sources=True)
    assert (found.damaged, found.untold) == ((), ())
    assert found.sources
    assert found.sources.same == Corpus.open(tmp_path / "part").manifest["pieces"]


def test_opening_takes_no_longer_for_a_larger_corpus(tmp_path: Path, tunes: Tunes) -> None:
    """A file of ids is mapped, and looked at here and there."""
    out = build([tunes(2)], tmp_path / "out", workers=1).folder
    started = time.perf_counter()
    for _ in range(20):
        Corpus.open(out)
    assert (time.perf_counter() - started) / 20 < 0.05


def test_names_that_are_no_text_pass_through_everything(tunes: Tunes, tmp_path: Path) -> None:
    folder, out = tunes(2), tmp_path / "out"
    try:
        sorted(folder.iterdir())[0].rename(folder / os.fsdecode(b"caf\xe9 song.mid"))
    except (OSError, AntiphonError):
        pytest.skip("this system has no such names")
    build([folder], out, workers=1)
    part = selection.write(selection.select(out, ["path!=\udce9"]), tmp_path / "part")
    assert part["selected"]["where"] == ["path!=\udce9"]
    for corpus in (out, tmp_path / "part"):
        found = check(corpus, sources=True)
        assert not found.damaged
        assert found.sources
        assert found.sources.same == 2
