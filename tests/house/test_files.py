"""What is written is whole, on the disk and by one process at a time; what killed processes left is cleared
away."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from antiphon import files
from antiphon.errors import BusyError, OutputError, StorageError
from antiphon.files import TEMPORARY, atomic_path, atomic_write, claimed

HOLDS = """
import sys, time
from pathlib import Path
from antiphon.files import {what}
with {what}(Path({path!r})):
    print("here", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _as_a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_swept", set())


@pytest.fixture
def holder(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """Another process that claims `tmp_path`, or writes a file in it."""
    what = request.param
    path = tmp_path if what == "claimed" else tmp_path / "file.mid"
    words = [sys.executable, "-c", HOLDS.format(what=what, path=str(path))]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "here\n"
        yield process
        process.kill()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.txt"
    atomic_write(target, "one")
    with pytest.raises(ZeroDivisionError), atomic_path(target) as temporary:
        temporary.write_text(f"half{1 // 0}")
    with pytest.raises(UnicodeEncodeError):
        atomic_write(target, "half\ud800")
    assert target.read_text() == "one"
    assert names(target.parent) == ["a.txt"]


def test_content_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, replace = os.fsync, os.replace

    def synced(handle: int) -> None:
        done.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file")
        sync(handle)

    def replaced(old: Path, new: Path) -> None:
        done.append("named")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    atomic_write(tmp_path / "a", b"x")
    assert done == ["file", "named", "folder"]
    atomic_write(tmp_path / "b", b"x", sync=False)
    assert done[3:] == ["named"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("code", "kind"),
    [(errno.ENOSPC, StorageError), (errno.EIO, StorageError), (errno.ENAMETOOLONG, OutputError)],
)
def test_what_fails_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int, kind: type[OutputError]
) -> None:
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OutputError, match=os.strerror(code)) as caught:
        atomic_write(tmp_path / "a", b"x")
    assert type(caught.value) is kind
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_synced_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def only_files(handle: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(errno.EINVAL, "Invalid argument")
        sync(handle)

    monkeypatch.setattr(os, "fsync", only_files)
    atomic_write(tmp_path / "a", b"x")
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("holder", ["atomic_path"], indirect=True)
def test_temporary_files_of_killed_processes_are_removed_and_no_others(
    tmp_path: Path, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".hidden").write_text("mine")
    atomic_write(tmp_path / "a", b"x")
    left = [name for name in names(tmp_path) if name.startswith(TEMPORARY)]
    assert len(left) == 1
    assert left[0].endswith(".mid")
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    monkeypatch.setattr(files, "_swept", set())
    atomic_write(tmp_path / "b", b"x")
    assert names(tmp_path) == [".hidden", "a", "b"]


def test_a_temporary_file_that_was_taken_for_abandoned_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    make = files.tempfile.mkstemp

    def vanishing(**options: str) -> tuple[int, str]:
        handle, name = make(**options)  # type: ignore[call-overload]
        made.append(Path(name))
        if len(made) == 1:
            made[0].unlink()
        return handle, name

    monkeypatch.setattr(files.tempfile, "mkstemp", vanishing)
    atomic_write(tmp_path / "a", b"x")
    assert len(made) == 2
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("holder", ["claimed"], indirect=True)
def test_a_claimed_folder_is_refused_in_words_until_its_owner_ends(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(BusyError, match="Another process"), claimed(tmp_path):
        pass
    holder.kill()
    holder.wait()
    with claimed(tmp_path):
        assert names(tmp_path) == []


@pytest.mark.parametrize("holder", ["claimed"], indirect=True)
def test_who_waits_says_so_and_goes_on(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    said: list[str] = []

    def tell(line: str) -> None:
        said.append(line)
        threading.Timer(0.1, holder.kill).start()

    with claimed(tmp_path, wait=tell):
        assert holder.wait() == -signal.SIGKILL
    assert len(said) == 1
    assert str(tmp_path) in said[0]


def test_a_file_is_no_folder_to_claim(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    for path in (tmp_path / "a", tmp_path / "a" / "b"):
        with pytest.raises(OutputError), claimed(path):
            pass


def test_where_folders_cannot_be_locked_a_file_in_them_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = files.fcntl.flock

    def only_files(handle: int, how: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(errno.EBADF, "Bad file descriptor")
        lock(handle, how)

    monkeypatch.setattr(files.fcntl, "flock", only_files)
    with claimed(tmp_path), pytest.raises(BusyError), claimed(tmp_path):
        pass
    assert names(tmp_path) == [".lock"]
