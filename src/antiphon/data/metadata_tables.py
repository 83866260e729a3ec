"""Tables of metadata about files: CSV or TSV with a column of paths or of file names.

`MANIFEST.tsv`, Groove's `info.csv`, MAESTRO's table: any table with a heading like `path`, `file`, `filename`
or `midi_filename`. Paths are relative to the table's folder; a column of file names also matches a file
further down by its name alone, with or without its suffix. All other columns are metadata of the file.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import TextIO

from antiphon.errors import FormatError, one_line

SUFFIXES = (".tsv", ".csv")
MAX_TEXT = 200
"""Characters of a cell that are kept."""
_MANIFEST = "manifest"
_PATH_COLUMN = re.compile(r"(?:.*_)?(?:path|file|filename|file_name|filepath)")
_MAX_COLUMNS = 100
_MAX_BYTES = 1 << 30
_MAX_LINE = 1 << 16
_SEPARATOR = "\x1f"


class _Tabs(csv.excel_tab):
    """Tab-separated without quotes: a quotation mark is part of a name."""

    quoting = csv.QUOTE_NONE


class _Semicolons(csv.excel):
    """As spreadsheets write it where the comma is the decimal separator."""

    delimiter = ";"


@dataclass(frozen=True, slots=True)
class MetadataTable:
    """One table: the names of its columns, and its rows by path.

    A row is kept as one string to save memory: a large collection has one per file.
    """

    columns: tuple[str, ...]
    """'' for the column of paths."""
    rows: dict[str, str]
    by_name: bool
    """Whether a row applies to a file of that name anywhere below the table."""

    def of(self, path: str) -> dict[str, list[str]]:
        """The metadata of the file at `path` ('sub/tune.mid', relative to the table); {} for none."""
        row = next((self.rows[name] for name in self._names(path) if name in self.rows), "")
        cells = zip(self.columns, row.split(_SEPARATOR), strict=False)
        return {name: [text] for name, cell in cells if name and (text := one_line(cell))}

    def _names(self, path: str) -> Iterator[str]:
        yield path
        if self.by_name:
            place = PurePosixPath(path)
            yield from (str(place.with_suffix("")), place.name, place.stem)


def field_name(text: str) -> str:
    """A heading as a metadata name: 'Beat Type' is 'beat_type'."""
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def in_folder(folder: str) -> list[str]:
    """Paths of the CSV and TSV files in `folder`, MANIFESTs first; none where it cannot be listed."""
    try:
        with os.scandir(folder or os.curdir) as entries:
            paths = [entry.path for entry in entries if _is_table(entry)]
    except OSError:
        return []
    return sorted(paths, key=lambda path: (not is_manifest(path), path))


def is_manifest(path: str) -> bool:
    """Whether the table at `path` is a MANIFEST, which must be readable and name its files."""
    return os.path.splitext(os.path.basename(path))[0].lower() == _MANIFEST


def read(path: str) -> MetadataTable | None:
    """The table at `path`; None for one without a column of files.

    Text that is not UTF-8 is decoded as Latin-1, except in a MANIFEST. Raises `FormatError` for a table of
    files that cannot be read to its end, and for a MANIFEST with groups but no paths.
    """
    try:
        try:
            return _read(path, "utf-8-sig")
        except UnicodeDecodeError:
            if is_manifest(path):
                raise
            return _read(path, "latin-1")
    except (csv.Error, UnicodeDecodeError) as error:
        raise FormatError(
            f"The table '{path}' cannot be read ({one_line(error)}); expected text in UTF-8, a row a line."
        ) from error
    except OSError as error:
        if not is_manifest(path):  # an unrelated table, which is not needed
            return None
        raise FormatError(f"'{path}' cannot be read ({error.strerror}); check its permissions.") from error


def _read(path: str, encoding: str) -> MetadataTable | None:
    with open(path, encoding=encoding, newline="") as file:
        heading = file.readline(_MAX_LINE)
        dialect = _dialect(path, heading)
        columns = tuple(map(field_name, next(csv.reader([heading], dialect), [])))[:_MAX_COLUMNS]
        place = _path_column(columns)
        if place is None:
            if "group" in columns and is_manifest(path):
                shown = ", ".join(columns)
                raise FormatError(f"'{path}' has the columns {shown}; expected 'path' beside 'group'.")
            return None
        if os.fstat(file.fileno()).st_size > _MAX_BYTES:
            raise FormatError(f"The table '{path}' is too large; at most {_MAX_BYTES >> 20} MiB are read.")
        others = (*columns[:place], "", *columns[place + 1 :])
        by_name = not columns[place].endswith("path")
        return MetadataTable(others, _rows(file, dialect, place), by_name)


def _dialect(path: str, heading: str) -> type[csv.Dialect]:
    if path.lower().endswith(".tsv"):
        return _Tabs
    return _Semicolons if heading.count(";") > heading.count(",") else csv.excel


def _path_column(columns: Sequence[str]) -> int | None:
    """The index of the column of paths; one of MIDI files before any other, such as one of recordings."""
    found = [place for place, name in enumerate(columns) if _PATH_COLUMN.fullmatch(name)]
    order = sorted(found, key=lambda place: ("midi" not in columns[place], columns[place] != "path", place))
    return next(iter(order), None)


def _rows(file: TextIO, dialect: type[csv.Dialect], place: int) -> dict[str, str]:
    """The rows by path; of two with the same path the first."""
    rows: dict[str, str] = {}
    for row in csv.reader(iter(partial(file.readline, _MAX_LINE), ""), dialect=dialect):
        if len(row) > place and row[place]:
            cells = (cell[:MAX_TEXT].replace(_SEPARATOR, " ") for cell in row[:_MAX_COLUMNS])
            rows.setdefault(row[place].replace("\\", "/").removeprefix("./"), _SEPARATOR.join(cells))
    return rows


def _is_table(entry: os.DirEntry[str]) -> bool:
    return entry.name.lower().endswith(SUFFIXES) and not entry.name.startswith(".") and entry.is_file()
