"""A command run in a fork of this process, which has loaded everything already: what it said, how long it
took, how much memory, and whether it touched anything that it had no business with."""

from __future__ import annotations

import io
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

CPU_S, WALL_S, MEMORY_MB = 20, 120, 1024
_OUTSIDE, _CRASHED = 97, 99
_ERROR = "antiphon: "


@dataclass(frozen=True)
class Outcome:
    """How a command ended: 'played', 'refused', 'usage', or what went wrong."""

    kind: str
    said: str
    cpu_s: float
    peak_mb: float
    """Memory beyond what the process had before."""

    @property
    def right(self) -> bool:
        """Whether it ended as it should."""
        return self.kind in ("played", "refused")


def preload() -> None:
    """Load what commands load, so that forks need not."""
    import matplotlib.font_manager  # noqa: F401 (asks the system once for its fonts)
    import rich.console
    import rich.table  # noqa: F401
    import tensorboard.compat.proto.event_pb2
    import tensorboard.summary.writer.record_writer  # noqa: F401
    import torch
    import torch.utils.tensorboard.summary

    import antiphon.cli.app
    import antiphon.data.build
    import antiphon.generate.model
    import antiphon.train.export
    import antiphon.train.journal
    import antiphon.train.likeness
    import antiphon.train.run
    import antiphon.train.sample  # noqa: F401

    torch.set_num_threads(1)


def run(words: Sequence[str], reads: Sequence[Path], writes: Path) -> Outcome:
    """The command `antiphon WORDS`, which may read `reads` and write below `writes`."""
    before = _resident_mb()
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if not child:
            _be(words, said.fileno(), [*map(str, reads)], str(writes))
        status, used, stopped = _wait(child)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    peak = used.ru_maxrss / 1024 - before
    kind = stopped or _kind(os.waitstatus_to_exitcode(status), text)
    if kind in ("played", "refused") and peak > MEMORY_MB:
        kind = f"took {peak:.0f} MB"
    return Outcome(kind, text, used.ru_utime + used.ru_stime, peak)


def _wait(child: int) -> tuple[int, Any, str]:
    """Status and use of a child that has ended, by itself or because it took too long."""

    def end(number: int, frame: FrameType | None) -> None:
        os.killpg(child, signal.SIGKILL)

    former = signal.signal(signal.SIGALRM, end)
    signal.alarm(WALL_S)
    started = time.monotonic()
    _, status, used = os.wait4(child, 0)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, former)
    late = time.monotonic() - started >= WALL_S or used.ru_utime + used.ru_stime >= CPU_S
    return status, used, "took too long" if late else ""


def _kind(code: int, text: str) -> str:
    if code < 0:
        return f"signal {-code}"
    if code == _OUTSIDE:
        return "touched what is outside"
    if code == _CRASHED or "Traceback (most recent call last)" in text:
        return "traceback"
    errors = [line for line in text.split("\n") if line.startswith(_ERROR)]
    if code == 0:
        return "played"
    if code == 1 and len(errors) == 1 and all(line.isprintable() for line in errors):
        return "refused"
    return f"status {code}, {len(errors)} lines"


def _be(words: Sequence[str], said: int, reads: list[str], writes: str) -> None:
    """Become the command; never returns."""
    code = _CRASHED
    try:
        os.setsid()
        for number in (1, 2):
            os.dup2(said, number)
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for number, name in ((1, "stdout"), (2, "stderr")):
            stream = io.TextIOWrapper(io.FileIO(number, "w", closefd=False), "utf-8", "backslashreplace")
            setattr(sys, name, stream)
        os.environ |= {"MPLCONFIGDIR": writes, "TMPDIR": writes, "TORCHINDUCTOR_CACHE_DIR": writes}
        tempfile.tempdir = writes
        os.makedirs(writes, exist_ok=True)
        sys.argv = ["antiphon", *words]
        sys.addaudithook(watch(reads, writes))
        code = _main()
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _main() -> int:
    from antiphon.cli.app import main

    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


_FORBIDDEN = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.forkpty",
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "socket.sendto",
    "pty.spawn",
    "ctypes.dlopen",
    "webbrowser.open",
    "pickle.find_class",
)
_CHANGES = (
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.symlink",
    "os.link",
    "os.truncate",
    "os.chmod",
)
_SYSTEM = ("/proc", "/sys", "/dev/null", "/dev/urandom", "/usr", "/lib", "/etc/localtime", "/etc/mime.types")


def watch(reads: list[str], writes: str) -> Callable[[str, tuple[Any, ...]], None]:
    """An audit hook that ends the process where it reads or writes elsewhere, or starts another."""
    package, here = Path(__file__).resolve().parents[2] / "src", Path(__file__).resolve().parents[1]
    prefixes = {os.path.realpath(p) for p in (sys.prefix, sys.base_prefix, package, here, *reads, writes)}
    may_read = tuple({*prefixes, *map(str, reads), sys.prefix, writes, *_SYSTEM})
    may_write = (os.path.realpath(writes), writes, "/dev/null", "/proc/self")

    def outside(what: str) -> None:
        os.write(2, f"\noutside: {what}\n".encode("utf-8", "backslashreplace"))
        os._exit(_OUTSIDE)

    def below(path: Any, roots: tuple[str, ...]) -> bool:
        if not isinstance(path, str | bytes):
            return True  # an open file
        full = os.path.abspath(os.fsdecode(path))
        return any(full == root or full.startswith(root.rstrip("/") + "/") for root in roots)

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = given
            writing = any(c in (mode or "") for c in "wxa+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR)
            if not below(path, may_write if writing else may_read):
                outside(f"open {path!r} {mode}")
        elif event in _CHANGES and not all(below(p, may_write) for p in given[:1]):
            outside(f"{event} {given!r}")
        elif event in _FORBIDDEN:
            outside(f"{event} {given!r}"[:300])

    return hook


def _resident_mb() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20
