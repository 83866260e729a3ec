"""Groups that somebody wrote down: a `group` column in a MANIFEST table, or a `group` in a file's JSON
sidecar.

A table is `MANIFEST.tsv` or `MANIFEST.csv` in the file's folder or one above it, with the columns `path`
(relative to the table) and `group`; the nearest one that lists the file wins. A sidecar is `tune.json`
beside `tune.mid`, an object with the key `group`; it wins over a table.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator

from antiphon.errors import FormatError

_LEVELS = 8


class _Tabs(csv.excel_tab):
    """Tab-separated without quotes: a quotation mark is part of a name."""

    quoting = csv.QUOTE_NONE


TABLES: tuple[tuple[str, type[csv.Dialect]], ...] = (("MANIFEST.tsv", _Tabs), ("MANIFEST.csv", csv.excel))


class Groups:
    """Looks groups up, reading each table and listing each folder once."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, str]] = {}
        self._above: dict[str, list[tuple[str, dict[str, str]]]] = {}
        self._sidecars: dict[str, frozenset[str]] = {}

    def of(self, path: str) -> str:
        """The group given to the file at `path`, or ''. Raises `FormatError` for a table without its
        columns."""
        return self._from_sidecar(path) or self._from_table(path)

    def _from_sidecar(self, path: str) -> str:
        folder, name = os.path.split(path)
        if folder not in self._sidecars:
            names = os.listdir(folder or ".")
            self._sidecars[folder] = frozenset(n for n in names if n.lower().endswith(".json"))
        sidecar = os.path.splitext(name)[0] + ".json"
        return _group_in(os.path.join(folder, sidecar)) if sidecar in self._sidecars[folder] else ""

    def _from_table(self, path: str) -> str:
        folder, name = os.path.split(path)
        if folder not in self._above:
            self._above[folder] = list(self._tables_above(os.path.abspath(folder)))
        return next(
            (group for prefix, table in self._above[folder] if (group := table.get(prefix + name))), ""
        )

    def _tables_above(self, folder: str) -> Iterator[tuple[str, dict[str, str]]]:
        """The tables that may list files of `folder`, nearest first, each with the way from it to
        `folder`."""
        prefix = ""
        for _ in range(_LEVELS):
            if folder not in self._tables:
                self._tables[folder] = _read(folder)
            if self._tables[folder]:
                yield prefix, self._tables[folder]
            folder, name = os.path.split(folder)
            if not name:
                return
            prefix = f"{name}/{prefix}"


def _read(folder: str) -> dict[str, str]:
    """Path to group, of the table in `folder`; empty where there is none or it has no groups."""
    for name, dialect in TABLES:
        table = os.path.join(folder, name)
        if os.path.isfile(table):
            return _rows(table, dialect)
    return {}


def _rows(table: str, dialect: type[csv.Dialect]) -> dict[str, str]:
    try:
        with open(table, encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, dialect=dialect)
            columns = next(rows, [])
            if "group" not in columns:
                return {}
            if "path" not in columns:
                raise FormatError(
                    f"'{table}' has the columns {', '.join(columns)}; expected 'path' beside 'group'."
                )
            path, group = columns.index("path"), columns.index("group")
            whole = (row for row in rows if len(row) > max(path, group))
            return {row[path]: row[group] for row in whole if row[path] and row[group]}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FormatError(
            f"'{table}' cannot be read ({error}); expected a table in UTF-8 with path and group."
        ) from error


def _group_in(sidecar: str) -> str:
    """The group in a JSON object; other JSON beside a piece (features, lyrics) is none of ours and gives
    ''."""
    try:
        with open(sidecar, encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, ValueError, RecursionError):
        return ""
    group = content.get("group", "") if isinstance(content, dict) else ""
    return group if isinstance(group, str) else ""
