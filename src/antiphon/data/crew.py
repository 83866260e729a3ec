"""Workers: processes that do chunks, watched, so that a file which kills or hangs its reader costs itself
only.

A worker notes in shared memory which file it is at. One that dies, or stays at a file for longer than the
time limit, is replaced; its chunk is done again without that file, and the file's outcome says what
happened.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any

from antiphon.data.harvest import Job, work
from antiphon.errors import CorpusError

_POLL_S = 0.1
_IDLE = -1

Advance = Callable[[int], None]
"""Told how many more files are done."""


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
    _Crew(jobs, min(workers or os.cpu_count() or 1, len(jobs)), time_limit_s, advance).run()


class _Worker:
    """One process, the job it has, and since when it has been at the file it is at."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.place: Any = context.RawValue("i", _IDLE)
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, self.place), daemon=True)
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
        """Seconds spent at the present file."""
        place = self.place.value
        if place != self._seen:
            self._seen, self._since = place, time.monotonic()
        return time.monotonic() - self._since if place != _IDLE else 0.0

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


class _Crew:
    """Hands jobs to workers until all are done."""

    def __init__(self, jobs: Sequence[Job], n: int, time_limit_s: float, advance: Advance) -> None:
        self.waiting = deque(jobs)
        self.time_limit_s = time_limit_s
        self.advance = advance
        self.n = n
        self.workers: list[_Worker] = []

    def run(self) -> None:
        try:
            self.workers = [_Worker() for _ in range(self.n)]
            while self.waiting or any(worker.job for worker in self.workers):
                for worker in self.workers:
                    if worker.job is None and self.waiting:
                        self._give(worker)
                wait(
                    [w.pipe for w in self.workers] + [w.process.sentinel for w in self.workers],
                    timeout=_POLL_S,
                )
                for place, worker in enumerate(self.workers):
                    self.workers[place] = self._look_after(worker)
        finally:
            for worker in self.workers:
                worker.stop()

    def _give(self, worker: _Worker) -> None:
        job = self.waiting.popleft()
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
            self._tell(worker, len(worker.job.paths))
            worker.job = None
            return worker
        if not worker.process.is_alive():
            return self._replace(worker, _how_it_died(worker.process.exitcode))
        if worker.stuck_s() > self.time_limit_s:
            return self._replace(worker, f"Reading it took more than {self.time_limit_s:g} s and was ended.")
        self._tell(worker, max(worker.place.value, 0))
        return worker

    def _tell(self, worker: _Worker, done: int) -> None:
        self.advance(done - worker.told)
        worker.told = done

    def _replace(self, worker: _Worker, reason: str) -> _Worker:
        worker.stop()
        job, place = worker.job, worker.place.value
        if job is None or place == _IDLE:
            raise CorpusError(
                f"A worker ended before it had read anything ({reason}) A script that builds a corpus does "
                'so below `if __name__ == "__main__":`; or build with one worker, in this process.'
            )
        self.advance(-worker.told)
        self.waiting.appendleft(replace(job, refused={**job.refused, place: reason}))
        return _Worker()


def _answered(pipe: Connection) -> bool:
    try:
        return bool(pipe.poll() and pipe.recv())
    except (EOFError, OSError):
        return False


def _how_it_died(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"The process that read it was ended by {signal.Signals(-exitcode).name}."
    return f"The process that read it ended with status {exitcode}."


def _serve(pipe: Connection, place: Any) -> None:
    """A worker's life: jobs in, 'done' out, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # what is imported stays; looking through it again and again is a tenth of the time

    def begin(index: int) -> None:
        place.value = index

    while True:
        try:
            job = pipe.recv()
            work(job, begin)
            place.value = _IDLE
            pipe.send(True)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return
