from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from antiphon.data.build import BuildReport, Progress, build
from antiphon.data.build_plan import CHUNK_SIZE
from antiphon.data.corpus import Corpus
from antiphon.data.ledger import Ledger, LedgerEntry
from antiphon.errors import CorpusError, EmptyError, OptionError, OutputError
from antiphon.extract.melody import MelodyOptions
from antiphon.io import save
from antiphon.score.notes import Notes
from antiphon.score.score import Score

Tunes = Callable[..., Path]
Tune = Callable[..., Score]

RESULT = ("corpus.json", "ledger.tsv", "pieces.jsonl", "melody/events.npy", "melody/table.npy")


def content(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in RESULT}


def splits(corpus: Corpus) -> dict[str, str]:
    return {
        corpus.source(index): name
        for name in ("train", "validation", "test")
        for index in corpus.split(name).tolist()  # type: ignore[arg-type]
    }


def script(tmp_path: Path, loader: str, source: Path, out: Path, **options: object) -> Path:
    """A program that builds with another reader, in its workers too: a spawned process runs its top again."""
    path = tmp_path / f"build_{out.name}.py"
    arguments = ", ".join(f"{name}={value!r}" for name, value in options.items())
    path.write_text(
        "import os, signal, time\n"
        "from antiphon.data import extraction\n"
        "real = extraction.load\n"
        f"{loader}\n"
        "extraction.load = load\n"
        "if __name__ == '__main__':\n"
        "    from antiphon.data.build import build\n"
        f"    build([{str(source)!r}], {str(out)!r}, {arguments})\n"
    )
    return path


def test_the_number_of_workers_changes_nothing(tunes: Tunes, tmp_path: Path) -> None:
    folder = tunes(2 * CHUNK_SIZE + 10)
    (folder / "broken.mid").write_bytes(b"MThd\0\0")
    for name, workers in (("one", 1), ("three", 3)):
        build([folder], tmp_path / name, workers=workers)
    assert content(tmp_path / "one") == content(tmp_path / "three")
    assert Corpus.open(tmp_path / "one").n > 100


@pytest.mark.slow
def test_a_build_that_was_killed_goes_on_to_the_same_bytes(tunes: Tunes, tmp_path: Path) -> None:
    folder, out = tunes(4 * CHUNK_SIZE), tmp_path / "killed"
    slow = "def load(path):\n    time.sleep(0.02)\n    return real(path)"
    process = subprocess.Popen([sys.executable, script(tmp_path, slow, folder, out, workers=2)])
    chunks = out / "chunks"
    while process.poll() is None and len(list(chunks.glob("0*.npz"))) < 2:
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    with pytest.raises(CorpusError, match="unfinished"):
        Corpus.open(out)
    report = build([folder], out, workers=1)
    assert CHUNK_SIZE <= report.reused < 4 * CHUNK_SIZE
    build([folder], tmp_path / "uninterrupted", workers=1)
    assert content(out) == content(tmp_path / "uninterrupted")
    left = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if "chunks" not in path.parts)
    assert left == sorted([*RESULT, "melody"])


@pytest.mark.slow
def test_a_file_that_kills_or_hangs_its_reader_costs_itself_only(tunes: Tunes, tmp_path: Path) -> None:
    folder, out = tunes(CHUNK_SIZE + 6), tmp_path / "survived"
    names = sorted(path.name for path in folder.iterdir())
    killer, hanger, last = names[3], names[CHUNK_SIZE + 1], names[-1]
    loader = (
        "def load(path):\n"
        "    name = os.path.basename(str(path))\n"
        f"    if name == {killer!r}: os.kill(os.getpid(), signal.SIGSEGV)\n"
        f"    if name == {last!r}: os._exit(3)\n"
        f"    if name == {hanger!r}: time.sleep(600)\n"
        "    return real(path)"
    )
    command = script(tmp_path, loader, folder, out, workers=2, time_limit_s=1.5)
    subprocess.run([sys.executable, command], check=True, timeout=120)
    ledger = Corpus.open(out).ledger()
    lost = {Path(entry.path).name: entry.detail for entry in ledger.entries if entry.result == "unreadable"}
    assert set(lost) == {killer, hanger, last}
    assert "SIGSEGV" in lost[killer]
    assert "more than 1.5 s" in lost[hanger]
    assert "status 3" in lost[last]
    assert ledger.by_result["used"] + ledger.by_result["duplicate"] == CHUNK_SIZE + 3


def test_a_full_disk_ends_the_build_and_blames_no_piece(tunes: Tunes, tmp_path: Path) -> None:
    folder, out = tunes(2 * CHUNK_SIZE), tmp_path / "full"
    full = (
        "import resource\n"
        "if __name__ == '__main__': resource.setrlimit(resource.RLIMIT_FSIZE, (9000, resource.RLIM_INFINITY))"
    )
    command = script(tmp_path, f"load = real\n{full}", folder, out, workers=2)
    ended = subprocess.run([sys.executable, command], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("antiphon.errors.OutputError: Cannot write")
    assert "Process SpawnProcess" not in ended.stderr
    assert not list(out.rglob(".*"))
    assert build([folder], out, workers=1).ledger.by_result["unreadable"] == 0


def test_a_fault_in_a_reader_is_named(tunes: Tunes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(path: str) -> Score:
        raise ZeroDivisionError("in the\nreader")

    monkeypatch.setattr("antiphon.data.extraction.load", load)
    with pytest.raises(EmptyError, match="ZeroDivisionError: in the reader"):
        build([tunes(2)], tmp_path / "out", workers=1)


def test_every_file_is_in_the_ledger_with_its_fate(tune: Tune, tmp_path: Path) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    save(tune(1), folder / "good.mid")
    save(tune(1, transpose=3), folder / "same in another key.mid")
    chord = Notes.of([0, 0, 480], [480, 480, 960], [60, 64, 67])
    save(Score(chord), folder / "chords.mid")
    save(Score(Notes.of([0], [480], [60])), folder / "short.mid")
    save(Score(Notes.none()), folder / "silent.mid")
    (folder / "corrupt.mid").write_bytes(b"MThd\0\0\0\6\0\1\0\1\0\0\0\0")
    (folder / "zeros.mid").write_bytes(bytes(1000))
    (folder / "read me.txt").write_text("words")
    report = build([folder], tmp_path / "out", workers=1)
    outcomes = {Path(entry.path).name: entry for entry in report.ledger.entries}
    assert set(outcomes) == {path.name for path in folder.iterdir()}
    assert {name: entry.result for name, entry in outcomes.items()} == {
        "good.mid": "used",
        "same in another key.mid": "duplicate",
        "chords.mid": "nothing",
        "short.mid": "nothing",
        "silent.mid": "nothing",
        "corrupt.mid": "unreadable",
        "zeros.mid": "unreadable",
        "read me.txt": "not music",
    }
    assert all(entry.reason() for entry in outcomes.values() if entry.result != "used")
    assert "good.mid" in outcomes["same in another key.mid"].detail
    assert Ledger.read(tmp_path / "out" / "ledger.tsv") == report.ledger
    assert sum(report.ledger.by_result.values()) == 8
    assert report.ledger.causes()["polyphonic"] == 1


def test_names_with_tabs_and_odd_bytes_survive_the_ledger(tune: Tune, tmp_path: Path) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    save(tune(1), folder / "tab\tand\nline \\n.mid")
    os.link(folder / "tab\tand\nline \\n.mid", os.fsencode(folder) + b"/latin\xe9.mid")
    report = build([folder], tmp_path / "out", workers=1)
    assert Ledger.read(tmp_path / "out" / "ledger.tsv") == report.ledger
    assert {Path(entry.path).name for entry in report.ledger.entries} == {
        path.name for path in folder.iterdir()
    }


def test_causes_with_the_ledgers_own_signs_can_be_read_back(tmp_path: Path) -> None:
    entry = LedgerEntry("a.mid", "a", "nothing", losses=(("no notes on track 'a; b: c'", 2),))
    Ledger.of([entry]).write(tmp_path / "ledger.tsv")
    (found,) = Ledger.read(tmp_path / "ledger.tsv").entries
    assert found.losses == (("no notes on track 'a, b: c'", 2),)


def test_copies_and_variants_never_stand_on_both_sides(tune: Tune, tmp_path: Path) -> None:
    folder = tmp_path / "music"
    for kind in ("plain", "transposed", "variants"):
        (folder / kind).mkdir(parents=True)
    for number in range(40):
        save(
            tune(number),
            folder / "plain" / f"air {'abcdefghij'[number // 10]}{'abcdefghij'[number % 10]}x.mid",
        )
        save(tune(number, transpose=5), folder / "transposed" / f"k{number:06d}.mid")
        save(
            tune(number, changed=4),
            folder / "variants" / f"{'abcdefghij'[number // 10]}-{number:05d}-piece.mid",
        )
    corpus = build([folder], tmp_path / "out", workers=1, duplicates="keep").corpus
    assert len(corpus.groups) == 40
    assert corpus.n == 120
    assert {np.unique(corpus.table["group"], return_counts=True)[1].max()} == {3}
    assert len(set(splits(corpus).values())) == 3


def test_a_manifest_keeps_a_whole_group_together(tunes: Tunes, tmp_path: Path) -> None:
    folder = tunes(30)
    names = sorted(path.name for path in folder.iterdir())
    rows = [f"{name}\tset:{place // 3}" for place, name in enumerate(names)]
    (folder / "MANIFEST.tsv").write_text("\n".join(["path\tgroup", *rows]) + "\n")
    corpus = build([folder], tmp_path / "out", workers=1).corpus
    assert set(corpus.groups) == {f"set:{number}" for number in range(10)}


def test_adding_files_moves_nothing(tunes: Tunes, tune: Tune, tmp_path: Path) -> None:
    folder, out = tunes(CHUNK_SIZE + 20), tmp_path / "out"
    before = splits(build([folder], out, workers=1).corpus)
    tunes(40, first=500)
    for number in range(20):
        save(tune(number, transpose=2), folder / f"a copy of {number}, to be read first.mid")
        save(tune(number, changed=5), folder / f"another look at {number}, to be read first.mid")
    report = build([folder], out, workers=1)
    assert report.reused == CHUNK_SIZE
    after = splits(report.corpus)
    assert len(before) == CHUNK_SIZE + 20
    assert {path: after[path] for path in before} == before
    assert len(after) > len(before)


def test_a_second_build_reads_nothing_again(tunes: Tunes, tmp_path: Path) -> None:
    folder, out = tunes(10), tmp_path / "out"
    build([folder], out, workers=1)
    first = content(out)
    assert build([folder], out, workers=1).reused == 10
    assert content(out) == first


def test_changed_options_are_told_and_followed(tunes: Tunes, tmp_path: Path) -> None:
    folder, out, said = tunes(6), tmp_path / "out", []

    def rebuilt(**changes: object) -> BuildReport:
        def listen(progress: Progress) -> None:
            said.extend([progress.message] if progress.message else [])

        return build([folder], out, workers=1, progress=listen, **changes)  # type: ignore[arg-type]

    rebuilt()
    report = rebuilt(options={"melody": MelodyOptions(min_bars=6, max_steps=64)})
    assert "min_bars was 7, is 6" in said[-1]
    assert "max_steps was 512, is 64" in said[-1]
    assert report.reused == 0
    assert report.corpus.lengths.max() == 64
    assert len(list((out / "chunks").glob("*.npz"))) == 1


def test_a_changed_file_is_read_again(tunes: Tunes, tune: Tune, tmp_path: Path) -> None:
    folder, out = tunes(3), tmp_path / "out"
    before = build([folder], out, workers=1).corpus.digest
    path = sorted(folder.iterdir())[0]
    save(tune(77), path)
    os.utime(path, ns=(1, 1))
    assert build([folder], out, workers=1).corpus.digest != before


def test_the_same_music_elsewhere_is_the_same_music(tunes: Tunes, tmp_path: Path) -> None:
    folder = tunes(4)
    shutil.copytree(folder, tmp_path / "copy" / folder.name)
    found = [build([where], tmp_path / f"out{n}", workers=1).corpus.digest
             for n, where in enumerate((folder, tmp_path / "copy" / folder.name))]  # fmt: skip
    assert found[0] == found[1]
    (folder / "MANIFEST.tsv").write_text(
        "path\tgroup\n" + "".join(f"{path.name}\tone\n" for path in folder.glob("*.mid"))
    )
    assert build([folder], tmp_path / "out2", workers=1).corpus.digest != found[0], "groups decide the splits"


def test_a_damaged_chunk_is_made_again(tunes: Tunes, tmp_path: Path) -> None:
    folder, out = tunes(3), tmp_path / "out"
    build([folder], out, workers=1)
    first = content(out)
    chunk = next((out / "chunks").glob("*.npz"))
    chunk.write_bytes(chunk.read_bytes()[:100])
    assert build([folder], out, workers=1).reused == 0
    assert content(out) == first


def test_progress_counts_every_file(tunes: Tunes, tmp_path: Path) -> None:
    seen: list[Progress] = []
    build([tunes(CHUNK_SIZE + 3)], tmp_path / "out", workers=1, progress=seen.append)
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert (done[-1], seen[-1].total) == (CHUNK_SIZE + 3, CHUNK_SIZE + 3)


def test_nothing_at_all_says_why_file_by_file(tmp_path: Path) -> None:
    folder, out = tmp_path / "music", tmp_path / "out"
    folder.mkdir()
    for number in range(12):
        save(Score(Notes.of([0], [480], [60 + number])), folder / f"{number:02}.mid")
    with pytest.raises(EmptyError) as caught:
        build([folder], out, workers=1)
    message = str(caught.value)
    assert "\n" not in message
    assert "shorter than 7 bars (12)" in message
    assert "00.mid" in message
    assert "and 4 more" in message
    assert str(out / "ledger.tsv") in message
    assert len(Ledger.read(out / "ledger.tsv").entries) == 12


def test_a_folder_without_music_says_what_it_found(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "letter.doc").write_text("x")
    with pytest.raises(EmptyError, match=r"letter\.doc: not a music file \(\.doc\)"):
        build([tmp_path / "music"], tmp_path / "out", workers=1)


@pytest.mark.parametrize(
    "wrong", [{"workers": 0}, {"duplicates": "maybe"}, {"steps_per_quarter": 0}, {"time_limit_s": 0}]
)
def test_options_outside_their_range_are_refused(
    tunes: Tunes, tmp_path: Path, wrong: dict[str, object]
) -> None:
    with pytest.raises(OptionError):
        build([tunes(1)], tmp_path / "out", **wrong)  # type: ignore[arg-type]


def test_a_place_that_cannot_be_written_says_so(tunes: Tunes, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        build([tunes(1)], tmp_path / "file" / "out", workers=1)


def test_hymns(dataset: Callable[[str], Path], tmp_path: Path) -> None:
    folder = dataset("chorales/open-hymnal")
    report = build([folder / "midi"], tmp_path / "out", workers=1)
    table = dict(
        line.split("\t")[:3:2] for line in (folder / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()
    )
    paths = [Path(entry.path).relative_to(folder).as_posix() for entry in report.ledger.entries]
    assert sorted(paths) == sorted(path for path in table if path.startswith("midi/"))
    side = splits(report.corpus)
    by_group: dict[str, set[str]] = {}
    for path, split in side.items():
        by_group.setdefault(table[Path(path).relative_to(folder).as_posix()], set()).add(split)
    assert len(by_group) > 150
    assert all(len(found) == 1 for found in by_group.values())
