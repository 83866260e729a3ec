"""Workers: processes that do chunks, watched, so that a piece which kills or hangs its reader costs itself
only.

A worker notes in shared memory which piece it is at. One that dies, or stays at a piece for longer than the
time limit, is replaced; its chunk is done again without that piece, whose outcome says what happened. What
is wrong with no piece, but with the place where chunks go, ends the build. No worker outlives the process
that started it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol, Self

from antiphon.data.harvest import Job, work
from antiphon.data.orphans import end_with_parent
from antiphon.errors import AntiphonError, CorpusError

_POLL_S = 0.1
_IDLE = -1

Advance = Callable[[int], None]
"""Told how many more pieces are done."""


class Doer(Protocol):
    """Whoever does jobs."""

    def __call__(self, jobs: Sequence[Job], *, time_limit_s: float, advance: Advance) -> None:
        """Do all `jobs`, and tell `advance` of every piece."""


def do(jobs: Sequence[Job], *, workers: int | None, time_limit_s: float, advance: Advance) -> None:
    """Do all `jobs`, in a process a core unless `workers` says how many.

    One worker works in this process, where neither death nor a hang of a reader can be survived. Raises
    `CorpusError` where processes cannot be started.
    """
    if workers == 1:
        for job in jobs:
            work(job, lambda place: advance(1 if place else 0))
            advance(1)
        return
    with Crew(min(workers or os.cpu_count() or 1, len(jobs)), time_limit_s) as crew:
        crew.do(jobs, advance)


class _Worker:
    """One process, the job it has, and since when it has been at the piece it is at."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.place: Any = context.RawValue("i", _IDLE)
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, self.place), daemon=True)
        with _deaf_to_interrupts():
            self.process.start()
        theirs.close()
        self.job: Job | None = None
        self.told = 0
        self._seen, self._since = _IDLE, time.monotonic()

    def give(self, job: Job) -> None:
        self.job, self.told = job, 0
        self.place.value = _IDLE
        self.pipe.send(job)

    def stuck_s(self) -> float:
        """Seconds spent at the present piece."""
        place = self.place.value
        if place != self._seen:
            self._seen, self._since = place, time.monotonic()
        return time.monotonic() - self._since if place != _IDLE else 0.0

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


class Crew:
    """`n` watched processes, kept from one `do` to the next; a context, which ends them.

    A crew of one is the guard of whoever does one job after the other. It cannot be made in a daemonic
    process, which may have no children.
    """

    def __init__(self, n: int, time_limit_s: float) -> None:
        self.n = n
        self.time_limit_s = time_limit_s
        self._waiting: deque[Job] = deque()
        self._advance: Advance = lambda _: None
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        self._workers = [_Worker() for _ in range(self.n)]
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.stop()
        self._workers = []

    def do(self, jobs: Sequence[Job], advance: Advance) -> None:
        """Hand `jobs` to the workers until all are done; raises `CorpusError` for workers that cannot work,
        `OutputError` where chunks cannot be written."""
        self._waiting, self._advance = deque(jobs), advance
        self._workers = [worker if worker.process.is_alive() else _Worker() for worker in self._workers]
        while self._waiting or any(worker.job for worker in self._workers):
            for worker in self._workers:
                if worker.job is None and self._waiting:
                    self._give(worker)
            watched = [thing for w in self._workers for thing in (w.pipe, w.process.sentinel)]
            wait(watched, timeout=_POLL_S)
            for place, worker in enumerate(self._workers):
                self._workers[place] = self._look_after(worker)

    def _give(self, worker: _Worker) -> None:
        job = self._waiting.popleft()
        worker.job = job
        try:
            worker.give(job)
        except OSError:  # it died before; `_look_after` finds it dead with the job still its own
            return

    def _look_after(self, worker: _Worker) -> _Worker:
        """Take in what `worker` has done; the worker that goes on in its place."""
        if worker.job is None:
            return worker
        if _answered(worker.pipe):
            self._tell(worker, len(worker.job.places))
            worker.job = None
            return worker
        if not worker.process.is_alive():
            return self._replace(worker, _how_it_died(worker.process.exitcode))
        if worker.stuck_s() > self.time_limit_s:
            return self._replace(worker, f"Reading it took more than {self.time_limit_s:g} s and was ended.")
        self._tell(worker, max(worker.place.value, 0))
        return worker

    def _tell(self, worker: _Worker, done: int) -> None:
        self._advance(done - worker.told)
        worker.told = done

    def _replace(self, worker: _Worker, reason: str) -> _Worker:
        worker.stop()
        job, place = worker.job, worker.place.value
        if job is None or place == _IDLE:
            raise CorpusError(
                f"A worker ended before it had read anything ({reason}) A script that builds a corpus does "
                'so below `if __name__ == "__main__":`; or build with one worker, in this process.'
            )
        self._advance(-worker.told)
        self._waiting.appendleft(replace(job, refused={**job.refused, place: reason}))
        return _Worker()


def _answered(pipe: Connection) -> bool:
    """Whether a chunk is done. What a worker could not do for a reason of its own is raised here."""
    try:
        if not pipe.poll():
            return False
        failure: AntiphonError | None = pipe.recv()
    except (EOFError, OSError):
        return False
    if failure is not None:
        raise failure
    return True


def _how_it_died(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"The process that read it was ended by {signal.Signals(-exitcode).name}."
    return f"The process that read it ended with status {exitcode}."


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """What starts inside never hears Ctrl-C, not even before its first line: it is for its parent to end
    it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # which starting a process does otherwise, and unblocks the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, place: Any) -> None:
    """A worker's life: jobs in, None or what was wrong out, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    gc.freeze()  # what is imported stays; looking through it again and again is a tenth of the time

    def begin(index: int) -> None:
        place.value = index

    while True:
        try:
            job = pipe.recv()
            failure = _failure(job, begin)
            place.value = _IDLE
            pipe.send(failure)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def _failure(job: Job, begin: Callable[[int], None]) -> AntiphonError | None:
    """Do `job`; why it could not be done, which no piece is to blame for."""
    try:
        work(job, begin)
    except AntiphonError as error:
        return error
    return None
