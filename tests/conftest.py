"""What every test may use: golden vectors, the shared data where it is, and nets in bundles.

Golden vectors of made-up inputs are in `tests/golden`, so every clone has them. Those of the music of others,
that music itself and trained checkpoints are in the shared data, without which their tests are skipped.

What is costly is made once for all workers of a run: whoever needs it first makes it, the others find it.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from antiphon import io
from antiphon.io import examples, records
from antiphon.recipes import Recipe
from antiphon.runtime.bundle import Bundle, write
from antiphon.runtime.constraints import Constraints
from antiphon.score.notes import Notes
from antiphon.score.score import Controls, Score

if TYPE_CHECKING:
    from antiphon.nets import EventModel

_TESTS = Path(__file__).resolve().parent
_GOLDEN = _TESTS / "golden"
_SHARED = Path(os.environ.get("ANTIPHON_SHARED", _TESTS.parents[1] / "shared"))

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
def benchmark() -> Iterator[Callable[[str], ModuleType]]:
    """`benchmark("fuzz_midi")` is that program of `benchmarks/` as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(_TESTS.parent / "benchmarks"))
        yield importlib.import_module


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


def _is_there(path: Path) -> bool:
    """Whether the shared data holds it; under CI it has to."""
    if not path.exists() and os.environ.get("CI"):
        pytest.fail(_missing(path))
    return path.exists()


def _need(path: Path) -> Path:
    if not _is_there(path):
        pytest.skip(_missing(path))
    return path


def _missing(path: Path) -> str:
    return f"needs {path.name} of the shared data, which is not on this machine"


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Path]:
    """`golden("graphs/melody_basic_rnn.npz")`: the path of that file of `tests/golden`."""
    return lambda name: _GOLDEN / name


@pytest.fixture(scope="session")
def encodings(golden: Callable[[str], Path]) -> Callable[[str], dict[str, Any]]:
    """`encodings("melody_basic_rnn")`: ten random sequences as that encoder of the original encoded them."""

    def get(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(gzip.decompress(golden(f"encodings/{name}.json.gz").read_bytes()))
        assert len(found["examples"]) == 10
        return found

    return get


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """`shared("golden/e_midi/notesequences_30.json")`: that path in the shared data; skips (under CI fails)
    if absent."""
    return lambda name: _need(_SHARED / name)


@pytest.fixture(scope="session")
def golden_sources(shared: Callable[[str], Path], once: Once) -> Path:
    """Folder of the MIDI files behind the shared vectors, at the paths which their `file` fields name."""
    return _unpacked(shared("golden/sources.zip"), once)


@pytest.fixture(scope="session")
def dataset(shared: Callable[[str], Path], once: Once) -> Callable[[str], Path]:
    """`dataset("melody/nottingham")` is the folder of that set, unpacked once a run."""
    return lambda name: _unpacked(shared(f"data/{name}.zip"), once)


def _unpacked(archive: Path, once: Once) -> Path:
    def unpack(folder: Path) -> None:
        with zipfile.ZipFile(archive) as bundle:
            bundle.extractall(folder)

    return once(f"{archive.parent.name}-{archive.stem}", unpack)


@pytest.fixture(scope="session")
def odd_files(golden: Callable[[str], Path], once: Once) -> Path:
    """Folder of right, odd and broken files: the whole collection of the shared data where it is, else the
    part of it that is in `tests/golden`."""
    archive = _SHARED / "data" / "formats" / "formats.zip"
    return _unpacked(archive, once) if _is_there(archive) else golden("formats")


@pytest.fixture(scope="session")
def training_examples(encodings: Callable[[str], dict[str, Any]], once: Once) -> Path:
    """A TFRecord of the ten melodies that the original encoded for its attention_rnn, as its tool writes
    them."""
    document = encodings("melody_attention_rnn")

    def write_records(path: Path) -> None:
        rows = (_sequence_example(row, document["input_size"]) for row in document["examples"])
        path.write_bytes(b"".join(map(records.pack, rows)))

    return once("melodies.tfrecord", write_records)


def _sequence_example(row: dict[str, Any], width: int) -> bytes:
    message = examples._messages()["SequenceExample"]()
    inputs, labels = (
        message.feature_lists.feature_list.add(key=name).value.feature for name in ("inputs", "labels")
    )
    for cells, label in zip(row["inputs_sparse"], row["labels"], strict=True):
        dense = np.zeros(width, np.float32)
        for column, value in cells:
            dense[column] = value
        inputs.add().float_list.value.extend(dense.tolist())
        labels.add().int64_list.value.append(label)
    return bytes(message.SerializeToString())


@pytest.fixture(scope="session")
def played(once: Once) -> list[Score]:
    """Scores with a part MELODY, off any grid and pedalled: one made up, and, where the shared data is, one
    of a pop song."""
    archive = _SHARED / "golden" / "sources.zip"
    real = [_unpacked(archive, once) / "pop909/POP909/001/001.mid"] if _is_there(archive) else []
    return [_made_up(), *map(io.load, real)]


def _made_up(n_notes: int = 500) -> Score:
    """Three parts of random notes and pedals. No pitch begins again before it has ended, which MIDI could not
    say."""
    rng, parts, number = np.random.default_rng(12), [], np.arange(n_notes)
    for track in range(3):
        start = np.cumsum(rng.integers(1, 250, n_notes))
        end, velocity = start + rng.integers(30, 900, n_notes), rng.integers(1, 128, n_notes)
        parts.append(Notes.of(start, end, 45 + 7 * number % 37, velocity, track=track))
    time, track = np.tile(np.arange(0, 100 * n_notes, 400), 3), np.repeat(np.arange(3), n_notes // 4)
    value = np.where(time % 800 == 0, 100, 20)
    return Score(
        Notes.join(parts),
        track_names=("MELODY", "BRIDGE", "PIANO"),
        controls=Controls(time, np.full(len(time), 64), value, track),
    )


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
