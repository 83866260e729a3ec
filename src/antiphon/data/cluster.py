"""Chunks done by the workers of a Dask cluster: one that is there already, or one of processes on this
machine.

Each worker has a watched process of its own that reads the files (`crew`), so a file that kills or hangs its
reader costs itself only. A worker that is killed gives its chunk back, and Dask hands it to another. A chunk
that workers die of again and again is done in halves, until the pieces that they die of are found.
"""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from antiphon import __version__
from antiphon.data import remote
from antiphon.data.chunks import is_whole
from antiphon.data.crew import Advance
from antiphon.data.harvest import Job
from antiphon.errors import CorpusError, MissingDependency, OptionError, one_line

_HERE = "127.0.0.1"
_POLL_S = 1.0
_PATIENCE_S = 60.0
"""Seconds that a cluster may be without any worker."""
_CONNECT_S = 15.0
_DEATHS = 1
"""How many workers may die of a chunk, on a cluster of our own, before it is looked into."""
_REASON = "The workers that read it were ended, again and again."


def do(
    jobs: Sequence[Job], *, scheduler: str | None, workers: int | None, time_limit_s: float, advance: Advance
) -> None:
    """Do all `jobs` on the cluster whose scheduler is at the address `scheduler`; None starts one here, of
    `workers` processes (one a core).

    The workers of another machine have to see the files, and the corpus's folder, at the same paths. Raises
    `MissingDependency` without Dask, `OptionError` where there is no scheduler, `CorpusError` for workers
    that see other files or have another version, or where none is left.
    """
    if jobs:
        with _connected(scheduler, min(workers or os.cpu_count() or 1, len(jobs))) as client:
            _Build(client, time_limit_s, advance).run(jobs)


class _Build:
    """Hands jobs to a cluster until all are done."""

    def __init__(self, client: Any, time_limit_s: float, advance: Advance) -> None:
        self.client, self.time_limit_s, self.advance = client, time_limit_s, advance
        self.done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.manned = time.monotonic()

    def run(self, jobs: Sequence[Job]) -> None:
        waiting = {
            future.key: (job, future) for job, future in zip(jobs, map(self._submit, jobs), strict=True)
        }
        for _, future in waiting.values():
            future.add_done_callback(self.done.put)
        while waiting:
            job, future = waiting.pop(self._next().key)
            if not self._survives(future):
                self._rescue(job)
            if not is_whole(Path(job.out)):
                raise CorpusError(
                    f"A worker wrote '{job.out}', but it is not here; give all workers the same folder."
                )
            self.advance(len(job.places))

    def _submit(self, job: Job) -> Any:
        settings = remote.Settings(os.getcwd(), __version__, self.time_limit_s)
        return self.client.submit(remote.do, job, settings, pure=False)

    def _next(self) -> Any:
        """The next job that is done, waited for as long as there are workers."""
        while True:
            try:
                return self.done.get(timeout=_POLL_S)
            except queue.Empty:
                self._check_workers()

    def _check_workers(self) -> None:
        """Raises `CorpusError` where there have been no workers for too long."""
        now = time.monotonic()
        if self.client.nthreads():
            self.manned = now
        elif self.client.cluster is not None:  # Dask gives up a worker of ours that dies while it starts
            self.client.cluster.scale(len(self.client.cluster.worker_spec) or 1)
        if now - self.manned > _PATIENCE_S:
            raise CorpusError(
                f"The cluster has had no worker for {_PATIENCE_S:.0f} s; start some, and give the same "
                "command again."
            )

    def _survives(self, future: Any) -> bool:
        """Whether the job was done; what went wrong otherwise than by dying is raised."""
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            future.result()
        except KilledWorker:
            return False
        except (FutureCancelledError, OSError) as error:
            raise CorpusError(
                f"The cluster was lost ({one_line(error)}); give the same command again."
            ) from error
        return True

    def _rescue(self, job: Job) -> None:
        """Do `job` without the pieces that workers die of."""
        numbers = [number for number in range(len(job.places)) if number not in job.refused]
        deadly = dict.fromkeys(self._deadly(job, numbers), _REASON)
        self._alone(replace(job, refused={**job.refused, **deadly}))

    def _deadly(self, job: Job, numbers: Sequence[int]) -> Iterator[int]:
        """Those that workers die of among the pieces `numbers`, of which workers died together; found by
        halves."""
        half = len(numbers) // 2
        for part in filter(None, (numbers[:half], numbers[half:])):
            if self._is_deadly(job, part):
                yield from part if len(part) == 1 else self._deadly(job, part)

    def _is_deadly(self, job: Job, numbers: Sequence[int]) -> bool:
        """Whether workers die of the pieces `numbers` and no others."""
        others = set(range(len(job.places))) - set(numbers)
        out = Path(job.out)
        probe = out.with_name(f".{out.stem}-probe{out.suffix}")
        survives = self._alone(replace(job, out=str(probe), refused=dict.fromkeys(others, "")))
        probe.unlink(missing_ok=True)
        return not survives

    def _alone(self, job: Job) -> bool:
        """Do one job while the others go on; whether it survived."""
        future = self._submit(job)
        while not future.done():
            time.sleep(_POLL_S / 10)
            self._check_workers()
        return self._survives(future)


@contextmanager
def _connected(scheduler: str | None, workers: int) -> Iterator[Any]:
    """A client of the cluster at `scheduler`, or of one that is started for it and ends with it."""
    distributed = _library()
    if scheduler is None:
        with _cluster(workers) as cluster, distributed.Client(cluster, set_as_default=False) as client:
            yield client
        return
    try:
        client = distributed.Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise OptionError(
            f"There is no Dask scheduler at '{scheduler}' ({one_line(error)}); start one with 'dask "
            "scheduler', or leave --scheduler out."
        ) from error
    with client:
        try:
            yield client
        finally:
            client.run(remote.dismiss, on_error="ignore")


@contextmanager
def _cluster(workers: int) -> Iterator[Any]:
    """Processes on this machine, reached through its own address only."""
    import dask

    distributed = _library()
    settings = {
        "distributed.scheduler.allowed-failures": _DEATHS,
        "distributed.deploy.lost-worker-timeout": "2s",
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host=_HERE,
            scheduler_kwargs={"dashboard": False},
            silence_logs="ERROR",
        ) as cluster,
    ):
        yield cluster


def _library() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise MissingDependency("The engine 'dask' needs Dask: pip install 'antiphon[cluster]'.") from error
    return distributed
