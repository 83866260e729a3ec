"""Folders of small made-up tunes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from antiphon.cli import corpus as verb
from antiphon.io import save
from antiphon.score.notes import Notes
from antiphon.score.score import Score

Tune = Callable[..., Score]


@pytest.fixture(scope="session")
def tune() -> Tune:
    """`tune(number, transpose=0, changed=0)` is a tune of 8 bars; `changed` notes differ from the plain."""

    def make(number: int, transpose: int = 0, changed: int = 0) -> Score:
        rng = np.random.default_rng([7, number])
        lengths = rng.choice([120, 240, 480], 60)
        pitch = 60 + rng.integers(-7, 13, 60)
        other = np.random.default_rng([8, number, changed]).choice(60, changed, replace=False)
        pitch[other] += 3
        end = np.cumsum(lengths)
        inside = end <= 8 * 1920
        start = (end - lengths)[inside]
        end = end[inside]
        end[-1] = 8 * 1920
        return Score(Notes.of(start, end, pitch[inside] + transpose))

    return make


@pytest.fixture
def tunes(tmp_path: Path, tune: Tune) -> Callable[..., Path]:
    """`tunes(n, first=0)` is a folder of n different tunes, written once a test."""
    folder = tmp_path / "tunes"

    def make(n: int, first: int = 0) -> Path:
        folder.mkdir(exist_ok=True)
        for number in range(first, first + n):
            save(tune(number), folder / f"reel of {_word(number)}.mid")
        return folder

    return make


def _word(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:04d}") + "town"


@pytest.fixture
def told() -> Callable[..., Result]:
    """`told("build", ...)` is what `antiphon corpus build ...` comes to, errors of ours included."""
    app = typer.Typer()
    verb.register(app)
    app.callback()(lambda: None)

    def run(*words: object) -> Result:
        return CliRunner().invoke(app, ["corpus", *map(str, words)])

    return run
