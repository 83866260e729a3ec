"""A bundle that the command line plays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from antiphon import recipes
from antiphon.runtime import bundle as bundles
from antiphon.runtime.bundle import Bundle


@pytest.fixture(scope="session")
def bundle_file(tmp_path_factory: pytest.TempPathFactory, bundled: Callable[..., Bundle]) -> Path:
    """A real bundle of random weights."""
    torch = pytest.importorskip("torch")
    from antiphon import nets

    torch.manual_seed(2)
    opening = np.zeros(130)
    opening[62:74] = 1 / 12
    path = tmp_path_factory.mktemp("bundles") / "mine.antiphon"
    bundles.write(path, bundled(nets.build(recipes.find("melody/basic")).eval(), "mine", opening))
    return path


@pytest.fixture(scope="session")
def drum_file(tmp_path_factory: pytest.TempPathFactory, bundled: Callable[..., Bundle]) -> Path:
    """The same of drums."""
    torch = pytest.importorskip("torch")
    from antiphon import nets

    torch.manual_seed(2)
    recipe = recipes.find("drums/drum-kit").with_values({"net.layers": "16,16"})
    path = tmp_path_factory.mktemp("bundles") / "kit.antiphon"
    bundles.write(path, bundled(nets.build(recipe).eval(), "kit"))
    return path
