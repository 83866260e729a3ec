"""Prints the oldest version of each library that Antiphon promises to work with, as constraints for pip: the
lower bounds in pyproject.toml, those of the tools for development left out.

    python benchmarks/lowest_versions.py > lowest.txt; pip install -c lowest.txt -e '.[all]'
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
_OTHERS = ("all", "dev")


def bounds() -> Iterator[tuple[str, str]]:
    """(name, lowest version) of every library that the package or one of its extras needs."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [project["dependencies"], *(extras[name] for name in extras if name not in _OTHERS)]
    for requirement in (line for lines in needed for line in lines):
        found = re.fullmatch(r"([\w-]+)>=([\d.]+)", requirement)
        if found is None:
            raise SystemExit(f"'{requirement}' in pyproject.toml has no lower bound; write NAME>=VERSION.")
        yield found[1], found[2]


if __name__ == "__main__":
    print(*(f"{name}=={version}" for name, version in bounds()), sep="\n")
