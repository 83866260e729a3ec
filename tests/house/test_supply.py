"""What is installed with Antiphon: bounds that were tried, a lock with hashes, and licences that are told."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def locked() -> dict[str, list[tuple[tuple[int, ...], str]]]:
    """By name, the versions in the lock, each with the lines of its hashes."""
    found: dict[str, list[tuple[tuple[int, ...], str]]] = {}
    for name, version, lines in re.findall(r"^([\w-]+)==([\d.]+)\S*(.*(?:\n .*)*)", LOCK, re.MULTILINE):
        found.setdefault(name, []).append((numbers(version), lines))
    return found


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.rstrip(".").split(".")))


def lowest() -> dict[str, tuple[int, ...]]:
    """The lower bounds, as they are tried."""
    script = [sys.executable, ROOT / "benchmarks" / "lowest_versions.py"]
    printed = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    return {name: numbers(version) for name, version in (line.split("==") for line in printed.split())}


def test_every_library_has_a_lowest_version() -> None:
    extras = PROJECT["optional-dependencies"]
    needed = [
        *PROJECT["dependencies"],
        *(line for name in ("train", "sound", "cluster") for line in extras[name]),
    ]
    assert {re.split("[<>=]", line)[0] for line in needed} == lowest().keys()


def test_what_plays_is_locked_at_versions_that_are_allowed() -> None:
    versions, bounds = locked(), lowest()
    for line in PROJECT["dependencies"]:
        name = re.split("[<>=]", line)[0]
        assert versions[name], name
        assert all(version >= bounds[name] for version, _ in versions[name]), name


def test_every_file_in_the_lock_has_a_hash_and_no_address() -> None:
    assert len(locked()) > 20
    for name, versions in locked().items():
        for _, lines in versions:
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", lines), name
    assert "://" not in LOCK
    assert "index" not in LOCK


def test_the_licence_of_everything_that_is_installed_is_told() -> None:
    page = (ROOT / "docs" / "licences.md").read_text("utf-8")
    rows = [line.split("|")[1:3] for line in page.splitlines() if line.startswith("| ")]
    told = {name.strip() for cells in rows for cell in cells for name in cell.split(",")}
    assert locked().keys() <= told
    assert lowest().keys() <= told


def test_the_exit_codes_are_documented() -> None:
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    codes = re.findall(r"^\| (\d) \|", page, re.MULTILINE)
    assert codes == ["0", "1", "2", "3"]
