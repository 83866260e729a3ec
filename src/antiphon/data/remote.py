"""What a worker of a cluster does: a chunk, read by a watched process of its own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from antiphon import __version__
from antiphon.data.crew import Crew
from antiphon.data.harvest import Job
from antiphon.errors import CorpusError

_idle: list[Crew] = []
"""Readers of this process that have nothing to do; a thread takes one for a chunk."""


class Settings(NamedTuple):
    """What holds for all chunks of a build: the folder that its paths are relative to, the version that
    builds, and the seconds that a piece may take."""

    folder: str
    version: str
    time_limit_s: float


def do(job: Job, settings: Settings) -> None:
    """Do `job` and write its chunk. Raises `CorpusError` where this worker cannot."""
    if settings.version != __version__:
        raise CorpusError(
            f"A worker has version {__version__} of antiphon, not {settings.version}; install the same."
        )
    job = job if os.getcwd() == settings.folder else _from(job, settings.folder)
    _check_folders(job)
    with _reader(settings.time_limit_s) as crew:
        crew.do([job], lambda _: None)


def dismiss() -> None:
    """End the readers of this process."""
    while _idle:
        _idle.pop().__exit__()


def _from(job: Job, folder: str) -> Job:
    """The same job for a process in another folder."""
    places = tuple(replace(place, path=os.path.join(folder, place.path)) for place in job.places)
    return replace(job, places=places, out=os.path.join(folder, job.out))


def _check_folders(job: Job) -> None:
    """Raises `CorpusError` unless this machine sees the files and the corpus."""
    here = f"on the worker {os.uname().nodename}; workers need the same files at the same paths."
    if not Path(job.out).parent.is_dir():
        raise CorpusError(f"There is no '{Path(job.out).parent}' {here}")
    if not any(os.path.exists(place.path) for place in job.places):
        raise CorpusError(f"There is no '{job.places[0].path}' {here}")


@contextmanager
def _reader(time_limit_s: float) -> Iterator[Crew]:
    """A watched process that is kept for the next chunk."""
    crew = next((crew for crew in list(_idle) if crew.time_limit_s == time_limit_s), None)
    if crew is None:
        # Dask starts its workers as daemons, which may have no children, unless they change their mind.
        multiprocessing.current_process().daemon = False
        crew = Crew(1, time_limit_s).__enter__()
    else:
        _idle.remove(crew)
    try:
        yield crew
    except BaseException:
        crew.__exit__()
        raise
    _idle.append(crew)
