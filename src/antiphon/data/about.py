"""What is known about a piece besides its notes: who made it, its style, the group of pieces it belongs to.

It stands, from the most to the least particular, in a JSON object beside the file (`tune.json` beside
`tune.mid`), in tables in its folder or those above (see `antiphon.data.tables`), and in the file itself.
Names are in lower case; one name has a list of texts. `group` says which pieces belong together.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from antiphon.data import tables
from antiphon.data.tables import LONGEST, Table, named
from antiphon.errors import one_line
from antiphon.io import Place
from antiphon.score.score import Score

About = dict[str, list[str]]

_LEVELS = 4
"""Folders in which tables are looked for: the file's own, and those above."""
_MANIFEST_LEVELS = 8
_LARGEST = 1 << 20
_MOST = 32


class Lookup:
    """Looks up what tables and sidecars say, reading each table and listing each folder once."""

    def __init__(self) -> None:
        self._read: dict[str, list[tuple[bool, Table]]] = {}
        self._above: dict[str, list[tuple[str, Table]]] = {}
        self._sidecars: dict[str, frozenset[str]] = {}

    def of(self, place: Place | str) -> About:
        """All that is said about the piece at `place`; the nearest says each thing.

        What is said of a file holds for every piece in it. Raises `FormatError` for a table of files that
        is damaged.
        """
        path, piece = (place, "") if isinstance(place, str) else (place.path, place.name)
        folder, name = os.path.split(path)
        if folder not in self._above:
            self._above[folder] = list(self._tables_above(os.path.abspath(folder)))
        names = [f"{name}#{piece}", name] if piece else [name]
        rows = (table.of(way + name) for name in names for way, table in self._above[folder])
        return joined(self._sidecar(folder, name), *rows)

    def _sidecar(self, folder: str, name: str) -> About:
        if folder not in self._sidecars:
            self._sidecars[folder] = _json_in(folder)
        sidecar = os.path.splitext(name)[0] + ".json"
        return _said_in(os.path.join(folder, sidecar)) if sidecar in self._sidecars[folder] else {}

    def _tables_above(self, folder: str) -> Iterator[tuple[str, Table]]:
        """The tables that may list files of `folder`, nearest first, each with the way from it to
        `folder`."""
        way = ""
        for level in range(_MANIFEST_LEVELS):
            for is_manifest, table in self._tables_in(folder):
                if is_manifest or level < _LEVELS:
                    yield way, table
            folder, name = os.path.split(folder)
            if not name:
                return
            way = f"{name}/{way}"

    def _tables_in(self, folder: str) -> list[tuple[bool, Table]]:
        if folder not in self._read:
            found = ((tables.is_manifest(path), tables.read(path)) for path in tables.listing(folder))
            self._read[folder] = [(is_manifest, table) for is_manifest, table in found if table]
        return self._read[folder]


def of_score(score: Score) -> About:
    """What the file itself says: its title, and what `Score.about` has."""
    said: About = {"title": [score.title]} if score.title else {}
    for name, text in score.about:
        if name and text:
            said.setdefault(named(name), []).append(text)
    return {name: [one_line(text, LONGEST) for text in texts[:_MOST]] for name, texts in said.items() if name}


def joined(*abouts: Mapping[str, Sequence[str]]) -> About:
    """All of them as one; what several say is taken from the first."""
    found: About = {}
    for about in abouts:
        for name, texts in about.items():
            found.setdefault(name, list(texts))
    return found


def _json_in(folder: str) -> frozenset[str]:
    """Names of the JSON files in `folder`; none where it may be passed through but not listed."""
    try:
        with os.scandir(folder or os.curdir) as entries:
            named = [entry for entry in entries if entry.name.lower().endswith(".json")]
            return frozenset(entry.name for entry in named if entry.is_file())  # a pipe would never end
    except OSError:
        return frozenset()


def _said_in(sidecar: str) -> About:
    """The texts, numbers and short lists of them in a JSON object; any other JSON beside a piece (features,
    notes) is none of ours and says nothing."""
    try:
        with open(sidecar, "rb") as file:
            content = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    said = ((named(key), _texts(value)) for key, value in content.items())
    return {name: texts for name, texts in said if name and texts}


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) and len(value) <= _MOST else [value]
    if not all(isinstance(part, str | int | float) for part in values):
        return []
    return [text for part in values if (text := one_line(part, LONGEST))]
