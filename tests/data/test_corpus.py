from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from antiphon.codecs import melody as melody_codec
from antiphon.data.build import build
from antiphon.data.corpus import Corpus
from antiphon.errors import CorpusError, NameNotFound
from antiphon.extract.melody import extract
from antiphon.io import load
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter

Tunes = Callable[..., Path]


@pytest.fixture
def corpus(tunes: Tunes, tmp_path: Path) -> Corpus:
    return build([tunes(20)], tmp_path / "out", workers=1).corpus


def test_sequences_are_what_extraction_gives(corpus: Corpus) -> None:
    assert corpus.n == len(corpus) == 20
    for index in range(corpus.n):
        melody = extract(quantize(load(corpus.source(index)), PerQuarter(4))).sequences[0]
        assert np.array_equal(corpus.ids(index), melody_codec.encode(melody))
        row = corpus.table[index]
        assert (row["numerator"], row["denominator"], row["start_in_bar"]) == (4, 4, 0)
        assert corpus.steps_per_bar(index) == 16
        assert row["length"] == corpus.lengths[index] == len(melody)


def test_splits_are_disjoint_and_complete(corpus: Corpus) -> None:
    parts = [corpus.split(name) for name in ("train", "validation", "test")]
    assert np.array_equal(np.sort(np.concatenate(parts)), corpus.split("all"))
    with pytest.raises(NameNotFound, match="validation"):
        corpus.split("valid")  # type: ignore[arg-type]


def test_events_are_mapped_not_read(corpus: Corpus) -> None:
    assert isinstance(corpus.events, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        corpus.ids(0)[0] = 1


def test_no_corpus_an_unfinished_and_another_kind_are_told_apart(corpus: Corpus, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no corpus"):
        Corpus.open(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match="not 'drums'"):
        Corpus.open(corpus.folder, "drums")
    (corpus.folder / "corpus.json").unlink()
    with pytest.raises(CorpusError, match="unfinished"):
        Corpus.open(corpus.folder)


@pytest.mark.parametrize("name", ["melody/events.npy", "melody/table.npy"])
@pytest.mark.parametrize("size", [0, 50, -2])
def test_arrays_cut_short_are_noticed(corpus: Corpus, name: str, size: int) -> None:
    path = corpus.folder / name
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CorpusError, match="build the corpus again"):
        Corpus.open(corpus.folder)


def test_exchanged_arrays_are_noticed(corpus: Corpus) -> None:
    np.save(corpus.folder / "melody" / "events.npy", np.zeros(5, np.int16))
    with pytest.raises(CorpusError, match="does not fit"):
        Corpus.open(corpus.folder)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 1}', '{"format": 2}', '{"format": 2, "kinds": 3}']
)
def test_a_damaged_manifest_is_noticed(corpus: Corpus, text: str) -> None:
    (corpus.folder / "corpus.json").write_text(text)
    with pytest.raises(CorpusError, match="build the corpus again"):
        Corpus.open(corpus.folder)


def test_a_newer_format_is_refused(corpus: Corpus) -> None:
    path = corpus.folder / "corpus.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 3}))
    with pytest.raises(CorpusError, match="format 3"):
        Corpus.open(corpus.folder)


@pytest.mark.parametrize(
    "damage", [lambda t: t[:-30], lambda t: "x" + t, lambda t: t.replace("used\t1", "used\tone")]
)
def test_a_damaged_ledger_is_noticed(corpus: Corpus, damage: Callable[[str], str]) -> None:
    path = corpus.folder / "ledger.tsv"
    path.write_text(damage(path.read_text()))
    with pytest.raises(CorpusError):
        Corpus.open(corpus.folder).ledger()
