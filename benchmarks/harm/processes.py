"""Processes of a command: who is among them, and killing them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from pathlib import Path

from harm.workbench import argv, environment

_MARK = "ANTIPHON_TRIAL"
_PATIENCE_S = 10.0


class Running:
    """A command under way in `folder`, which can be killed and whose processes can be found."""

    def __init__(self, words: tuple[str, ...], folder: Path) -> None:
        self._mark = uuid.uuid4().hex
        self.process = subprocess.Popen(
            argv(words), cwd=folder, env=environment(**{_MARK: self._mark}), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def kill_after(self, seconds: float, *, alone: bool) -> bool:
        """Kill the group of processes, or the first process `alone`; whether it was still there."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            send = os.kill if alone else os.killpg
            send(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stderr
        self.process.stderr.close()
        return self.process.returncode == -signal.SIGKILL

    def orphans(self) -> list[int]:
        """Processes that are still there when they have had time to end, which are killed now."""
        end = time.monotonic() + _PATIENCE_S
        while (left := self._marked()) and time.monotonic() < end:
            time.sleep(0.05)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return left

    def _marked(self) -> list[int]:
        mark = f"{_MARK}={self._mark}".encode()
        return [
            int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and _has(path, mark)
        ]


def _has(process: Path, mark: bytes) -> bool:
    try:
        return mark in (process / "environ").read_bytes().split(b"\0")  # empty for those that have ended
    except OSError:
        return False
