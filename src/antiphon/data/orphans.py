"""Processes that do not outlive the one that started them, however it ended."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import wait

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Let this process, which `multiprocessing` started, be ended as soon as its parent is gone.

    A thread waits for that. Code in C that keeps the interpreter to itself would keep the thread from acting,
    so on Linux the kernel is asked too, which also acts when the thread of the parent ends that started this
    process.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()


def _follow(parent: int) -> None:
    wait([parent])
    os._exit(1)
