"""The metadata of a piece: its author, style, group and so on, from tables, sidecars and the file itself.

A *sidecar* is a JSON object beside the file (`tune.json` beside `tune.mid`). It comes first, then tables in
the file's folder or those above (see `antiphon.data.metadata_tables`), then the file itself. Names are in
lower case; each has a list of texts. `group` says which pieces belong together.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from antiphon import plain_json
from antiphon.data import metadata_tables
from antiphon.data.metadata_tables import MAX_TEXT, MetadataTable, field_name
from antiphon.errors import one_line
from antiphon.io import Place
from antiphon.score.score import Score

Metadata = dict[str, list[str]]

_TABLE_FOLDERS = 4
"""Folders searched for tables: the file's own, and those above."""
_MANIFEST_FOLDERS = 8
_MAX_SIDECAR = 1 << 20
"""Bytes of a sidecar that are read."""
_MAX_VALUES = 32


class MetadataLookup:
    """Looks up metadata in tables and sidecars; reads each table and lists each folder once."""

    def __init__(self) -> None:
        self._tables: dict[str, list[tuple[bool, MetadataTable]]] = {}
        self._above: dict[str, list[tuple[str, MetadataTable]]] = {}
        self._sidecars: dict[str, frozenset[str]] = {}

    def of(self, place: Place | str) -> Metadata:
        """The metadata of the piece at `place`; of several values for one name, the nearest.

        What is said of a file holds for every piece in it. Raises `FormatError` for a damaged table.
        """
        path, piece = (place, "") if isinstance(place, str) else (place.path, place.name)
        folder, name = os.path.split(path)
        if folder not in self._above:
            self._above[folder] = list(self._tables_above(os.path.abspath(folder)))
        names = [f"{name}#{piece}", name] if piece else [name]
        rows = (table.of(prefix + name) for name in names for prefix, table in self._above[folder])
        return merged(self._sidecar(folder, name), *rows)

    def _sidecar(self, folder: str, name: str) -> Metadata:
        if folder not in self._sidecars:
            self._sidecars[folder] = _json_in(folder)
        sidecar = os.path.splitext(name)[0] + ".json"
        return _read_sidecar(os.path.join(folder, sidecar)) if sidecar in self._sidecars[folder] else {}

    def _tables_above(self, folder: str) -> Iterator[tuple[str, MetadataTable]]:
        """The tables that may list files of `folder`, nearest first, each with the path from its folder to
        `folder`."""
        prefix = ""
        for level in range(_MANIFEST_FOLDERS):
            for is_manifest, table in self._tables_in(folder):
                if is_manifest or level < _TABLE_FOLDERS:
                    yield prefix, table
            folder, name = os.path.split(folder)
            if not name:
                return
            prefix = f"{name}/{prefix}"

    def _tables_in(self, folder: str) -> list[tuple[bool, MetadataTable]]:
        if folder not in self._tables:
            found = (
                (metadata_tables.is_manifest(path), metadata_tables.read(path))
                for path in metadata_tables.in_folder(folder)
            )
            self._tables[folder] = [(is_manifest, table) for is_manifest, table in found if table]
        return self._tables[folder]


def of_score(score: Score) -> Metadata:
    """The metadata in the file itself: its title, and `Score.about`."""
    found: Metadata = {"title": [score.title]} if score.title else {}
    for name, text in score.about:
        if name and text:
            found.setdefault(field_name(name), []).append(text)
    return {
        name: [one_line(text, MAX_TEXT) for text in texts[:_MAX_VALUES]]
        for name, texts in found.items()
        if name
    }


def merged(*several: Mapping[str, Sequence[str]]) -> Metadata:
    """All metadata in one dict; a name that several have is taken from the first."""
    found: Metadata = {}
    for metadata in several:
        for name, texts in metadata.items():
            found.setdefault(name, list(texts))
    return found


def _json_in(folder: str) -> frozenset[str]:
    """Names of the JSON files in `folder`; none where it cannot be listed."""
    try:
        with os.scandir(folder or os.curdir) as entries:
            json_files = [entry for entry in entries if entry.name.lower().endswith(".json")]
            return frozenset(
                entry.name for entry in json_files if entry.is_file()
            )  # reading a pipe would never end
    except OSError:
        return frozenset()


def _read_sidecar(sidecar: str) -> Metadata:
    """The texts, numbers and short lists of them in a JSON object. Any other JSON beside a piece (features,
    notes) is not metadata and gives nothing."""
    try:
        with open(sidecar, "rb") as file:
            content = plain_json.loads(file.read(_MAX_SIDECAR))
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    found = ((field_name(key), _texts(value)) for key, value in content.items())
    return {name: texts for name, texts in found if name and texts}


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) and len(value) <= _MAX_VALUES else [value]
    if not all(isinstance(part, str | int | float) for part in values):
        return []
    return [text for part in values if (text := one_line(part, MAX_TEXT))]
