"""Every command and snippet of the README and of docs/ is run, in order, page by page, in a fresh folder.

Commands run as written, but for two things: nets and trainings are made small (`SMALLER`), and lines that
install or build the project itself (`make`, `pip`) are left to those who do. The folder `my-tunes/` and the
file `tune.mid` that the pages speak of hold melodies that the bundled model makes at the start.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SMALLER = {
    "train": "--steps 4 --set net.layers=8,8 --set training.batch_size=8 --set training.evaluate_every=2"
}
FINE_TUNING = "--steps 4 --set training.batch_size=8 --set training.evaluate_every=2"
NOT_OURS = ("make", "pip", "tensorboard", "python")


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of every block a reader would run."""
    return [(match[1], match[2]) for match in FENCE.finditer(page.read_text())]


def commands(text: str) -> list[list[str]]:
    """The words of every command of a shell block, comments and line continuations resolved."""
    lines = text.replace("\\\n", " ").splitlines()
    return [
        words for line in lines if (words := shlex.split(line, comments=True)) and words[0] not in NOT_OURS
    ]


def smaller(words: list[str]) -> list[str]:
    extra = FINE_TUNING if "--from" in words else SMALLER.get(words[1], "")
    return [*words, *shlex.split(extra)]


def run(words: list[str], folder: Path) -> None:
    result = subprocess.run(words, cwd=folder, capture_output=True, text=True, env=environment(), timeout=240)
    assert result.returncode == 0, f"{shlex.join(words)}\n{result.stdout}\n{result.stderr}"


def environment() -> dict[str, str]:
    """The caller's environment with this interpreter's commands first."""
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "MPLBACKEND": "agg",
    }


def test_pages_have_something_to_run() -> None:
    assert sum(len(blocks(page)) for page in PAGES) >= 8


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_of_the_page_runs(page: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the pages train nets")
    found = blocks(page)
    if not found:
        return
    run(shlex.split("antiphon generate melody -n 40 --bars 8 --seed 3 -o my-tunes"), tmp_path)
    shutil.copy(tmp_path / "my-tunes" / "01.mid", tmp_path / "tune.mid")
    for language, text in found:
        if language == "python":
            run([sys.executable, "-W", "error", "-c", text], tmp_path)
            continue
        for words in commands(text):
            run(smaller(words), tmp_path)
