"""Displays the progress of a build: a bar on a terminal, an occasional line in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from antiphon.data.build import Progress

_LINE_EVERY_S = 30.0

Show = Callable[["Progress"], None]


@contextmanager
def progress_display() -> Iterator[Show]:
    """The function to call with each `Progress`; shows it on stderr, with pieces per second and the time
    left."""
    if not sys.stderr.isatty():
        yield _Lines().show
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    speed = TextColumn("{task.fields[speed]}")
    columns = (TextColumn("Reading"), BarColumn(), MofNCompleteColumn(), speed, TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("pieces", total=None, speed="")

        def show(progress: Progress) -> None:
            rate = bar.tasks[0].speed
            text = f"{rate:,.0f} per second" if rate else ""
            bar.update(task, completed=progress.done, total=progress.total, speed=text)
            if progress.message:
                bar.console.print(progress.message, highlight=False, markup=False)

        yield show


class _Lines:
    """A line every half minute; pieces done before the start do not count for the speed."""

    def __init__(self) -> None:
        self._started = self._last = time.monotonic()
        self._first: int | None = None

    def show(self, progress: Progress) -> None:
        if progress.message:
            print(progress.message, file=sys.stderr, flush=True)
            return
        now = time.monotonic()
        if self._first is None:
            self._first, self._started = progress.done, now
        if now - self._last >= _LINE_EVERY_S:
            self._last = now
            print(
                line(progress, progress.done - self._first, now - self._started), file=sys.stderr, flush=True
            )


def line(progress: Progress, done: int, seconds: float) -> str:
    """'1,280 of 4,000 pieces, 64 per second, 43 s left', where `done` of them took `seconds`."""
    said = f"{progress.done:,} of {progress.total:,} pieces"
    if done <= 0 or seconds <= 0:
        return said
    left = (progress.total - progress.done) * seconds / done
    return f"{said}, {done / seconds:,.0f} per second, {_span(left)} left"


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
