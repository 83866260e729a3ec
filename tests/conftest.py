"""Fixtures every test may use: the shared data and golden vectors, unpacked once a session."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent
_SHARED = Path(os.environ.get("ANTIPHON_SHARED", _ROOT.parent / "shared"))


def _need(path: Path) -> Path:
    if not path.exists():
        reason = f"needs {path.name} of the shared data, which is not on this machine"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Path]:
    """`golden("c_encodings/melody_basic_rnn.json")` is that path; skips, or fails under CI, without it."""
    return lambda name: _need(_SHARED / "golden" / name)


@pytest.fixture(scope="session")
def golden_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the MIDI files behind the golden vectors, at the paths that their `file` fields name."""
    return _unpack(_need(_SHARED / "golden" / "sources.zip"), tmp_path_factory)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`dataset("melody/nottingham")` is the folder of that set, unpacked once a session."""
    unpacked: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in unpacked:
            unpacked[name] = _unpack(_need(_SHARED / "data" / f"{name}.zip"), tmp_path_factory)
        return unpacked[name]

    return get


def _unpack(archive: Path, factory: pytest.TempPathFactory) -> Path:
    target = factory.mktemp(archive.stem)
    with zipfile.ZipFile(archive) as bundle:
        bundle.extractall(target)
    return target
