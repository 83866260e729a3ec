"""Folders walked through and lists read: files in a fixed order, and what is no file that can be read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from antiphon.errors import InputError

LIST_SUFFIXES = (".txt", ".lst")
_HERE = os.curdir + os.sep
_NO_FILES = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class Refusal(NamedTuple):
    """A path that is not read, and why; `again` says that it is only another way to what is."""

    path: str
    reason: str
    again: bool = False


@dataclass
class Seen:
    """The folders that were walked through, by what tells a folder apart whatever the way to it, and what
    was refused on the way."""

    folders: set[tuple[int, int]] = field(default_factory=set)
    refused: list[Refusal] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path | None) -> Seen:
        """As if `folder` had been walked through."""
        seen = cls()
        if folder is not None and folder.is_dir():
            seen.enter(str(folder))
        return seen

    def enter(self, folder: str) -> bool:
        """Whether `folder` is new; it is not any more."""
        status = os.stat(folder)
        identity = (status.st_dev, status.st_ino)
        new = identity not in self.folders
        self.folders.add(identity)
        return new


def walk(folder: str, seen: Seen) -> Iterator[tuple[str, os.stat_result]]:
    """Files below `folder` by name, and their status; links to folders are followed, but into no folder that
    was `seen` before."""
    ways = [_entries(folder, seen)] if seen.enter(folder) else []
    while ways:
        entry = next(ways[-1], None)
        if entry is None:
            ways.pop()
            continue
        path = entry.path.removeprefix(_HERE)
        try:
            status = entry.stat()
            if stat.S_ISREG(status.st_mode):
                yield path, status
            elif not stat.S_ISDIR(status.st_mode):
                seen.refused.append(Refusal(path, f"{_what(status)}, not a file"))
            elif seen.enter(entry.path):
                ways.append(_entries(entry.path, seen))
            elif entry.is_symlink():
                seen.refused.append(Refusal(path, "a link to a folder that is read already", again=True))
        except OSError as error:
            seen.refused.append(Refusal(path, _reason(entry, error)))


def listed(path: str) -> Iterator[str]:
    """The files that the list at `path` names. Raises `InputError` for one that is not there."""
    try:
        lines = os.fsdecode(Path(path).read_bytes()).splitlines()
    except OSError as error:
        raise InputError(f"The list '{path}' cannot be read ({error}); expected one path a line.") from error
    for number, line in enumerate(lines, 1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        found = os.path.normpath(os.path.join(os.path.dirname(path), name))
        if "\0" in found or not os.path.isfile(found):
            raise InputError(f"Line {number} of '{path}': there is no file '{found}'.")
        yield found


def _entries(folder: str, seen: Seen) -> Iterator[os.DirEntry[str]]:
    """What lies in `folder`, by name, without what is hidden; nothing where it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        path = folder.removeprefix(_HERE)
        seen.refused.append(Refusal(path, f"the folder cannot be listed ({error.strerror or error})"))
        return iter(())
    return iter(sorted(visible, key=lambda entry: entry.name))


def _what(status: os.stat_result) -> str:
    return next((words for test, words in _NO_FILES if test(status.st_mode)), "something else")


def _reason(entry: os.DirEntry[str], error: OSError) -> str:
    if entry.is_symlink():
        return "a link that leads nowhere"
    return f"it cannot be looked at ({error.strerror or error})"
