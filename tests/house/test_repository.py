"""The repository as a stranger clones it: no trace of a machine, nothing too big, nothing undocumented."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from antiphon import __version__, io
from antiphon.cli import app
from antiphon.codecs.kinds import KINDS
from antiphon.runtime.bundle import VERSION, Bundle, shipped
from antiphon.runtime.selfcheck import verify

ROOT = Path(__file__).resolve().parents[2]
MB = 1_000_000
UNFINISHED = re.compile(rb"\b(TODO|FIXME|XXX)\b")
SAY_NOTHING = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
PATHS = re.compile(rb"(?<![\w.])/(?:work|tmp|home|root|Users|mnt)/")


def tracked() -> list[Path]:
    """Files that git keeps; skips where this is no clone."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs a git clone")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def pages() -> str:
    """All that a reader meets."""
    return "\n".join(page.read_text() for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def test_no_path_of_a_machine() -> None:
    files = [path for path in tracked() if path.relative_to(ROOT).parts[0] != "tests"]
    assert len(files) > 80
    found = {str(path.relative_to(ROOT)) for path in files if PATHS.search(path.read_bytes())}
    assert not found


def test_nothing_is_unfinished() -> None:
    files = [path for path in tracked() if path.suffix == ".py" and path != Path(__file__)]
    assert len(files) > 300
    assert {path.name for path in files if UNFINISHED.search(path.read_bytes())} == set()
    assert {path for path in files if SAY_NOTHING & {*path.relative_to(ROOT).with_suffix("").parts}} == set()


def test_no_file_is_too_big() -> None:
    assert {path.name: size for path in tracked() if (size := path.stat().st_size) > 6 * MB} == {}


def test_bundles_are_small_and_say_what_they_are() -> None:
    found = shipped()
    assert len(found) >= 4
    sizes = [path.stat().st_size for path in found]
    assert max(sizes) < 6 * MB
    assert sum(sizes) < 60 * MB
    for path in found:
        bundle = Bundle.open(path)
        assert "bad at" in bundle.card, path.name
        assert bundle.provenance["licence"], path.name
        about = f"{bundle.card}{bundle.provenance}{bundle.metrics}".encode()
        graphs = b"".join(graph.proto for graph in bundle.graphs.values())
        assert not PATHS.search(about + graphs), path.name
        assert bundle.version == VERSION, path.name
        assert verify(bundle) < 1e-5, path.name


def test_the_changelog_knows_this_version() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("verb", [*app._VERBS, "corpus build", "corpus inspect", "corpus select"])
def test_every_verb_is_on_a_page(verb: str) -> None:
    assert re.search(rf"\bantiphon {verb}\b", pages())


def test_every_kind_of_sequence_is_on_a_page() -> None:
    assert len(KINDS) >= 7
    assert [kind for kind in KINDS if f"`{kind}`" not in pages()] == []


def test_every_format_is_on_its_page() -> None:
    page = (ROOT / "docs" / "formats.md").read_text()
    assert len(io.formats()) >= 6
    assert [form.name for form in io.formats() if form.name not in page] == []
    assert [suffix for suffix in io.suffixes() if f"`{suffix}`" not in page] == []


def test_every_link_between_pages_leads_somewhere() -> None:
    links = [
        (page, target)
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
        if "://" not in target
    ]
    assert len(links) >= 4
    assert [f"{page.name}: {target}" for page, target in links if not (page.parent / target).exists()] == []
