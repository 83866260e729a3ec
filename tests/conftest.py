"""What every test may use: the shared data and golden vectors, and nets in bundles.

What is costly is made once for all workers of a run: whoever needs it first makes it, the others find it.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from antiphon.recipes import Recipe
from antiphon.runtime.bundle import Bundle, write
from antiphon.runtime.constraints import Constraints

if TYPE_CHECKING:
    from antiphon.nets import EventModel

_ROOT = Path(__file__).resolve().parent.parent
_SHARED = Path(os.environ.get("ANTIPHON_SHARED", _ROOT.parent / "shared"))

# No example fails for being slow: the machines that run the suite differ, and are shared. Where CI is set,
# Hypothesis draws the same examples every time.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that the workers end together."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """`once(name, make)` is the path `name` of this run, made by `make(path)`; the same for all workers."""
    base = tmp_path_factory.getbasetemp()
    shelf = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def get(name: str, make: Callable[[Path], None]) -> Path:
        target = shelf / name
        if not target.exists():
            draft = tmp_path_factory.mktemp("draft") / name
            make(draft)
            _settle(draft, target)
        return target

    return get


def _settle(draft: Path, target: Path) -> None:
    """Put `draft` in its place, unless another worker was faster: its own is the same."""
    try:
        draft.rename(target)
    except OSError:
        if not target.exists():
            raise


def _need(path: Path) -> Path:
    if not path.exists():
        reason = f"needs {path.name} of the shared data, which is not on this machine"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Path]:
    """`golden("c_encodings/melody_basic_rnn.json")`: that file's path; skips (under CI fails) if absent."""
    return lambda name: _need(_SHARED / "golden" / name)


@pytest.fixture(scope="session")
def golden_sources(once: Once) -> Path:
    """Folder of the MIDI files behind the golden vectors, at the paths which their `file` fields name."""
    return _unpacked(_need(_SHARED / "golden" / "sources.zip"), once)


@pytest.fixture(scope="session")
def dataset(once: Once) -> Callable[[str], Path]:
    """`dataset("melody/nottingham")` is the folder of that set, unpacked once a run."""
    return lambda name: _unpacked(_need(_SHARED / "data" / f"{name}.zip"), once)


def _unpacked(archive: Path, once: Once) -> Path:
    def unpack(folder: Path) -> None:
        with zipfile.ZipFile(archive) as bundle:
            bundle.extractall(folder)

    return once(f"{archive.parent.name}-{archive.stem}", unpack)


Walks = Callable[..., np.ndarray]


@pytest.fixture(scope="session")
def walks() -> Walks:
    """`walks(recipe, n, length, seed=0)`: random events int64 [n, length, F] as a model of the recipe may
    see them: of few sorts, within the grammar, with some stretches said twice."""
    return _walks


def _walks(recipe: Recipe, n: int, length: int, seed: int = 0) -> np.ndarray:
    rng, alphabet = np.random.default_rng(seed), recipe.alphabet
    few = [_few(field.known, rng) for field in alphabet.fields]
    rules = Constraints(recipe.events.grammar(alphabet), n)
    found = np.zeros((n, length, alphabet.n_fields), np.int64)
    again = rng.integers(0, 2, (n, length // 48 + 1)).astype(bool)
    for t in range(length):
        for f, chosen in enumerate(few):
            allowed = rules.allowed(f)
            allowed = np.ones((1, alphabet.sizes[f]), bool) if allowed is None else allowed
            may = np.broadcast_to(chosen & allowed, (n, alphabet.sizes[f]))
            may = np.where(may.any(1, keepdims=True), may, allowed)
            found[:, t, f] = (rng.random((n, alphabet.sizes[f])) * may).argmax(1)
            if t >= 16:
                before = found[:, t - 16, f]
                repeats = again[:, t // 48] & may[np.arange(n), before]
                found[:, t, f] = np.where(repeats, before, found[:, t, f])
            rules.hear(f, found[:, t, f])
    return found


def _few(known: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask [1, V] of the default id and a few others that are known, spread over all of them."""
    ids = np.flatnonzero(known)
    mask = np.zeros((1, len(known)), bool)
    mask[0, [ids[0], *rng.choice(ids, min(5, len(ids)), replace=False)]] = True
    return mask


Bundled = Callable[..., Bundle]


@pytest.fixture(scope="session")
def bundled(once: Once) -> Bundled:
    """`bundled(net, name="melody/test", opening=uniform)` is the net exported; skips without torch.

    The playing graph is the same whatever the weights, so it is traced once a recipe.
    """
    pytest.importorskip("torch")
    from safetensors.torch import save

    from antiphon.train.export import of_model

    def get(net: EventModel, name: str = "melody/test", opening: np.ndarray | None = None) -> Bundle:
        if opening is None:
            opening = np.concatenate([np.full(size, 1 / size) for size in net.alphabet.sizes])
        values = json.dumps(net.recipe.as_dict(), sort_keys=True)
        traced = once(
            f"net-{hashlib.sha256(values.encode()).hexdigest()}.antiphon",
            lambda path: write(path, of_model(net, name, opening)),
        )
        weights = {key: tensor.detach().contiguous() for key, tensor in net.state_dict().items()}
        return replace(Bundle.open(traced), name=name, opening=opening, safetensors=save(weights))

    return get
