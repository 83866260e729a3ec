"""Writing files so that nothing is ever half there: whole or not at all, on the disk before it is named, and
by one process at a time where a folder's files belong together.

What a killed process leaves are temporary files, whose names all begin alike and which their writer keeps
locked: whoever writes into that folder next removes those that nobody holds. On Windows nothing is locked,
and only those a day old are removed.
"""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from antiphon.errors import BusyError, OutputError, StorageError

if sys.platform != "win32":
    import fcntl

TEMPORARY = ".antiphon-"
"""What the names of temporary files begin with."""

_LOCK = ".lock"
"""The file that is locked where a folder itself cannot be."""
_STORAGE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENOMEM, errno.ENODEV, errno.EMFILE}
"""Errors after which nothing else can be written there either."""
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF}
"""What systems say that do not sync folders."""
_DAY_S = 24 * 3600.0

_swept: set[Path] = set()
"""Folders that this process has cleared."""


@contextmanager
def atomic_path(target: Path, *, sync: bool = True) -> Iterator[Path]:
    """A temporary path beside `target` that becomes `target` when the block ends well, else vanishes.

    The temporary name keeps the suffix, for writers that choose a format by it. With `sync` the content is on
    the disk before it has its name, so that a power cut costs nothing; what can be made again goes without.
    Raises `OutputError` where the folder cannot be written, `StorageError` where nothing can be.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        handle, temporary = _temporary(target)
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputError(
            f"Cannot write '{target}': '{_no_folder(target)}' is no folder. Choose another place with -o."
        ) from error
    except OSError as error:
        raise unwritable(target, error) from error
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        if sync:
            _sync(temporary)
        os.replace(temporary, target)
        if sync:
            _sync_folder(target.parent)
    except OSError as error:
        raise unwritable(target, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if handle is not None:
            os.close(handle)


def atomic_write(target: Path, content: bytes | str, *, sync: bool = True) -> None:
    """Write `content` to `target` whole or not at all; text as UTF-8. Raises `OutputError`; see
    `atomic_path`."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    with atomic_path(target, sync=sync) as temporary:
        temporary.write_bytes(data)


@contextmanager
def claimed(folder: Path, *, wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Keep `folder`, which is made where it is missing, to this process while the block runs, or until the
    process ends, however that ends.

    Where another process has it, raises `BusyError`; or, with `wait`, says so to `wait` in a line and waits
    until the other one is done. Raises `OutputError` where the folder cannot be made. What a killed process
    left there is removed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = _lock_of(folder)
    except (FileExistsError, NotADirectoryError) as error:
        file = _no_folder(folder / "file")
        raise OutputError(
            f"Cannot write '{folder}': '{file}' is no folder. Choose another place with -o."
        ) from error
    except OSError as error:
        raise unwritable(folder, error, "in ") from error
    try:
        if handle is not None and not _locked(handle):
            if wait is None:
                raise BusyError(
                    f"Another process writes in '{folder}'; let it end, or choose another folder with -o."
                )
            wait(f"Another process writes in '{folder}'; waiting for it to end.")
            fcntl.flock(handle, fcntl.LOCK_EX)
        _swept.discard(folder)
        sweep(folder)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def sweep(folder: Path) -> None:
    """Remove the temporary files that killed processes left in `folder`, once a process."""
    if folder in _swept:
        return
    _swept.add(folder)
    with suppress(OSError), os.scandir(folder) as entries:
        for path in [entry.path for entry in entries if entry.name.startswith(TEMPORARY)]:
            with suppress(OSError):
                if _is_abandoned(path):
                    os.unlink(path)


def unwritable(target: Path, error: OSError, where: str = "") -> OutputError:
    """The error to raise where writing `target` failed with `error`; `where` is "in " for a folder."""
    kind = StorageError if error.errno in _STORAGE else OutputError
    return kind(f"Cannot write {where}'{target}': {error.strerror or error}. Choose another place with -o.")


def _temporary(target: Path) -> tuple[int | None, Path]:
    """A new file beside `target`, locked by this process, and the handle that holds the lock."""
    while True:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=TEMPORARY, suffix=target.suffix)
        path = Path(name)
        if sys.platform == "win32":  # an open file cannot be renamed there
            os.close(handle)
            return None, path
        _locked(handle)
        # Another process may have taken it for abandoned before it was locked.
        if path.exists():
            return handle, path
        os.close(handle)


def _is_abandoned(path: str) -> bool:
    """Whether no process writes the temporary file at `path` any more."""
    if sys.platform == "win32":
        return time.time() - os.stat(path).st_mtime > _DAY_S
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # somebody has it, or nobody can say
        return False
    finally:
        os.close(handle)
    return True


def _lock_of(folder: Path) -> int | None:
    """A handle by which `folder` can be locked: the folder itself, or a file in it where the system does not
    lock folders (NFS); None where it locks nothing."""
    if sys.platform == "win32":
        return None
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(handle, fcntl.LOCK_UN)
    except BlockingIOError:
        pass
    except OSError:
        os.close(handle)
        return os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    return handle


def _locked(handle: int) -> bool:
    """Whether the file of `handle` is now locked by this process, or cannot be locked on this system at
    all."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(folder: Path) -> None:
    """Put the names in `folder` on the disk, where the system can."""
    if sys.platform == "win32":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _no_folder(target: Path) -> Path:
    """The file that stands where `target` would need a folder."""
    return next((parent for parent in target.parents if parent.exists()), target.parent)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
