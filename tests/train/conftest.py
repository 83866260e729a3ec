"""A corpus of small tunes, built through the same door as anybody's, and nets that train in a second."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from antiphon import io
from antiphon.data.build import build
from antiphon.extract import drums
from antiphon.extract.drums import DrumTrack
from antiphon.extract.melody import Melody, to_score
from antiphon.recipes import RECIPES

if TYPE_CHECKING:
    from antiphon.train.run import TrainingOutcome

_SCALE = np.array([60, 62, 64, 65, 67, 69, 71, 72])
TINY = {
    "net.layers": "12,12",
    "training.batch_size": "16",
    "training.max_steps": "20",
    "training.evaluate_every": "10",
    "training.max_length": "64",
}


def pytest_pycollect_makemodule() -> None:
    """All tests of training skip where torch and onnx are not installed."""
    pytest.importorskip("torch")
    pytest.importorskip("onnx")


class Heard:
    """Keeps what a run says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    tick = say


@pytest.fixture
def heard() -> Heard:
    """A reporter that keeps what it is told in `lines`."""
    return Heard()


def _tune(rng: np.random.Generator) -> Melody:
    """Eight bars in which every bar is heard twice."""
    bars = []
    for _ in range(4):
        bar = np.full(16, -2, np.int16)
        bar[::2] = rng.choice(_SCALE, 8)
        bars += [bar, bar]
    return Melody(np.concatenate(bars))


def _beat(rng: np.random.Generator) -> DrumTrack:
    """Eight bars of two bars that are heard four times: a kick or a snare on the beats, hats between."""
    bars = np.zeros(32, np.int16)
    bars[::4], bars[2::4] = rng.choice([1, 2, 5], 8), 4
    return DrumTrack(np.tile(bars, 4))


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a corpus of 60 tunes."""
    source, rng = tmp_path_factory.mktemp("tunes"), np.random.default_rng(5)
    for number in range(60):
        io.save(to_score(_tune(rng)), source / f"tune{number:02}.mid")
    folder = tmp_path_factory.mktemp("corpus")
    build([source], folder, workers=1)
    return folder


@pytest.fixture(scope="session")
def corpora(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of corpora that each recipe can learn from, by its name."""
    source, rng = tmp_path_factory.mktemp("beats"), np.random.default_rng(6)
    for number in range(40):
        io.save(drums.to_score(_beat(rng)), source / f"beat{number:02}.mid")
    found = {}
    for name in RECIPES:
        recipe = RECIPES[name]
        if recipe.learns_from == "melody":
            found[name] = corpus
            continue
        assert recipe.learns_from == "drums", "make a corpus for this kind here"
        found[name] = tmp_path_factory.mktemp("corpus")
        quarter = recipe.view.grid[0]
        build([source], found[name], kinds=["drums"], steps_per_quarter=quarter, workers=1)
    return found


@dataclass(frozen=True)
class Tiny:
    """`tiny(run, recipe, seed=0, changes={})` trains a tiny net for a few steps into the folder `run`."""

    corpus: Path
    values: dict[str, str]

    def __call__(
        self,
        out: Path,
        recipe: str = "melody/basic",
        *,
        seed: int = 0,
        changes: dict[str, str] | None = None,
        corpus: Path | None = None,
    ) -> TrainingOutcome:
        from antiphon.train.run import train

        values = {**self.values, **(changes or {})}
        return train(recipe, corpus or self.corpus, out, changes=values, seed=seed, device="cpu", threads=1)


@pytest.fixture(scope="session")
def tiny(corpus: Path) -> Tiny:
    return Tiny(corpus, TINY)
