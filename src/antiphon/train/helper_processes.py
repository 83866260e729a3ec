"""Helpers: processes that the training process starts on its own machine, one for every core that it does not
keep busy itself.

A helper is `python -m antiphon.train`, so no program that calls `train` need be importable. It reads its job,
one JSON object, from its standard input, and does what the leading process does, with its own rows of every
batch. Values are added up in shared memory, in the order of ranks, so that the same number of processes
always computes the same; a byte through a pipe says that values are there, another that their sum is. Whoever
waits sleeps. Where a process dies, the others read the end of the file and end too.
"""

from __future__ import annotations

import json
import mmap
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from antiphon.errors import AntiphonError, OptionError, RunError
from antiphon.train.processes import Processes

_SLOT = 1 << 22
"""Bytes that one process puts into shared memory at a time."""

_THERE, _DONE, _ERROR = b"v", b"s", b"e"

_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""A helper computes in one thread; there is one for every core."""


class LeaderGone(Exception):
    """The process that leads has ended, so there is nobody left to help."""


class _Memory:
    """A slot of shared memory for each of `n` processes; that of the leading one holds sums."""

    def __init__(self, file: IO[bytes], n: int) -> None:
        self._map = mmap.mmap(file.fileno(), n * _SLOT)

    def slot(self, rank: int, like: Tensor) -> Tensor:
        """The first bytes of a slot, of the shape and type of `like`, which has one dimension."""
        dtype = like.numpy().dtype
        return torch.from_numpy(np.frombuffer(self._map, dtype, len(like), rank * _SLOT))


def _pieces(values: Tensor) -> tuple[Tensor, ...]:
    """`values` in parts that fit into a slot."""
    return torch.split(values.detach().view(-1), _SLOT // values.element_size())


class _Leading:
    """The leading process's side."""

    def __init__(self, memory: _Memory, helpers: list[subprocess.Popen[bytes]]) -> None:
        self._memory, self._helpers = memory, helpers

    def add(self, values: Tensor) -> None:
        """Raises `RunError` where a helper has ended."""
        for piece in _pieces(values):
            for rank, helper in enumerate(self._helpers, 1):
                self._await(rank, helper)
                piece += self._memory.slot(rank, piece)
            self._memory.slot(0, piece).copy_(piece)
            for helper in self._helpers:
                assert helper.stdin is not None, "it is a pipe"
                with suppress(OSError):  # the next time that its values are awaited, its end is found
                    helper.stdin.write(_DONE)

    def _await(self, rank: int, helper: subprocess.Popen[bytes]) -> None:
        assert helper.stdout is not None, "it is a pipe"
        said = helper.stdout.read(1)
        if said == _ERROR:
            raise RunError(helper.stdout.read().decode())
        if said != _THERE:
            raise RunError(
                f"Process {rank + 1} of {len(self._helpers) + 1} ended with status {helper.wait()}. The same "
                "command goes on from the last checkpoint; with --processes 1 it needs no other process."
            )


class _Helping:
    """A helper's side."""

    def __init__(self, memory: _Memory, rank: int, receive: IO[bytes], send: IO[bytes]) -> None:
        self._memory, self._rank, self._receive, self._send = memory, rank, receive, send

    def add(self, values: Tensor) -> None:
        """Raises `LeaderGone`."""
        for piece in _pieces(values):
            self._memory.slot(self._rank, piece).copy_(piece)
            try:
                self._send.write(_THERE)
            except OSError:
                raise LeaderGone from None
            if self._receive.read(1) != _DONE:
                raise LeaderGone
            piece.copy_(self._memory.slot(0, piece))


@contextmanager
def helped(n: int, job: Mapping[str, Any]) -> Iterator[Processes]:
    """This process as the first of `n`, and n - 1 helpers with `job` (JSON types), which end with the
    context.

    Raises `OptionError` where they cannot be started.
    """
    with _shared_file(n) as (file, name):
        helpers: list[subprocess.Popen[bytes]] = []
        try:
            jobs = ({**job, "rank": rank, "n": n, "memory": name} for rank in range(1, n))
            helpers.extend(_start(each, file) for each in jobs)
            yield Processes(0, n, _Leading(_Memory(file, n), helpers))
        finally:
            for helper in helpers:
                _end(helper)


def _start(job: Mapping[str, Any], memory: IO[bytes]) -> subprocess.Popen[bytes]:
    """A helper that has read its job."""
    home = str(Path(__file__).parents[2])
    paths = os.pathsep.join([home, *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        helper = subprocess.Popen(
            [sys.executable, "-P", "-m", "antiphon.train"],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": paths},
            pass_fds=() if os.name == "nt" else [memory.fileno()],
            start_new_session=True,  # Ctrl-C is for the leading process, which tells the others
        )
        assert helper.stdin is not None, "it is a pipe"
        helper.stdin.write(json.dumps(job).encode() + b"\n")
    except OSError as error:
        why = error.strerror or error
        raise OptionError(f"No process can be started to help ({why}); train with --processes 1.") from error
    return helper


def _end(helper: subprocess.Popen[bytes]) -> None:
    """Let a helper end: it reads the end of its input wherever it waits."""
    for pipe in (helper.stdin, helper.stdout):
        if pipe is not None:
            pipe.close()
    try:
        helper.wait(timeout=5)
    except subprocess.TimeoutExpired:
        helper.kill()
        helper.wait()


@contextmanager
def _shared_file(n: int) -> Iterator[tuple[IO[bytes], str]]:
    """A file of a slot per process that no disk need hold, and a name by which helpers open it."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("antiphon"), "w+b") as file:
            file.truncate(n * _SLOT)
            yield file, f"/dev/fd/{file.fileno()}"
        return
    with tempfile.TemporaryDirectory(prefix="antiphon-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "gradients"
        with path.open("w+b") as file:
            file.truncate(n * _SLOT)
            yield file, str(path)


Work = Callable[[dict[str, Any], Processes], object]


def serve(work: Work) -> None:
    """A helper's life: read a job, and `work` on it together with the others."""
    # Whatever prints shall not be taken for a message to the leading process.
    send = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    job = json.loads(sys.stdin.buffer.readline())
    rank, n = job.pop("rank"), job.pop("n")
    with open(job.pop("memory"), "r+b") as file:
        memory = _Memory(file, n)
    try:
        work(job, Processes(rank, n, _Helping(memory, rank, sys.stdin.buffer, send)))
    except LeaderGone:
        sys.exit(1)
    except AntiphonError as error:
        with suppress(OSError):  # the leading process has the same error, and does not listen any more
            send.write(_ERROR + str(error).encode())
        sys.exit(1)
