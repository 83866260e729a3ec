"""Runs extraction jobs on a Dask cluster: an existing one, or one of processes on this machine.

Each worker reads the files in a monitored process of its own (`worker_pool`), so a file that crashes or hangs
its reader is lost alone. The job of a worker that is killed goes to another worker. A job that kills workers
again and again is bisected until the pieces that do it are found.
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
from antiphon.data import dask_worker
from antiphon.data.chunks import is_whole
from antiphon.data.extraction import ExtractionJob
from antiphon.data.worker_pool import Advance
from antiphon.errors import CorpusError, MissingDependency, OptionError, one_line

_LOCALHOST = "127.0.0.1"
_POLL_S = 1.0
_NO_WORKER_S = 60.0
"""Seconds that a cluster may be without any worker."""
_CONNECT_S = 15.0
_ALLOWED_DEATHS = 1
"""Workers that a job may kill, on a cluster started here, before it is bisected."""
_REASON = "The workers that read it were ended, again and again."


def run_jobs(
    jobs: Sequence[ExtractionJob],
    *,
    scheduler: str | None,
    workers: int | None,
    time_limit_s: float,
    advance: Advance,
) -> None:
    """Run all `jobs` on the cluster whose scheduler is at the address `scheduler`; None starts one here, of
    `workers` processes (by default one per core).

    The workers of another machine must see the files, and the corpus's folder, at the same paths. Raises
    `MissingDependency` without Dask, `OptionError` where there is no scheduler, `CorpusError` for workers
    that see other files or have another version, or where none is left.
    """
    if jobs:
        with _connected(scheduler, min(workers or os.cpu_count() or 1, len(jobs))) as client:
            _ClusterBuild(client, time_limit_s, advance).run(jobs)


class _ClusterBuild:
    """Submits jobs to a cluster until all are done."""

    def __init__(self, client: Any, time_limit_s: float, advance: Advance) -> None:
        self.client, self.time_limit_s, self.advance = client, time_limit_s, advance
        self.done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.last_worker = time.monotonic()

    def run(self, jobs: Sequence[ExtractionJob]) -> None:
        waiting = {
            future.key: (job, future) for job, future in zip(jobs, map(self._submit, jobs), strict=True)
        }
        for _, future in waiting.values():
            future.add_done_callback(self.done.put)
        while waiting:
            job, future = waiting.pop(self._next().key)
            if not self._succeeded(future):
                self._bisect(job)
            if not is_whole(Path(job.out)):
                raise CorpusError(
                    f"A worker wrote '{job.out}', but it is not here; give all workers the same folder."
                )
            self.advance(len(job.places))

    def _submit(self, job: ExtractionJob) -> Any:
        settings = dask_worker.ClusterSettings(os.getcwd(), __version__, self.time_limit_s)
        return self.client.submit(dask_worker.run, job, settings, pure=False)

    def _next(self) -> Any:
        """The next finished job; waits while there are workers."""
        while True:
            try:
                return self.done.get(timeout=_POLL_S)
            except queue.Empty:
                self._check_workers()

    def _check_workers(self) -> None:
        """Raises `CorpusError` where there have been no workers for too long."""
        now = time.monotonic()
        if self.client.nthreads():
            self.last_worker = now
        elif self.client.cluster is not None:  # Dask gives up a local worker that dies starting
            self.client.cluster.scale(len(self.client.cluster.worker_spec) or 1)
        if now - self.last_worker > _NO_WORKER_S:
            raise CorpusError(
                f"The cluster has had no worker for {_NO_WORKER_S:.0f} s; start some, and give the same "
                "command again."
            )

    def _succeeded(self, future: Any) -> bool:
        """False where the job killed its workers; any other error is raised."""
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

    def _bisect(self, job: ExtractionJob) -> None:
        """Run `job` without the pieces that kill workers."""
        numbers = [number for number in range(len(job.places)) if number not in job.refused]
        deadly = dict.fromkeys(self._deadly(job, numbers), _REASON)
        self._run_alone(replace(job, refused={**job.refused, **deadly}))

    def _deadly(self, job: ExtractionJob, numbers: Sequence[int]) -> Iterator[int]:
        """The pieces that kill workers among `numbers`, which together killed some; found by bisection."""
        half = len(numbers) // 2
        for part in filter(None, (numbers[:half], numbers[half:])):
            if self._is_deadly(job, part):
                yield from part if len(part) == 1 else self._deadly(job, part)

    def _is_deadly(self, job: ExtractionJob, numbers: Sequence[int]) -> bool:
        """Whether the pieces `numbers` alone kill workers."""
        others = set(range(len(job.places))) - set(numbers)
        out = Path(job.out)
        probe = out.with_name(f".{out.stem}-probe{out.suffix}")
        survives = self._run_alone(replace(job, out=str(probe), refused=dict.fromkeys(others, "")))
        probe.unlink(missing_ok=True)
        return not survives

    def _run_alone(self, job: ExtractionJob) -> bool:
        """Run one job while the others go on; False where it killed its workers."""
        future = self._submit(job)
        while not future.done():
            time.sleep(_POLL_S / 10)
            self._check_workers()
        return self._succeeded(future)


@contextmanager
def _connected(scheduler: str | None, workers: int) -> Iterator[Any]:
    """A client of the cluster at `scheduler`, or of one started here that ends with the context."""
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
            client.run(dask_worker.end_idle, on_error="ignore")


@contextmanager
def _cluster(workers: int) -> Iterator[Any]:
    """Processes on this machine, reachable only from it."""
    import dask

    distributed = _library()
    settings = {
        "distributed.scheduler.allowed-failures": _ALLOWED_DEATHS,
        "distributed.deploy.lost-worker-timeout": "2s",
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host=_LOCALHOST,
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
