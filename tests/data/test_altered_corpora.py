"""Whatever is altered in a corpus, whoever reads it refuses in one line or goes on; nothing else happens.
`benchmarks/altered_corpora.py` does it by the thousand, and from the command line."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from antiphon.data import select as selection
from antiphon.data.build import build
from antiphon.data.check import check
from antiphon.data.corpus import Corpus
from antiphon.data.health import examine
from antiphon.data.opening import sample
from antiphon.errors import AntiphonError, CorpusError

Benchmark = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def made(benchmark: Benchmark, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(sources, corpus)."""
    found: tuple[Path, Path] = benchmark("altered_corpora").make_corpus(tmp_path_factory.mktemp("made"), 8)
    return found


@pytest.fixture
def corpus(made: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy to alter."""
    return Path(shutil.copytree(made[1], tmp_path / "corpus"))


def use(number: int, corpus: Path, music: Path, out: Path) -> None:
    """What one of the commands does."""
    if number == 0:
        if damaged := check(corpus).damaged:
            raise CorpusError(damaged[0])
    elif number == 1:
        examine(corpus).as_dict()
    elif number == 2:
        selection.write(selection.select(corpus, ["notes<2000"]), out)
    elif number == 3:
        build([music], corpus, kinds=("melody", "drums", "performance"), workers=1)
    else:
        for opened in Corpus.open_all(corpus):
            assert len(opened.step_seconds) == opened.n
            for name in ("train", "all"):
                for index in opened.split(name).tolist():  # type: ignore[arg-type]
                    (
                        opened.source(index),
                        opened.ids(index),
                        opened.standing(index),
                        opened.steps_per_bar(index),
                    )


def is_refused(number: int, corpus: Path, music: Path, out: Path, done: list[str]) -> bool:
    """Whether the command refuses in one line; any other error is a failure that says what was `done`."""
    try:
        use(number, corpus, music, out)
    except AntiphonError as error:
        if "\n" not in str(error):
            return True
        raise
    except Exception as error:
        raise AssertionError(f"{done}: {error!r}") from error
    return False


def test_altered_corpora_are_used_or_refused(
    benchmark: Benchmark, made: tuple[Path, Path], tmp_path: Path
) -> None:
    altered, refused = benchmark("altered_corpora"), 0
    for number in range(150):
        corpus = tmp_path / "corpus"
        shutil.copytree(made[1], corpus)
        done = altered.alter(corpus, random.Random(f"7:{number}"))
        refused += is_refused(number % 5, corpus, made[0], tmp_path / "out", done)
        shutil.rmtree(corpus)
    assert 70 < refused < 140


def test_every_changed_file_is_named(made: tuple[Path, Path], corpus: Path) -> None:
    assert not check(corpus).damaged
    Corpus.open(corpus, "melody").verify()
    files = [path for path in corpus.rglob("*") if path.is_file() and path.parent.name != "chunks"]
    assert len(files) == 3 + 2 * 3
    for path in files:
        whole = path.read_bytes()
        at = whole.index(b'"files":') + 9 if path.suffix == ".json" else len(whole) - 5
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        found = check(corpus).damaged
        assert len(found) == 1
        assert str(path) in found[0]
        path.write_bytes(whole)
    (corpus / "pieces.jsonl").unlink()
    assert "pieces.jsonl' cannot be read" in check(corpus).damaged[0]


def without_sums(corpus: Path) -> None:
    manifest = json.loads((corpus / "corpus.json").read_text())
    del manifest["sha256"]
    for about in manifest["kinds"].values():
        del about["sample"]
    (corpus / "corpus.json").write_text(json.dumps(manifest))


def test_an_older_corpus_is_read_and_says_what_it_has_not(corpus: Path) -> None:
    without_sums(corpus)
    found = check(corpus)
    assert not found.damaged
    assert "has no sums of files" in found.untold[0]
    Corpus.open(corpus, "melody").verify()
    path = corpus / "drums" / "events.npy"
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    assert "their digest differs" in check(corpus).damaged[0]
    with pytest.raises(CorpusError, match=r"digest differs.*build the corpus again"):
        Corpus.open(corpus, "melody").verify()


def test_ids_that_mean_nothing_are_told_even_where_the_sums_are_right(corpus: Path) -> None:
    from antiphon.data.sums import described

    path = corpus / "melody" / "events.npy"
    data = bytearray(path.read_bytes())
    data[-2:] = (999).to_bytes(2, "little")
    path.write_bytes(data)
    manifest = json.loads((corpus / "corpus.json").read_text())
    groups = [entry.group for entry in Corpus.open(corpus, "drums").ledger().entries]
    (corpus / "corpus.json").write_text(json.dumps(described(corpus, manifest, groups)))
    assert "is no melody" in check(corpus).damaged[0]


def test_opening_looks_at_a_sample_of_the_ids(corpus: Path) -> None:
    path = corpus / "melody" / "events.npy"
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    with pytest.raises(CorpusError, match="altered since it was built"):
        Corpus.open(corpus, "melody")
    Corpus.open(corpus, "drums")


def test_a_sample_is_spread_over_a_large_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    data = np.arange(4 << 20, dtype=np.uint8)
    path.write_bytes(data.tobytes())
    whole = sample([path])
    for place in (0, len(data) - 1):
        changed = data.copy()
        changed[place] ^= 1
        path.write_bytes(changed.tobytes())
        assert sample([path]) != whole


@pytest.mark.parametrize(
    ("column", "row", "value"),
    [
        ("piece", 0, -1), ("piece", 3, 8), ("piece", 3, 1 << 30), ("group", 0, -1), ("group", 0, 1),
        ("group", 5, 1 << 30), ("track", 0, -2), ("program", 0, 129), ("program", 0, -2),
        ("numerator", 0, 0), ("denominator", 0, 0), ("denominator", 0, -4), ("steps_per_quarter", 0, 0),
        ("steps_per_quarter", 0, 97), ("steps_per_second", 0, 100), ("start_in_bar", 0, -1),
        ("start_step", 0, -1), ("start_step", 0, 1 << 62), ("offset", 0, 1), ("offset", 3, -1),
        ("length", 0, -1), ("length", 7, 1 << 30), ("length", 7, 1),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_is_refused(corpus: Path, column: str, row: int, value: int) -> None:
    without_sums(corpus)
    path = corpus / "melody" / "table.npy"
    table = np.load(path)
    assert len(table) == 8
    table[column][row] = value
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - table.nbytes] + table.tobytes())
    with pytest.raises(CorpusError, match=r"table.npy' is damaged \((length|offset|\w+) .* in row \d"):
        Corpus.open(corpus, "melody")


@pytest.mark.parametrize("claim", [10**12, 0, 9, 1 << 63, -1])
def test_a_claimed_shape_is_not_made(corpus: Path, claim: int) -> None:
    path = corpus / "melody" / "table.npy"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"'shape': (8,)", b"'shape': (%d,)" % claim, 1))
    assert path.read_bytes() != data
    with pytest.raises(CorpusError, match="build the corpus again"):
        Corpus.open(corpus, "melody")
    manifest = json.loads((corpus / "corpus.json").read_text())
    manifest["kinds"]["melody"]["n"] = claim
    (corpus / "corpus.json").write_text(json.dumps(manifest))
    with pytest.raises(CorpusError, match="build the corpus again"):
        Corpus.open(corpus, "melody")


@pytest.mark.parametrize(
    "change",
    [
        {"rows": True}, {"rows": 1 << 60}, {"pieces": -1}, {"files": "8"}, {"steps_per_quarter": 10**6},
        {"kinds": {}}, {"kinds": {"../x": {"options": {}, "fields": ["a"], "n": 0, "events": 0}}},
        {"likeness": []}, {"sha256": 3}, {"duplicates": 3}, {"digest": None}, {"digest": "a/b"},
        {"rows": float("nan")},
        {"digest": "\ud800"},
    ],
)  # fmt: skip
def test_a_manifest_of_other_things_is_refused(corpus: Path, change: dict[str, Any]) -> None:
    manifest = json.loads((corpus / "corpus.json").read_text())
    (corpus / "corpus.json").write_text(json.dumps({**manifest, **change}))
    with pytest.raises(CorpusError, match=r"corpus.json' is damaged .*build the corpus again"):
        Corpus.open(corpus, "melody")


def test_options_of_another_version_are_told(corpus: Path) -> None:
    manifest = json.loads((corpus / "corpus.json").read_text())
    manifest["kinds"]["melody"]["options"]["gap_bars"] = "wide"
    manifest["kinds"]["drums"]["options"]["colour"] = "red"
    (corpus / "corpus.json").write_text(json.dumps(manifest))
    for kind in ("melody", "drums"):
        with pytest.raises(CorpusError, match="does not take"):
            Corpus.open(corpus, kind).sequence(0)
