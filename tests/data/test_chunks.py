"""Chunks on disk: what was written comes back, and damage of any kind is told and made good."""

from __future__ import annotations

import errno
import os
import random
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from antiphon.data.build import build
from antiphon.data.chunks import ChunkReader, PieceOutcome, is_whole
from antiphon.errors import CorpusError
from antiphon.io.opening import opened

Tunes = Callable[..., Path]


@pytest.fixture
def chunk(tunes: Tunes, tmp_path: Path) -> Path:
    build([tunes(5)], tmp_path / "out", kinds=("melody", "polyphony"), workers=1)
    return next((tmp_path / "out" / "chunks").glob("*.npz"))


def test_what_was_written_comes_back(chunk: Path) -> None:
    assert is_whole(chunk)
    with ChunkReader(chunk) as reader:
        outcomes = reader.outcomes()
        table, events = reader.arrays("melody", "table", "events")
    assert [type(outcome) for outcome in outcomes] == [PieceOutcome] * 5
    assert table["length"].sum() == len(events) > 0
    assert np.array_equal(table["piece"], range(5))


def test_a_chunk_cut_short_is_not_whole(chunk: Path) -> None:
    data = chunk.read_bytes()
    for size in (0, 10, len(data) // 2, len(data) - 1):
        chunk.write_bytes(data[:size])
        assert not is_whole(chunk)


@pytest.mark.filterwarnings("ignore")
def test_damage_is_told_and_the_chunk_removed_wherever_it_is(chunk: Path) -> None:
    data, draw, told = chunk.read_bytes(), random.Random(2), 0
    for _ in range(150):
        spoilt = bytearray(data)
        for _ in range(draw.choice([1, 1, 4, 40])):
            spoilt[draw.randrange(len(spoilt))] ^= draw.randrange(1, 256)
        chunk.write_bytes(spoilt)
        try:
            _read(chunk)
        except CorpusError:
            told += 1
            assert not chunk.exists()
    assert told > 120


def _read(chunk: Path) -> None:
    with ChunkReader(chunk) as reader:
        reader.outcomes()
        for kind in ("melody", "polyphony"):
            reader.arrays(kind, "table", "events", "prints")


def test_a_build_over_a_rotten_chunk_makes_it_again(chunk: Path, tmp_path: Path) -> None:
    out, folder = chunk.parent.parent, tmp_path / "tunes"
    before = (out / "corpus.json").read_bytes()
    data = bytearray(chunk.read_bytes())
    data[data.index(b"melody.events.npy") + 300] ^= 1
    chunk.write_bytes(data)
    assert is_whole(chunk)
    with pytest.raises(CorpusError, match="same command again"):
        build([folder], out, kinds=("melody", "polyphony"), workers=1)
    assert build([folder], out, kinds=("melody", "polyphony"), workers=1).reused == 0
    assert (out / "corpus.json").read_bytes() == before


def test_what_the_system_failed_to_read_is_read_by_the_next_build(
    tunes: Tunes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tunes(5)
    broken = sorted(folder.iterdir())[2].name

    def failing(path: str) -> AbstractContextManager[BinaryIO]:
        if path.endswith(broken):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return opened(path)

    whole = build([folder], tmp_path / "whole", workers=1)
    monkeypatch.setattr(sys.modules["antiphon.io.places"], "opened", failing)
    partly = build([folder], tmp_path / "out", workers=1)
    assert partly.ledger.by_result == {"used": 4, "unreadable": 1}
    monkeypatch.undo()
    again = build([folder], tmp_path / "out", workers=1)
    assert again.manifest == whole.manifest
    assert again.reused == 0
    assert build([folder], tmp_path / "out", workers=1).reused == 5
