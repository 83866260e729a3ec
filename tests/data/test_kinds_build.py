"""Builds of several kinds of sequences at once, from pieces in files of many."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon.codecs import examples
from antiphon.codecs.kinds import KINDS, Standing
from antiphon.data import extraction
from antiphon.data.build import BuildReport, build
from antiphon.data.build_plan import CHUNK_SIZE
from antiphon.data.corpus import Corpus
from antiphon.data.ledger import Ledger
from antiphon.errors import CorpusError, EmptyError, NameNotFound, OptionError
from antiphon.extract.melody import MelodyOptions
from antiphon.extract.performance import PerformanceOptions
from antiphon.io import load, save
from antiphon.io.notesequence import tfrecord
from antiphon.score.notes import Notes
from antiphon.score.quantize import quantize
from antiphon.score.score import Score

Tune = Callable[..., Score]
Band = Callable[..., Score]
KINDS_HERE = ("melody", "drums", "polyphony", "performance")


@pytest.fixture
def band(tune: Tune) -> Band:
    """`band(number, transpose=0, beat=None)`: a tune with chords on another part and drums of its own."""

    def make(number: int, transpose: int = 0, beat: int | None = None) -> Score:
        melody = tune(number, transpose).notes
        rng = np.random.default_rng([9, number])
        start = np.repeat(np.arange(0, 8 * 1920, 960), 3)
        chords = Notes.of(start, start + 960, rng.integers(40, 56, len(start)) + transpose, track=1)
        drums = np.random.default_rng([10, number if beat is None else beat])
        hits = np.flatnonzero(drums.random(8 * 16) < 0.7) * 120
        kit = Notes.of(hits, hits + 60, drums.choice([36, 38, 42, 46], len(hits)), track=2, is_drum=True)
        return Score(Notes.join([melody, chords, kit]), track_names=("tune", "chords", "drums"))

    return make


@pytest.fixture
def bands(band: Band, tmp_path: Path) -> Callable[[int], Path]:
    """`bands(n)` is a folder of n of them."""

    def make(n: int) -> Path:
        folder = tmp_path / "bands"
        folder.mkdir()
        for number in range(n):
            save(band(number), folder / f"song of {'abcdefghij'[number % 10] * 3}{number:03d}town.mid")
        return folder

    return make


def content(folder: Path) -> dict[str, bytes]:
    """All files of a corpus but its chunks."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "chunks" not in path.parts
    }


def ids(corpus: Corpus) -> list[list[Any]]:
    return [corpus.ids(index).tolist() for index in range(corpus.n)]


def test_each_kind_is_what_a_build_of_its_own_gives(bands: Callable[[int], Path], tmp_path: Path) -> None:
    folder = bands(6)
    together = build([folder], tmp_path / "all", kinds=KINDS_HERE, workers=1, duplicates="keep")
    assert together.kinds == KINDS_HERE
    for name in KINDS_HERE:
        alone = build([folder], tmp_path / name, kinds=(name,), workers=1, duplicates="keep").corpus
        here = together.corpus_of(name)
        assert here.n >= 6
        assert ids(here) == ids(alone)
        assert [here.source(i) for i in range(here.n)] == [alone.source(i) for i in range(alone.n)]


@pytest.mark.parametrize("name", KINDS_HERE)
def test_sequences_come_back_as_they_were_extracted(
    bands: Callable[[int], Path], tmp_path: Path, name: str
) -> None:
    corpus = build([bands(2)], tmp_path / "out", kinds=(name,), workers=1).corpus
    kind = KINDS[name]
    reading = kind.extractor.reading(kind.extractor.options(), 4)
    found = [
        kind.extractor.extract(quantize(load(path), reading.grid), kind.extractor.options()).sequences
        for path in dict.fromkeys(corpus.source(index) for index in range(corpus.n))
    ]
    expected = [sequence for several in found for sequence in several]
    assert corpus.n == len(expected) > 0
    for index, sequence in enumerate(expected):
        assert np.array_equal(corpus.ids(index), kind.encode(sequence))
        assert corpus.standing(index) == Standing.of(sequence)
        assert np.array_equal(kind.encode(corpus.sequence(index)), kind.encode(sequence))


def test_a_piece_is_read_once_and_quantised_once_a_reading(
    bands: Callable[[int], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: Counter[str] = Counter()

    def counting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            counts[name] += 1
            return real(*arguments)

        return call

    for name in ("load", "quantize", "sustained"):
        monkeypatch.setattr(extraction, name, counting(name, getattr(extraction, name)))
    kinds = ("melody", "drums", "polyphony", "performance", "note-performance")
    build([bands(3)], tmp_path / "out", kinds=kinds, workers=1)
    assert counts == {"load": 3, "quantize": 6, "sustained": 3}


def test_a_corpus_of_several_kinds_wants_one_named(bands: Callable[[int], Path], tmp_path: Path) -> None:
    folder, out = bands(3), tmp_path / "out"
    report = build([folder], out, kinds=("melody", "drums"), workers=1)
    with pytest.raises(CorpusError, match=r"melody, drums"):
        Corpus.open(out)
    with pytest.raises(CorpusError, match="not 'performance'"):
        Corpus.open(out, "performance")
    assert Corpus.open(out, "drums").kinds == ("melody", "drums")
    assert report.corpus_of("drums").digest == report.corpus_of("melody").digest
    with pytest.raises(CorpusError, match="holds sequences of the kind 'melody,drums'"):
        build([folder], out, kinds=("melody",), workers=1)


@pytest.mark.parametrize("kinds", [(), ("melody", "melody"), "melody"])
def test_kinds_that_are_no_list_of_kinds_are_refused(kinds: Any, tmp_path: Path) -> None:
    with pytest.raises(OptionError):
        build([tmp_path], tmp_path / "out", kinds=kinds)


def test_kinds_and_options_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NameNotFound, match="melody"):
        build([tmp_path], tmp_path / "out", kinds=("melodies",))
    with pytest.raises(OptionError, match="drums"):
        build([tmp_path], tmp_path / "out", options={"drums": None})
    with pytest.raises(OptionError, match="MelodyOptions"):
        build([tmp_path], tmp_path / "out", options={"melody": 3})
    with pytest.raises(OptionError, match="engine"):
        build([tmp_path], tmp_path / "out", engine="cloud")  # type: ignore[arg-type]


def test_losses_name_their_kind_where_there_are_several(tune: Tune, tmp_path: Path) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    save(tune(1), folder / "a fine tune.mid")
    save(Score(Notes.of([0], [480], [60])), folder / "too short.mid")
    several = build([folder], tmp_path / "several", kinds=("melody", "drums"), workers=1).ledger
    one = build([folder], tmp_path / "one", workers=1).ledger
    assert one.causes() == {"shorter than 7 bars": 1}
    assert several.causes()["melody: shorter than 7 bars"] == 1
    assert sum(n for cause, n in several.causes().items() if cause.startswith("drums: ")) == 2
    assert [entry.result for entry in several.entries] == ["used", "nothing"]
    assert several == Ledger.read(tmp_path / "several" / "ledger.tsv")


def test_a_kind_of_which_nothing_came_is_empty(tune: Tune, tmp_path: Path) -> None:
    save(tune(1), tmp_path / "a fine tune.mid")
    kinds = ("melody", "drums", "leadsheet")
    report = build([tmp_path / "a fine tune.mid"], tmp_path / "out", kinds=kinds, workers=1)
    assert [report.corpus_of(kind).n for kind in kinds] == [1, 0, 0]
    assert report.corpus_of("leadsheet").events.shape == (0, 4)
    assert report.corpus_of("drums").groups == ()
    with pytest.raises(EmptyError, match="No drums or leadsheet came of 1 files"):
        build([tmp_path / "a fine tune.mid"], tmp_path / "none", kinds=("drums", "leadsheet"), workers=1)


def test_a_failing_extractor_costs_its_kind_only(
    bands: Callable[[int], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def extract(score: Any, options: Any) -> Any:
        raise ZeroDivisionError("in the\nextractor")

    broken = KINDS["drums"].extractor
    monkeypatch.setitem(broken.__dict__, "extract", extract)
    report = build([bands(2)], tmp_path / "out", kinds=("melody", "drums"), workers=1)
    assert report.corpus_of("melody").n == 2
    (cause,) = (cause for cause in report.ledger.causes() if cause.startswith("drums: "))
    assert "The extractor failed" in cause


def test_all_kinds_of_a_piece_stand_in_one_split(band: Band, tmp_path: Path) -> None:
    """Half of the songs have the tune of another one, half its drums."""
    folder = tmp_path / "music"
    folder.mkdir()
    for number in range(30):
        save(band(number), folder / f"a{number:06d}q.mid")
        save(band(number, transpose=3, beat=500 + number), folder / f"b{number:06d}q.mid")
        save(band(900 + number, beat=number), folder / f"c{number:06d}q.mid")
    kinds = ("melody", "drums", "performance")
    report = build([folder], tmp_path / "out", kinds=kinds, workers=1)
    split_of_piece: dict[int, set[str]] = {}
    for kind in kinds:
        corpus = report.corpus_of(kind)
        for name in ("train", "validation", "test"):
            for piece in corpus.table["piece"][corpus.split(name)].tolist():  # type: ignore[arg-type]
                split_of_piece.setdefault(piece, set()).add(name)
    assert len(split_of_piece) > 60
    assert all(len(splits) == 1 for splits in split_of_piece.values())
    assert len({entry.group for entry in report.ledger.entries}) == 30
    assert report.manifest["kinds"]["melody"]["likeness"] == {"transposed duplicate": 30}
    assert report.manifest["kinds"]["drums"]["likeness"] == {"exact duplicate": 30}


def test_what_is_known_of_every_piece_is_kept(bands: Callable[[int], Path], tmp_path: Path) -> None:
    folder = bands(CHUNK_SIZE + 2)
    (folder / "letter.doc").write_text("x")
    (folder / "broken.mid").write_bytes(b"MThd\0\0")
    rows = [f"{path.name}\tfunk" for path in folder.glob("song*.mid")]
    (folder / "MANIFEST.tsv").write_text("\n".join(["path\tstyle", *rows]) + "\n")
    corpus = build([folder], tmp_path / "out", workers=1).corpus
    known = list(corpus.pieces())
    entries = corpus.ledger().entries
    assert len(known) == len(entries) == CHUNK_SIZE + 5
    for entry, piece in zip(entries, known, strict=True):
        read = entry.result not in ("unreadable", "not music")
        assert ("seconds" in piece["facts"]) == read
        assert piece["about"].get("style") == (["funk"] if read else None)
    lines = (corpus.folder / "pieces.jsonl").read_text().splitlines(keepends=True)
    (corpus.folder / "pieces.jsonl").write_text("{")
    with pytest.raises(CorpusError, match="pieces"):
        list(Corpus.open(corpus.folder).pieces())
    for damaged in (lines[:3], ["[]\n", *lines[1:]], ['{"facts": {"tempo": "fast"}}\n', *lines[1:]]):
        (corpus.folder / "pieces.jsonl").write_text("".join(damaged))
        with pytest.raises(CorpusError, match=r"pieces.jsonl' is missing or damaged"):
            Corpus.open(corpus.folder).step_seconds.sum()


@pytest.fixture
def records(tune: Tune, tmp_path: Path) -> Callable[..., Path]:
    """`records(n)` is a TFRecord file of n tunes, of which every other one has a title."""

    def make(n: int) -> Path:
        path = tmp_path / "music" / "many.tfrecord"
        path.parent.mkdir(exist_ok=True)
        titles = (f"The {'abcdefghij'[number % 10] * 4} Reel" if number % 2 else "" for number in range(n))
        tfrecord.write(path, (tune(number).replace(title=title) for number, title in enumerate(titles)))
        return path

    return make


def test_every_piece_of_a_file_has_its_row_and_its_group(
    records: Callable[[int], Path], tmp_path: Path
) -> None:
    path = records(6)
    report = build([path.parent], tmp_path / "out", workers=1)
    names = [entry.path for entry in report.ledger.entries]
    assert len(set(names)) == 6
    assert all(name.startswith(f"{path}#") for name in names)
    groups = [entry.group for entry in report.ledger.entries]
    assert [group for group in groups if "#" not in group] == ["thebbbbreel", "theddddreel", "theffffreel"]
    assert [group for group in groups if "#" in group] == [
        f"many#{name.split('#')[1]}" for name in names[::2]
    ]
    assert (report.manifest["files"], report.manifest["pieces"], report.corpus.n) == (1, 6, 6)
    assert np.array_equal(report.corpus.ids(0), build_of_one(names[0], tmp_path).ids(0))


def build_of_one(name: str, tmp_path: Path) -> Corpus:
    save(load(name), tmp_path / "one.mid")
    return build([tmp_path / "one.mid"], tmp_path / "alone", workers=1).corpus


def test_a_record_that_is_damaged_costs_itself_only(records: Callable[[int], Path], tmp_path: Path) -> None:
    path = records(5)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    report = build([path], tmp_path / "out", workers=1)
    assert report.ledger.by_result["used"] >= 2
    assert report.ledger.by_result["unreadable"] >= 1
    assert all(entry.detail for entry in report.ledger.entries if entry.result == "unreadable")


@pytest.mark.slow
def test_a_piece_that_hangs_costs_itself_only(records: Callable[[int], Path], tmp_path: Path) -> None:
    path, out = records(8), tmp_path / "out"
    name = str(build([path], tmp_path / "first", workers=1).ledger.entries[3].path)
    command = program(
        tmp_path,
        f"def load(place):\n    if str(place) == {name!r}: time.sleep(600)\n    return real(place)",
        f"build([{str(path)!r}], {str(out)!r}, workers=2, time_limit_s=1.5)",
    )
    subprocess.run([sys.executable, command], check=True, timeout=120)
    lost = [entry for entry in Corpus.open(out).ledger().entries if entry.result == "unreadable"]
    assert [entry.path for entry in lost] == [name]
    assert "more than 1.5 s" in lost[0].detail


def program(tmp_path: Path, loader: str, command: str) -> Path:
    """A program that builds with another reader, in its workers too: a spawned process runs its top again."""
    path = tmp_path / "build.py"
    path.write_text(
        "import time\nfrom antiphon.data import extraction\nfrom antiphon.data.build import build\n"
        f"real = extraction.load\n{loader}\nextraction.load = load\n"
        f"if __name__ == '__main__':\n    {command}\n"
    )
    return path


@pytest.mark.slow
def test_a_build_killed_at_any_moment_goes_on_to_the_same_bytes(
    bands: Callable[[int], Path], records: Callable[[int], Path], tmp_path: Path
) -> None:
    """Killed with all its workers: twice while it reads, once while it judges or writes."""
    sources, out = [str(bands(CHUNK_SIZE)), str(records(CHUNK_SIZE + 5).parent)], tmp_path / "out"
    whole: BuildReport = build(sources, tmp_path / "whole", kinds=KINDS_HERE, workers=1)
    command = program(
        tmp_path,
        "load = real",
        f"build({sources!r}, {str(out)!r}, kinds={KINDS_HERE!r}, workers=2)",
    )
    draw, kills = random.Random(1), 0
    for n_chunks in (1, 2, 3):
        process = subprocess.Popen([sys.executable, command], start_new_session=True)
        while process.poll() is None and len(list(out.glob("chunks/0*.npz"))) < n_chunks:
            time.sleep(0.005)
        time.sleep(draw.uniform(0, 0.1))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    subprocess.run([sys.executable, command], check=True)
    assert kills >= 2
    assert content(out) == content(whole.folder)
    assert not list(out.rglob(".*"))


def test_several_workers_give_the_same_bytes(bands: Callable[[int], Path], tmp_path: Path) -> None:
    folder = bands(CHUNK_SIZE + 8)
    for name, workers in (("one", 1), ("two", 2)):
        build([folder], tmp_path / name, kinds=KINDS_HERE, workers=workers)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_options_of_each_kind_are_told_apart(bands: Callable[[int], Path], tmp_path: Path) -> None:
    folder, out, said = bands(2), tmp_path / "out", []
    build([folder], out, kinds=("melody", "drums"), workers=1)
    build(
        [folder], out, kinds=("melody", "drums"), options={"melody": MelodyOptions(min_bars=3)}, workers=1,
        progress=lambda progress: said.append(progress.message),
    )  # fmt: skip
    assert any("melody: min_bars was 7, is 3" in message for message in said)
    assert not any("drums: min_bars" in message for message in said)
    kinds = json.loads((out / "corpus.json").read_text())["kinds"]
    assert (kinds["melody"]["options"]["min_bars"], kinds["drums"]["options"]["min_bars"]) == (3, 7)


def test_training_examples_are_sequences_already(training_examples: Path, tmp_path: Path) -> None:
    report = build(
        [training_examples], tmp_path / "out", kinds=("melody", "drums"), workers=1, duplicates="keep"
    )
    corpus = report.corpus_of("melody")
    expected = [
        KINDS["melody"].encode(melody).tolist() for melody in examples.read(training_examples, "melody")
    ]
    assert corpus.n == len(expected) == 10
    assert ids(corpus) == expected
    assert all(piece["facts"]["notes"] for piece in corpus.pieces())
    with pytest.raises(EmptyError, match="A training example of melody"):
        build([training_examples], tmp_path / "none", kinds=("drums",), workers=1)


def test_tunes_of_a_book_are_grouped_by_their_titles(tmp_path: Path) -> None:
    """A book is no group: a tune stands with those of its title in other books, else alone."""
    scales = (
        "C2D2E2F2|G2A2B2c2|c2B2A2G2|F2E2D2C2",
        "c2A2F2D2|B2G2E2C2|A2F2D2B,2|G2E2C2A,2",
        "C3DE3F|GcG2E4|d3BAGFB|D2E2F2B2",
    )
    titles = ("The Old Mill", "Soldier's Joy", "")
    for name, order in (("first", (0, 1, 2)), ("second", (2, 1, 0))):
        tunes = (
            f"X:{number}\nT:{titles[tune]}\nM:4/4\nL:1/8\nK:C\n{'|'.join(2 * [scales[tune]])}|]\n"
            for number, tune in enumerate(order, 5)
        )
        (tmp_path / f"{name} book.abc").write_text("\n".join(tunes))
    books = sorted(tmp_path.glob("*.abc"))
    options = {"melody": MelodyOptions(min_bars=2)}
    report = build(books, tmp_path / "out", options=options, workers=1, duplicates="keep")
    groups = {Path(entry.path).name: entry.group for entry in report.ledger.entries}
    assert len(groups) == 6
    assert groups["first book.abc#5"] == groups["second book.abc#7"] == "theoldmill"
    assert groups["first book.abc#6"] == groups["second book.abc#6"] == "soldiersjoy"
    assert groups["first book.abc#7"] == groups["second book.abc#5"] == "firstbook#7"
    assert report.manifest["likeness"] == {"exact duplicate": 3}


@pytest.mark.parametrize(("split_parts", "programs"), [(True, {0, 128}), (False, {-1})])
def test_percussion_and_several_programs_have_signs_of_their_own(
    split_parts: bool, programs: set[int], bands: Callable[[int], Path], tmp_path: Path
) -> None:
    options = PerformanceOptions(min_events=1, split_parts=split_parts, drums=True)
    found = build(
        [bands(3)], tmp_path / "c", kinds=("performance",), options={"performance": options}, workers=1
    )
    assert set(found.corpus.table["program"].tolist()) == programs
    found.corpus.verify()
