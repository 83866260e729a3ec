"""`antiphon doctor`: every library of the package is looked for, and what is missing is named."""

from __future__ import annotations

import json
import re
from importlib import metadata

import pytest
import typer
from typer.testing import CliRunner

from antiphon.cli import doctor

PRESUPPOSED = {"safetensors", "matplotlib", "typer", "rich"}
"""The doctor itself needs these, or opening a bundle and drawing do at once."""


def findings() -> dict[str, doctor.Finding]:
    return {finding.what: finding for finding in doctor.examine()}


def without(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    """A machine that lacks these packages."""
    version = metadata.version

    def look(package: str) -> str:
        if package in missing:
            raise metadata.PackageNotFoundError(package)
        return version(package)

    monkeypatch.setattr(metadata, "version", look)


def required(*extras: str) -> set[str]:
    """Packages that this one needs, without extras and with these."""
    found = set()
    for requirement in metadata.requires("antiphon") or []:
        name, _, extra = requirement.replace('"', "'").partition("; extra == ")
        if not extra or extra.strip("' ") in extras:
            found.add(re.split(r"[^\w.-]", name)[0])
    return found - {"antiphon"}


def test_every_library_is_looked_for() -> None:
    needed = required("train", "sound", "cluster")
    assert len(needed) >= 15
    assert {"dask", "protobuf", "google-crc32c"} <= needed
    looked_for = {words.split()[0] for finding in findings().values() for words in finding.found.split(", ")}
    assert needed - looked_for - PRESUPPOSED <= {"sounddevice"}


@pytest.mark.parametrize(
    ("what", "package", "remedy"),
    [
        ("NoteSequences", "protobuf", "pip install antiphon"),
        ("NoteSequences", "google-crc32c", "pip install antiphon"),
        ("Corpora built on a cluster", "distributed", "pip install 'antiphon[cluster]'"),
        ("Training", "onnx", "pip install 'antiphon[train]'"),
        ("Playing and rendering", "symusic", "pip install antiphon"),
    ],
)
def test_what_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, what: str, package: str, remedy: str
) -> None:
    without(monkeypatch, package)
    finding = findings()[what]
    assert not finding.works
    assert f"{package} missing" in finding.found
    assert finding.remedy == remedy


@pytest.mark.parametrize(("missing", "status"), [("dask", 0), ("onnxruntime", 1)])
def test_only_what_playing_needs_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, missing: str, status: int
) -> None:
    without(monkeypatch, missing)
    app = typer.Typer()
    doctor.register(app)
    done = CliRunner().invoke(app, ["--json"])
    assert done.exit_code == status
    rows = {row["what"]: row for row in json.loads(done.stdout)}
    assert [what for what, row in rows.items() if f"{missing} missing" in row["found"]] != []
