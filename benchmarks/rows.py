"""One measured figure beside its goal, and how to measure a command."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """`value` in `unit`; `goal` in the same unit; `better` is 'lower' or 'higher'; `beside` is the baseline
    of the same run.
    """

    what: str
    value: float
    unit: str
    goal: float
    better: str = "lower"
    beside: str = ""

    @property
    def met(self) -> bool:
        return self.value <= self.goal if self.better == "lower" else self.value >= self.goal

    def markdown(self) -> str:
        mark = "met" if self.met else "missed"
        value, goal = f"{self.value:.3g} {self.unit}", f"{self.goal:g} {self.unit}"
        return f"| {self.what} | {value} | {goal} | {mark} | {self.beside} |"


@dataclass(frozen=True)
class Usage:
    """What a command took: seconds of wall clock, seconds of CPU, peak resident megabytes, of the command
    and its children.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float


def command() -> str:
    """The `antiphon` that belongs to this interpreter."""
    return shutil.which("antiphon", path=str(Path(sys.executable).parent)) or "antiphon"


def run(words: list[str], repeats: int = 3) -> Usage:
    """The fastest of `repeats` runs of a command; its output is thrown away. Raises `CalledProcessError`."""
    return min((_run_once(words) for _ in range(repeats)), key=lambda usage: usage.wall_s)


def _run_once(words: list[str]) -> Usage:
    """Forks a small waiter, so that its children's usage is this command's alone."""
    reader, writer = os.pipe()
    waiter = os.fork()
    if waiter == 0:
        os.close(reader)
        started = time.perf_counter()
        status = subprocess.run(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        ).returncode
        wall = time.perf_counter() - started
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(writer, f"{wall} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss / 1024}".encode())
        os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as stream:
        figures = [float(word) for word in stream.read().split()]
    status = os.waitstatus_to_exitcode(os.waitpid(waiter, 0)[1])
    if status:
        raise subprocess.CalledProcessError(status, words)
    return Usage(*figures)
