"""The whole table of speed and memory, measured in one run; writes it into docs/benchmarks.md.

    python benchmarks/table.py [--print]

Figures that need the shared data are left out, with a word, where it is absent.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable
from pathlib import Path

import corpora
import drums
import generating
import kinds
import notesequences
import playing
import startup
import training
from rows import Row

from antiphon.evaluate.card import put_between
from antiphon.files import atomic_write

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
HEAD = "| what | measured | goal | | beside it, in the same run |\n|---|---|---|---|---|"
PARTS: tuple[Callable[[], list[Row]], ...] = (
    startup.measure,
    generating.measure,
    playing.measure,
    kinds.measure,
    corpora.measure,
    drums.measure,
    notesequences.measure,
    training.measure,
)


def table() -> str:
    lines = [HEAD]
    for part in PARTS:
        try:
            lines += [row.markdown() for row in part()]
        except FileNotFoundError as error:
            print(f"left out {part.__module__}: {error.filename} is not here")
        print(*lines[-3:], sep="\n", flush=True)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--print", action="store_true", help="print only, leave docs/benchmarks.md as it is")
    arguments = parser.parse_args()
    machine = f"Python {platform.python_version()}, {platform.machine()}, {platform.system()}"
    text = f"{table()}\n\n{machine}; two shared cores."
    print(text)
    if not arguments.print:
        atomic_write(PAGE, put_between(PAGE.read_text("utf-8"), "table", text))


if __name__ == "__main__":
    main()
