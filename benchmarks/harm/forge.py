"""A process that has loaded everything, and forks commands that wait until they are told to start.

A command that is traced then begins with its own work: what it costs to load Python and torch is paid once.
Run as a program it is the process; `Forge` is its other end.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import antiphon
from harm.workbench import environment

_HEAVY = (
    *(
        "torch",
        "torch.utils.tensorboard",
        "torch._dynamo",
        "torch.export",
        "torch.onnx",
        "onnx",
        "onnxscript",
    ),
    *("matplotlib.backends.backend_agg", "symusic", "soundfile", "safetensors.torch", "pydantic"),
)
_ANY_TRACER = 0x59616D61, -1


class Forge:
    """The other end of a forking process; a context, at whose end that process ends."""

    def __init__(self) -> None:
        here = str(Path(__file__).resolve().parents[1])
        path = os.pathsep.join([here, environment()["PYTHONPATH"]])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harm.forge"],
            env=environment(PYTHONPATH=path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Forge:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def fork(self, words: Sequence[str], folder: Path) -> int:
        """A process that waits to run the command in `folder`; its output goes to `stdout` and `stderr`
        there."""
        found: int = self._ask({"fork": list(words), "folder": str(folder)})
        return found

    def start(self) -> int:
        """Let the process that was forked last run, to its end; what it ended with, as
        `os.waitstatus_to_exitcode` has it."""
        status: int = self._ask({"start": True})
        return status

    def _ask(self, what: dict[str, Any]) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def serve() -> dict[str, Any] | None:
    """Answer requests; returns a job in the process that is to do it, None at the end."""
    child = begin = 0
    answer: Any = 0
    for line in sys.stdin:
        asked = json.loads(line)
        if "fork" in asked:
            wait, begin = os.pipe()
            child = os.fork()
            if not child:
                os.close(begin)
                _settle(wait, Path(asked["folder"]))
                return asked
            os.close(wait)
            answer = child
        else:
            os.close(begin)
            answer = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(1, json.dumps(answer).encode() + b"\n")
    return None


def _settle(wait: int, folder: Path) -> None:
    """Be a command of its own in `folder`, and wait for the start."""
    os.setsid()
    os.chdir(folder)
    ctypes.CDLL(None).prctl(*_ANY_TRACER, 0, 0, 0)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    for name, handle in (("stdout", 1), ("stderr", 2)):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.dup2(file, handle)
        os.close(file)
    os.close(nowhere)
    os.read(wait, 1)
    os.close(wait)


def load() -> None:
    """Load what can be loaded without a thread beginning."""
    refusing: Any = _WithoutThreads
    sys.meta_path.insert(0, refusing)
    ours = (found.name for found in walk_packages(antiphon.__path__, "antiphon."))
    for name in (*_HEAVY, *(name for name in ours if not name.endswith("__main__"))):
        with suppress(ImportError):
            import_module(name)
    sys.meta_path.remove(refusing)
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("A module began a thread; processes that are forked would wait for it.")
    gc.collect()
    gc.freeze()


class _WithoutThreads:
    """Refuses to load what begins a thread: a forked process would be without it, and wait for it."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "onnxruntime.capi":
            raise ImportError(name)


def main() -> None:
    """Serve, and in a forked process do the job as the command line does it."""
    load()
    job = serve()
    if job is None:
        return
    from antiphon.cli import app

    sys.argv = ["antiphon", *job["fork"]]
    app.main()


if __name__ == "__main__":
    main()
