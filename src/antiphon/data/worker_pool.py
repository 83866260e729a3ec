"""A pool of worker processes that run extraction jobs, monitored so that a piece which crashes or hangs its
worker is lost alone.

A worker notes in shared memory which piece it is reading. One that dies, or reads a piece for longer than the
time limit, is replaced; its job is run again without that piece, whose outcome says what happened. A failure
that no piece caused (the corpus's folder cannot be written) ends the build. No worker outlives the process
that started it.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol, Self

from antiphon.data.extraction import ExtractionJob, run_job
from antiphon.errors import AntiphonError, CorpusError

_POLL_S = 0.1
_IDLE = -1
_PR_SET_PDEATHSIG = 1

Advance = Callable[[int], None]
"""Called with the number of pieces done since the last call."""


class JobRunner(Protocol):
    """Runs jobs: in this process, in a pool, or on a cluster."""

    def __call__(self, jobs: Sequence[ExtractionJob], *, time_limit_s: float, advance: Advance) -> None:
        """Run all `jobs`, and report every piece to `advance`."""


def run_jobs(
    jobs: Sequence[ExtractionJob], *, workers: int | None, time_limit_s: float, advance: Advance
) -> None:
    """Run all `jobs` with `workers` processes, by default one per core.

    With one worker the jobs run in this process, which does not survive a reader that crashes or hangs.
    Raises `CorpusError` where processes cannot be started.
    """
    if workers == 1:
        for job in jobs:
            run_job(job, lambda index: advance(1 if index else 0))
            advance(1)
        return
    with WorkerPool(min(workers or os.cpu_count() or 1, len(jobs)), time_limit_s) as pool:
        pool.run(jobs, advance)


class _Worker:
    """One process, its job, and the time since it began the current piece."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.piece: Any = context.RawValue("i", _IDLE)
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, self.piece), daemon=True)
        with _interrupts_blocked():
            self.process.start()
        theirs.close()
        self.job: ExtractionJob | None = None
        self.reported = 0
        self._seen, self._since = _IDLE, time.monotonic()

    def give(self, job: ExtractionJob) -> None:
        self.job, self.reported = job, 0
        self.piece.value = _IDLE
        self.pipe.send(job)

    def stuck_s(self) -> float:
        """Seconds spent on the current piece."""
        piece = self.piece.value
        if piece != self._seen:
            self._seen, self._since = piece, time.monotonic()
        return time.monotonic() - self._since if piece != _IDLE else 0.0

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


class WorkerPool:
    """`n` monitored processes, kept from one `run` to the next; a context, which ends them.

    A pool of one protects a caller that runs one job after another. A pool cannot be made in a daemonic
    process, which may have no children.
    """

    def __init__(self, n: int, time_limit_s: float) -> None:
        self.n = n
        self.time_limit_s = time_limit_s
        self._waiting: deque[ExtractionJob] = deque()
        self._advance: Advance = lambda _: None
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        self._workers = [_Worker() for _ in range(self.n)]
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.stop()
        self._workers = []

    def run(self, jobs: Sequence[ExtractionJob], advance: Advance) -> None:
        """Run all `jobs`; raises `CorpusError` for workers that cannot start, `OutputError` where chunks
        cannot be written."""
        self._waiting, self._advance = deque(jobs), advance
        self._workers = [worker if worker.process.is_alive() else _Worker() for worker in self._workers]
        while self._waiting or any(worker.job for worker in self._workers):
            for worker in self._workers:
                if worker.job is None and self._waiting:
                    self._give_job(worker)
            watched = [thing for w in self._workers for thing in (w.pipe, w.process.sentinel)]
            wait(watched, timeout=_POLL_S)
            for number, worker in enumerate(self._workers):
                self._workers[number] = self._check(worker)

    def _give_job(self, worker: _Worker) -> None:
        job = self._waiting.popleft()
        worker.job = job
        try:
            worker.give(job)
        except OSError:  # it died before; `_check` finds it dead with the job still assigned
            return

    def _check(self, worker: _Worker) -> _Worker:
        """Take what `worker` has done; returns the worker that continues in its place."""
        if worker.job is None:
            return worker
        if _has_finished(worker.pipe):
            self._report(worker, len(worker.job.places))
            worker.job = None
            return worker
        if not worker.process.is_alive():
            return self._replace(worker, _death_reason(worker.process.exitcode))
        if worker.stuck_s() > self.time_limit_s:
            return self._replace(worker, f"Reading it took more than {self.time_limit_s:g} s and was ended.")
        self._report(worker, max(worker.piece.value, 0))
        return worker

    def _report(self, worker: _Worker, done: int) -> None:
        self._advance(done - worker.reported)
        worker.reported = done

    def _replace(self, worker: _Worker, reason: str) -> _Worker:
        worker.stop()
        job, piece = worker.job, worker.piece.value
        if job is None or piece == _IDLE:
            raise CorpusError(
                f"A worker ended before it had read anything ({reason}) A script that builds a corpus does "
                'so below `if __name__ == "__main__":`; or build with one worker, in this process.'
            )
        self._advance(-worker.reported)
        self._waiting.appendleft(replace(job, refused={**job.refused, piece: reason}))
        return _Worker()


def _has_finished(pipe: Connection) -> bool:
    """Whether the worker has finished its job. Raises the error of a job that failed as a whole."""
    try:
        if not pipe.poll():
            return False
        failure: AntiphonError | None = pipe.recv()
    except (EOFError, OSError):
        return False
    if failure is not None:
        raise failure
    return True


def _death_reason(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"The process that read it was ended by {signal.Signals(-exitcode).name}."
    return f"The process that read it ended with status {exitcode}."


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """A process started inside never receives Ctrl-C, not even before its first line: its parent ends it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which starting a process does otherwise, and unblocks the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, piece: Any) -> None:
    """The main loop of a worker: receives jobs, sends None or an error, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    gc.freeze()  # imported modules stay; scanning them again and again takes a tenth of the time

    def begin(index: int) -> None:
        piece.value = index

    while True:
        try:
            job = pipe.recv()
            failure = _failure(job, begin)
            piece.value = _IDLE
            pipe.send(failure)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def _failure(job: ExtractionJob, begin: Callable[[int], None]) -> AntiphonError | None:
    """Run `job`; returns the error that no piece of it caused, if there was one."""
    try:
        run_job(job, begin)
    except AntiphonError as error:
        return error
    return None


def end_with_parent() -> None:
    """End this process, which `multiprocessing` started, as soon as its parent is gone.

    A thread waits for that. C code that holds the interpreter's lock would block the thread, so on Linux the
    kernel is asked too; it also acts when the parent's thread that started this process ends.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_exit_after, args=(parent.sentinel,), daemon=True).start()


def _exit_after(parent: int) -> None:
    wait([parent])
    os._exit(1)
