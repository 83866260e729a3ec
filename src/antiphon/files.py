"""Writing files so that nothing is ever half there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from antiphon.errors import OutputError


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A temporary path beside `target` that becomes `target` when the block ends well, else vanishes.

    The temporary name keeps the suffix, for writers that choose a format by it. Raises `OutputError` where
    the folder cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix)
        os.close(handle)
    except (FileExistsError, NotADirectoryError) as error:
        raise OutputError(
            f"Cannot write '{target}': '{_no_folder(target)}' is no folder. Choose another place with -o."
        ) from error
    except OSError as error:
        raise _unwritable(target, error) from error
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, target)
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _unwritable(target: Path, error: OSError) -> OutputError:
    return OutputError(f"Cannot write '{target}': {error.strerror or error}. Choose another place with -o.")


def _no_folder(target: Path) -> Path:
    """The file that stands where `target` would need a folder."""
    return next((parent for parent in target.parents if parent.exists()), target.parent)


def atomic_write(target: Path, content: bytes | str) -> None:
    """Write `content` to `target` whole or not at all; text as UTF-8. Raises `OutputError`."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    with atomic_path(target) as temporary:
        temporary.write_bytes(data)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
