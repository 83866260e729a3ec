"""Opening what a person named to read it: a file, and nothing that would never end."""

from __future__ import annotations

import os
import stat
from io import BufferedReader

from antiphon.errors import FormatError

_SPECIAL = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def opened(path: str | os.PathLike[str]) -> BufferedReader:
    """The file at `path`, open for reading bytes.

    Raises `FormatError`, without waiting, for what is no file: a pipe, a socket, a device; `OSError` where it
    cannot be opened.
    """
    try:
        before = os.stat(path).st_mode
    except ValueError as error:  # a NUL in the name
        raise FormatError("no name of a file.") from error
    _check(before)
    handle = os.open(path, os.O_RDONLY | _AT_ONCE)
    try:
        _check(os.fstat(handle).st_mode)  # it may have been exchanged meanwhile
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def special(mode: int) -> str:
    """What a file of the `st_mode` is in words, where it is a pipe, a socket or a device; else ''."""
    return next((words for test, words in _SPECIAL if test(mode)), "")


def _check(mode: int) -> None:
    if what := special(mode):
        raise FormatError(f"{what}, not a file; write what it gives to a file first.")
