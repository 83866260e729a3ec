from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from antiphon.data import select
from antiphon.data.build import build
from antiphon.data.corpus import Corpus
from antiphon.errors import CorpusError, EmptyError, OptionError, OutputError
from antiphon.io import load, save
from antiphon.score.notes import Notes
from antiphon.score.score import Score

Tunes = Callable[..., Path]


@pytest.fixture
def folder(tunes: Tunes, tmp_path: Path) -> Path:
    """A corpus of 30 tunes of three styles, every other with drums; one more file is broken."""
    music = tunes(30)
    for number, path in enumerate(sorted(music.iterdir())[::2]):
        score, draw = load(path), np.random.default_rng([9, number])
        beats = np.flatnonzero(draw.random(8 * 16) < 0.6) * 120
        pitch = draw.choice([36, 38, 42, 46, 49], len(beats))
        drums = Notes.of(beats, beats + 60, pitch, is_drum=True, track=1)
        save(score.replace(notes=Notes.join([score.notes, drums])), path)
    names = sorted(path.name for path in music.iterdir())
    rows = [f"{name},{('reel', 'jig', 'air')[place % 3]},{place}" for place, name in enumerate(names)]
    (music / "list.csv").write_text("\n".join(["file,style,number", *rows, "broken.mid,reel,99"]) + "\n")
    (music / "broken.mid").write_bytes(b"MThd")
    build([music], tmp_path / "corpus", kinds=("melody", "drums"), workers=1, duplicates="keep")
    return tmp_path / "corpus"


def test_pieces_are_chosen_by_what_is_known_about_them(folder: Path) -> None:
    reels = select.select(folder, ["style=REEL"])
    assert len(reels.entries) == 10
    assert reels.sequences()["melody"] == 10
    assert len(select.select(folder, ["style=reel,jig", "number<10"]).entries) == 7
    assert len(select.select(folder, ["notes>1", "path~town", "drums>20"]).entries) == 15
    assert len(select.select(folder, []).entries) == 30


def test_a_part_is_a_corpus_of_the_same_sequences_in_the_same_splits(folder: Path, tmp_path: Path) -> None:
    manifest = select.write(select.select(folder, ["style=jig,air"]), tmp_path / "part")
    assert json.loads((tmp_path / "part" / "corpus.json").read_text(encoding="utf-8")) == manifest
    assert manifest["selected"]["where"] == ["style=jig,air"]
    assert manifest["rows"] == manifest["pieces"] == manifest["files"] == 20
    for kind in ("melody", "drums"):
        whole, part = Corpus.open(folder, kind), Corpus.open(tmp_path / "part", kind)
        assert 10 <= part.n < whole.n
        place = {(whole.source(i), int(whole.table["start_step"][i])): i for i in range(whole.n)}
        for index in range(part.n):
            same = place[part.source(index), int(part.table["start_step"][index])]
            assert np.array_equal(part.ids(index), whole.ids(same))
            assert part.standing(index) == whole.standing(same)
            assert part.groups[part.table["group"][index]] == whole.groups[whole.table["group"][same]]
            assert part.splits[index] == whole.splits[same]
    assert [piece["about"]["style"] for piece in part.pieces()] == [["jig"], ["air"]] * 10
    assert part.digest != whole.digest


def test_a_part_can_be_selected_from_again_and_over_an_older_one(folder: Path, tmp_path: Path) -> None:
    once, twice, straight = (tmp_path / name for name in ("once", "twice", "straight"))
    select.write(select.select(folder, ["style=jig"]), once)
    select.write(select.select(folder, ["style=jig,air"]), once)
    select.write(select.select(once, ["style=jig"]), twice)
    select.write(select.select(folder, ["style=jig"]), straight)
    for name in ("ledger.tsv", "pieces.jsonl", "melody/events.npy", "melody/table.npy", "drums/table.npy"):
        assert (twice / name).read_bytes() == (straight / name).read_bytes()


def test_kinds_of_which_nothing_is_chosen_are_left_out(folder: Path, tmp_path: Path) -> None:
    whole = Corpus.open(folder, "drums")
    drummed = {whole.source(index) for index in range(whole.n)}
    used = [entry.path for entry in whole.ledger().entries if entry.result == "used"]
    path = next(path for path in used if path not in drummed)
    manifest = select.write(select.select(folder, [f"file={Path(path).name}"]), tmp_path / "one")
    assert list(manifest["kinds"]) == ["melody"]
    assert Corpus.open(tmp_path / "one").n == 1


def test_what_cannot_be_selected_says_so(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(EmptyError, match=r"has style=waltz; .* Most frequent of style: reel"):
        select.select(folder, ["style=waltz"])
    with pytest.raises(OptionError, match="Did you mean 'style'"):
        select.select(folder, ["stile=reel"])
    with pytest.raises(CorpusError, match="no corpus"):
        select.select(tmp_path / "nowhere", ["style=reel"])
    with pytest.raises(OutputError, match="selected from"):
        select.write(select.select(folder, ["style=reel"]), folder / ".." / "corpus")


def test_pieces_without_sequences_make_no_corpus(folder: Path, tmp_path: Path) -> None:
    music = tmp_path / "more"
    music.mkdir()
    save(Score(Notes.of([0], [480], [60])), music / "short.mid")
    save(load(next((tmp_path / "tunes").glob("*town.mid"))), music / "tune.mid")
    build([music], tmp_path / "other", workers=1)
    chosen = select.select(tmp_path / "other", ["notes=1"])
    assert len(chosen.entries) == 1
    with pytest.raises(EmptyError, match="no sequences"):
        select.write(chosen, tmp_path / "part")
