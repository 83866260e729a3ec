"""Tables that somebody wrote about files: CSV or TSV with a column of paths or of file names.

`MANIFEST.tsv`, Groove's `info.csv`, MAESTRO's table: whatever has a heading like `path`, `file`, `filename`
or `midi_filename`. Paths are relative to the table's folder; a column of file names also finds a file
further down by its name alone, with or without its suffix. All other columns say something about the file.
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
LONGEST = 200
"""Characters of a cell that are kept."""
_MANIFEST = "manifest"
_PATHS = re.compile(r"(?:.*_)?(?:path|file|filename|file_name|filepath)")
_MOST_COLUMNS = 100
_LARGEST = 1 << 30
_LINE = 1 << 16
_BETWEEN = "\x1f"


class _Tabs(csv.excel_tab):
    """Tab-separated without quotes: a quotation mark is part of a name."""

    quoting = csv.QUOTE_NONE


class _Semicolons(csv.excel):
    """As spreadsheets write it where the comma stands in numbers."""

    delimiter = ";"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the names of its columns, and the rows by the paths in them.

    A row is kept as one text, for there may be one for every file of a large collection.
    """

    columns: tuple[str, ...]
    """'' for the column of paths."""
    rows: dict[str, str]
    by_name: bool
    """Whether a file is meant by its name alone, wherever it lies below the table."""

    def of(self, path: str) -> dict[str, list[str]]:
        """What is said about the file at `path` ('sub/tune.mid', relative to the table); {} for nothing."""
        row = next((self.rows[name] for name in self._names(path) if name in self.rows), "")
        cells = zip(self.columns, row.split(_BETWEEN), strict=False)
        return {name: [text] for name, cell in cells if name and (text := one_line(cell))}

    def _names(self, path: str) -> Iterator[str]:
        yield path
        if self.by_name:
            place = PurePosixPath(path)
            yield from (str(place.with_suffix("")), place.name, place.stem)


def named(text: str) -> str:
    """A heading as the name of what it says: 'Beat Type' is 'beat_type'."""
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def listing(folder: str) -> list[str]:
    """The tables in `folder`, MANIFESTs first; none where it cannot be listed: it need not be one's own."""
    try:
        with os.scandir(folder or os.curdir) as entries:
            paths = [entry.path for entry in entries if _is_table(entry)]
    except OSError:
        return []
    return sorted(paths, key=lambda path: (not is_manifest(path), path))


def is_manifest(path: str) -> bool:
    """Whether a table is there to say which files there are."""
    return os.path.splitext(os.path.basename(path))[0].lower() == _MANIFEST


def read(path: str) -> Table | None:
    """The table at `path`; None for one that is not about files.

    Text that is not UTF-8 is taken for Latin-1, but for a MANIFEST's. Raises `FormatError` for a table of
    files that cannot be read to its end, and for a MANIFEST that gives groups to no paths.
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
        if not is_manifest(path):  # somebody else's, which would only have told more
            return None
        raise FormatError(f"'{path}' cannot be read ({error.strerror}); check its permissions.") from error


def _read(path: str, encoding: str) -> Table | None:
    with open(path, encoding=encoding, newline="") as file:
        heading = file.readline(_LINE)
        dialect = _dialect(path, heading)
        columns = tuple(map(named, next(csv.reader([heading], dialect), [])))[:_MOST_COLUMNS]
        place = _column_of_paths(columns)
        if place is None:
            if "group" in columns and is_manifest(path):
                shown = ", ".join(columns)
                raise FormatError(f"'{path}' has the columns {shown}; expected 'path' beside 'group'.")
            return None
        if os.fstat(file.fileno()).st_size > _LARGEST:
            raise FormatError(f"The table '{path}' is too large; at most {_LARGEST >> 20} MiB are read.")
        others = (*columns[:place], "", *columns[place + 1 :])
        by_name = not columns[place].endswith("path")
        return Table(others, _rows(file, dialect, place), by_name)


def _dialect(path: str, heading: str) -> type[csv.Dialect]:
    if path.lower().endswith(".tsv"):
        return _Tabs
    return _Semicolons if heading.count(";") > heading.count(",") else csv.excel


def _column_of_paths(columns: Sequence[str]) -> int | None:
    """One of MIDI files before one of files of any kind, as beside those of recordings."""
    found = [place for place, name in enumerate(columns) if _PATHS.fullmatch(name)]
    order = sorted(found, key=lambda place: ("midi" not in columns[place], columns[place] != "path", place))
    return next(iter(order), None)


def _rows(file: TextIO, dialect: type[csv.Dialect], place: int) -> dict[str, str]:
    """The rows by their paths; of two for the same path the first."""
    rows: dict[str, str] = {}
    for row in csv.reader(iter(partial(file.readline, _LINE), ""), dialect=dialect):
        if len(row) > place and row[place]:
            cells = (cell[:LONGEST].replace(_BETWEEN, " ") for cell in row[:_MOST_COLUMNS])
            rows.setdefault(row[place].replace("\\", "/").removeprefix("./"), _BETWEEN.join(cells))
    return rows


def _is_table(entry: os.DirEntry[str]) -> bool:
    return entry.name.lower().endswith(SUFFIXES) and not entry.name.startswith(".") and entry.is_file()
