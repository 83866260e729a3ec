"""What a worker of a cluster does: runs an extraction job in a monitored process of its own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from antiphon import __version__
from antiphon.data.extraction import ExtractionJob
from antiphon.data.worker_pool import WorkerPool
from antiphon.errors import CorpusError

_idle: list[WorkerPool] = []
"""Idle pools of one process each; a thread of the Dask worker takes one for a job."""


class ClusterSettings(NamedTuple):
    """What holds for all jobs of a build."""

    folder: str
    """The folder that its paths are relative to."""
    version: str
    """The version of Antiphon that builds."""
    time_limit_s: float
    """Seconds that one piece may take."""


def run(job: ExtractionJob, settings: ClusterSettings) -> None:
    """Run `job` and write its chunk. Raises `CorpusError` where this worker cannot."""
    if settings.version != __version__:
        raise CorpusError(
            f"A worker has version {__version__} of antiphon, not {settings.version}; install the same."
        )
    job = job if os.getcwd() == settings.folder else _relative_to(job, settings.folder)
    _check_folders(job)
    with _pool(settings.time_limit_s) as pool:
        pool.run([job], lambda _: None)


def end_idle() -> None:
    """End the idle pools of this process."""
    while _idle:
        _idle.pop().__exit__()


def _relative_to(job: ExtractionJob, folder: str) -> ExtractionJob:
    """The job with its paths, which are relative to `folder`, made absolute."""
    places = tuple(replace(place, path=os.path.join(folder, place.path)) for place in job.places)
    return replace(job, places=places, out=os.path.join(folder, job.out))


def _check_folders(job: ExtractionJob) -> None:
    """Raises `CorpusError` unless this machine sees the files and the corpus."""
    here = f"on the worker {os.uname().nodename}; workers need the same files at the same paths."
    if not Path(job.out).parent.is_dir():
        raise CorpusError(f"There is no '{Path(job.out).parent}' {here}")
    if not any(os.path.exists(place.path) for place in job.places):
        raise CorpusError(f"There is no '{job.places[0].path}' {here}")


@contextmanager
def _pool(time_limit_s: float) -> Iterator[WorkerPool]:
    """A pool of one process, kept for the next job."""
    pool = next((pool for pool in list(_idle) if pool.time_limit_s == time_limit_s), None)
    if pool is None:
        # Dask starts its workers as daemons, which may have no children unless the flag is cleared.
        multiprocessing.current_process().daemon = False
        pool = WorkerPool(1, time_limit_s).__enter__()
    else:
        _idle.remove(pool)
    try:
        yield pool
    except BaseException:
        pool.__exit__()
        raise
    _idle.append(pool)
