"""The golden vectors that every clone has: few, small, each of use, and none of them in the wheel."""

from __future__ import annotations

import ast
import json
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
GOLDEN = ROOT / "tests" / "golden"
MB = 1_000_000


def files(folder: str = "") -> list[Path]:
    return sorted(path for path in (GOLDEN / folder).rglob("*") if path.is_file())


def words_of_tests(about: str) -> set[str]:
    """Every literal string of those tests that speak of `about`."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py") if path != HERE]
    nodes = (node for text in texts if about in text for node in ast.walk(ast.parse(text)))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_all_of_it_is_small() -> None:
    assert sum(path.stat().st_size for path in files()) < 3 * MB


@pytest.mark.parametrize(
    ("folder", "about", "least"), [("encodings", "encodings(", 19), ("graphs", 'golden(f"graphs/', 10)]
)
def test_a_test_names_every_file(folder: str, about: str, least: int) -> None:
    words = words_of_tests(about)
    names = [path.name.partition(".")[0] for path in files(folder)]
    assert len(names) >= least
    assert set(names) - words == set()


def test_tests_read_what_is_expected_of_odd_files() -> None:
    assert {"expected-abc.json", "expected-midi.json"} <= words_of_tests('golden("formats")')


@pytest.mark.parametrize("kind", ["abc", "midi"])
def test_every_odd_file_has_an_expectation(kind: str) -> None:
    expected = json.loads((GOLDEN / "formats" / f"expected-{kind}.json").read_text(encoding="utf-8"))
    assert len(expected) >= 18
    assert [path.name for path in files(f"formats/{kind}-synthetic")] == sorted(expected)


def test_there_is_nothing_else() -> None:
    known = (
        "encodings/",
        "graphs/",
        "formats/abc-synthetic/",
        "formats/midi-synthetic/",
        "formats/expected-",
    )
    names = {path.relative_to(GOLDEN).as_posix() for path in files()}
    assert {name for name in names if not name.startswith(known)} == {".gitattributes", "README.md"}


def test_every_file_is_on_its_page() -> None:
    page = (GOLDEN / "README.md").read_text(encoding="utf-8")
    vectors = {path.name.partition(".")[0] for path in [*files("encodings"), *files("graphs")]}
    assert {name for name in vectors if f"`{name}`" not in page} == set()


def test_the_wheel_is_the_package_alone() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["hatch"]["build"]["targets"]["wheel"] == {"packages": ["src/antiphon"]}
