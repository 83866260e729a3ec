"""Errors of the system at the n-th call of a command, as strace makes them: real ones, for native code too.

First the command is traced undisturbed (`plan`): the calls that touch the files it works on are its points.
Then it runs once for each point with the error there (`Trial`), and once more without.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harm.forge import Forge
from harm.workbench import Command, Workbench, contents, differences, losses

CALLS = {
    "write": ("write", "pwrite64", "writev", "ftruncate", "fallocate"),
    "read": ("read", "pread64", "readv"),
    "rename": ("rename", "renameat", "renameat2"),
    "sync": ("fsync", "fdatasync"),
    "open": ("open", "openat"),
    "memory": ("mmap", "brk", "mremap"),
}
ERRORS = {
    "write": "ENOSPC",
    "read": "EIO",
    "rename": "EIO",
    "sync": "EIO",
    "open": "EMFILE",
    "memory": "ENOMEM",
}
KINDS = (*CALLS, "kill")
KILLED_AT = ("write", "rename", "sync", "open")
"""Kinds of calls at which a command is killed."""
_CALL = re.compile(r"(\w+)\((.*)")
_HANDLE = re.compile(r"(?:\d+|AT_FDCWD)<([^>]*)>(?:, )?")
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LIMIT_S = 180


@dataclass(frozen=True)
class Point:
    """The n-th call `call` of a process; a fault of kind `memory` lasts from there on, for every call that
    `counts` has."""

    kind: str
    call: str
    number: int
    what: str
    counts: tuple[tuple[str, int], ...] = ()

    def flags(self) -> list[str]:
        """What strace is told."""
        if self.kind == "memory":
            error = ERRORS["memory"]
            return [f"inject={call}:error={error}:when={number}+" for call, number in self.counts]
        fault = "signal=KILL" if self.kind == "kill" else f"error={ERRORS[self.kind]}"
        return [f"inject={self.call}:{fault}:when={self.number}"]

    def __str__(self) -> str:
        return f"{self.kind} at {self.call} {self.number} ({self.what})"


@dataclass(frozen=True)
class Trial:
    """What became of a command with a fault at a point, and of the command after it."""

    command: str
    point: Point
    status: int
    """Exit code; a signal, negative."""
    hit: str
    """What the calls touched that failed."""
    wrong: tuple[str, ...]

    @property
    def outcome(self) -> str:
        """In a word or two, to be counted."""
        if self.wrong:
            return "wrong"
        if self.status < 0:
            return "killed" if self.point.kind == "kill" else f"signal {-self.status}"
        return f"exit {self.status}"


def unavailable() -> str:
    """Why nothing can be injected here, or ''."""
    if shutil.which("strace") is None:
        return "needs strace, which is not installed"
    words = ["strace", "-o", os.devnull, "-e", "inject=getppid:error=EPERM", "true"]
    tried = subprocess.run(words, capture_output=True, text=True, check=False)
    return f"strace may not trace here: {tried.stderr.strip()[-80:]}" if tried.returncode else ""


class Injector:
    """Runs commands of a bench under strace, in stage `number`; a context."""

    def __init__(self, bench: Workbench, number: int = 1) -> None:
        self._bench, self._number, self._forge = bench, number, Forge()

    def __enter__(self) -> Injector:
        return self

    def __exit__(self, *error: object) -> None:
        self._forge.__exit__(*error)

    def plan(self, command: Command) -> dict[str, list[Point]]:
        """The points of a command, by kind of fault."""
        folder = self._bench.prepare(command, self._number)
        calls = ",".join(call for names in CALLS.values() for call in names)
        log = self._bench.root / f"trace{self._number}"
        status = self._traced(command, folder, ["-y", "-s", "300", "-e", f"trace={calls}"], log)
        if status:
            raise RuntimeError(f"{command.name} failed undisturbed: {(folder / 'stderr').read_text()[-300:]}")
        return points(log.read_text("utf-8", "replace").splitlines(), self._bench.root)

    def trial(self, command: Command, point: Point) -> Trial:
        """Run the command with a fault at `point`, and once more without."""
        folder = self._bench.prepare(command, self._number)
        log = self._bench.root / f"trace{self._number}"
        names = ",".join(call for call, _ in point.counts) or point.call
        flags = ["-y", "-s", "300"] + [
            word for flag in (f"trace={names}", *point.flags()) for word in ("-e", flag)
        ]
        status = self._traced(command, folder, flags, log)
        trace = log.read_text("utf-8", "replace").splitlines()
        hit = "; ".join(sorted({_touched(line, self._bench.root) for line in trace if "(INJECTED)" in line}))
        wrong = [] if hit or point.kind == "kill" else ["the fault did not happen"]
        wrong += judged(command, point, status, folder, self._bench)
        wrong += losses(command, folder, self._bench)
        return Trial(command.name, point, status, hit, (*wrong, *self._again(command, folder)))

    def _again(self, command: Command, folder: Path) -> Iterator[str]:
        """What is wrong with the same command after a failure."""
        for name in ("stdout", "stderr"):
            (folder / name).unlink(missing_ok=True)
        self._forge.fork(command.words, folder)
        status = self._forge.start()
        if status:
            yield f"again: exit {status}: {(folder / 'stderr').read_text()[-200:].strip()}"
        yield from (f"again: {what}" for what in differences(command, folder, self._bench))

    def _traced(self, command: Command, folder: Path, flags: Sequence[str], log: Path) -> int:
        """Exit code of a command under strace, its first thread only: other threads and programs that it
        starts have numbers of their own."""
        pid = self._forge.fork(command.words, folder)
        tracer = subprocess.Popen(
            ["strace", "-o", str(log), "-p", str(pid), *flags], stderr=subprocess.PIPE, text=True
        )
        assert tracer.stderr
        first = tracer.stderr.readline()
        if "attached" not in first:
            raise RuntimeError(f"strace does not attach: {first.strip()}")
        status = self._forge.start()
        tracer.communicate(timeout=_LIMIT_S)
        return status


def points(trace: Sequence[str], root: Path) -> dict[str, list[Point]]:
    """The points in a trace: calls that touch files below `root`, and those for memory."""
    kinds = {call: kind for kind, names in CALLS.items() for call in names}
    seen: Counter[str] = Counter()
    found: dict[str, list[Point]] = {kind: [] for kind in KINDS}
    for line in trace:
        match = _CALL.match(line)
        if not match:
            continue
        call, what = match[1], match[2]
        seen[call] += 1
        kind = kinds[call]
        if kind == "memory":
            counts = tuple((name, seen[name] + (name != call)) for name in CALLS["memory"])
            found[kind].append(Point(kind, call, seen[call], what[:40], counts))
        elif touched := _ours(what, root):
            found[kind].append(Point(kind, call, seen[call], touched))
            if kind in KILLED_AT:
                found["kill"].append(Point("kill", call, seen[call], touched))
    return found


def _touched(line: str, root: Path) -> str:
    match = _CALL.match(line)
    return (match and _ours(match[2], root)) or line[:60]


def _ours(what: str, root: Path) -> str:
    """The file below `root` that a call with these arguments touches, or ''."""
    handle, path = _HANDLE.match(what), _PATH.search(what)
    place = handle[1] if handle else ""
    if path and (not handle or what.startswith("AT_FDCWD") or not place.startswith(str(root))):
        place = os.path.join(place, path[1])
    name = Path(place).name
    return name if place.startswith(f"{root}{os.sep}") and name != "stderr" else ""


def judged(command: Command, point: Point, status: int, folder: Path, bench: Workbench) -> list[str]:
    """What is wrong with how a command ended."""
    said = (folder / "stderr").read_text("utf-8", "replace")
    lines = said.splitlines()
    if status < 0 and point.kind == "memory":
        return []  # Python itself, numpy and torch do not all survive it; what they leave is judged
    if status < 0:
        return (
            []
            if point.kind == "kill" and status == -9
            else [f"died of signal {-status}: {' '.join(said.split())[:400]}"]
        )
    if "Traceback" in said:
        return [f"traceback: {said.strip()[-200:]}"]
    if status in {1, *command.partly}:
        errors = [line for line in lines if line.startswith("antiphon: ")]
        return [] if errors == lines[-1:] else [f"exit {status} and no line at the end: {said[-200:]}"]
    if status:
        return [f"exit {status}: {said[-200:]}"]
    return [] if _is_said(command, said, folder, bench) else ["silently another result"]


def _is_said(command: Command, said: str, folder: Path, bench: Workbench) -> bool:
    """Whether a command that succeeded in spite of a fault did its work, or tells what is missing."""
    after, now = bench.reference(command)[1], contents(folder / command.out)
    missing = {name for name in after if after[name] != now.get(name)}
    return not missing or "left out" in said or "ledger.tsv" in missing


def sampled(points: Sequence[Point], most: int | None, offset: int = 0) -> list[Point]:
    """At most `most` of `points`, evenly spread from `offset` on."""
    if most is None or len(points) <= most:
        return list(points)
    return [points[(offset + at * len(points) // most) % len(points)] for at in range(most)]
