"""What a run tells while it goes: lines to a person, figures to `metrics.jsonl`, and figures, pictures and
sounds to TensorBoard's event files.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from antiphon.errors import MissingDependency
from antiphon.train import metrics
from antiphon.train.checkpoint import State
from antiphon.train.folder import RunFolder
from antiphon.train.metrics import duration
from antiphon.train.pace import Pace

if TYPE_CHECKING:
    from antiphon.train.sample import NetSampler

if find_spec("tensorboard") is None:
    raise MissingDependency("Training logs to TensorBoard: pip install 'antiphon[train]'.")


class Board:
    """Writes an event file into `folder`, and hides those after `step` that an earlier, killed process left.

    TensorBoard's own writer writes in a thread, where nobody hears that the disk is full.
    """

    def __init__(self, folder: Path, step: int) -> None:
        # Loading it takes long, and only the leading process writes.
        from tensorboard.compat.proto import event_pb2
        from tensorboard.summary.writer.record_writer import RecordWriter
        from torch.utils.tensorboard import summary

        self._path, self._kinds = folder / _name(), event_pb2
        self._make: Any = summary
        self._file: IO[bytes] | None = None
        with self._writing():
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb")
            self._writer = RecordWriter(self._file)
            self._add(0, file_version="brain.Event:2")
            purge = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
            self._add(step + 1, session_log=purge)
            self._file.flush()

    def figures(self, step: int, kind: str, figures: Mapping[str, float]) -> None:
        """One curve a figure, grouped by `kind`. Raises `OutputError`, as all that writes does."""
        for name, value in figures.items():
            self._add(step, summary=self._make.scalar(f"{kind}/{name}", value))

    def picture(self, step: int, tag: str, pixels: NDArray[np.uint8]) -> None:
        """A picture, uint8 [height, width, channels]."""
        self._add(step, summary=self._make.image(tag, pixels, dataformats="HWC"))

    def sound(self, step: int, tag: str, samples: NDArray[np.float32], rate: int) -> None:
        """Sound, float32 [n, channels] in -1..1, stored as mono."""
        self._add(step, summary=self._make.audio(tag, samples.mean(axis=1)[None], sample_rate=rate))

    def flush(self) -> None:
        """Let readers see what was written."""
        with self._writing():
            if self._file is not None:
                self._file.flush()

    def close(self) -> None:
        """Write what is left and close the file."""
        with self._writing():
            if self._file is not None:
                self._file.close()

    def _add(self, step: int, **what: Any) -> None:
        event = self._kinds.Event(wall_time=time.time(), step=step, **what)
        with self._writing():
            self._writer.write(event.SerializeToString())

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Raises `OutputError` where the file cannot be written."""
        try:
            yield
        except OSError as error:
            with suppress(OSError):
                if self._file is not None:
                    self._file.close()
            raise metrics.stopped(self._path, error) from error


_numbers = count()


def _name() -> str:
    """A name for an event file that no other has; TensorBoard reads those of a folder in their order."""
    return (
        f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}"
    )


class Reporter(Protocol):
    """Somebody who listens to a run."""

    def say(self, line: str) -> None:
        """A line to keep."""

    def tick(self, line: str) -> None:
        """A line that the next one may replace."""


class Journal:
    """Takes note of steps and evaluations; made by the leading process only.

    Opening it drops what a killed process wrote after the checkpoint that `state` came from.
    """

    def __init__(
        self, folder: RunFolder, state: State, max_steps: int, reporter: Reporter, sampling: NetSampler
    ) -> None:
        self._folder, self._max_steps, self._reporter, self._sampling = folder, max_steps, reporter, sampling
        # Before the first step nothing is finished.
        metrics.keep_until(folder.metrics, state.step or -1, reporter.say)
        self._board = Board(folder.tensorboard, state.step)

    def stepped(self, state: State, figures: Mapping[str, float], pace: Pace) -> None:
        """Figures of the steps since the last time."""
        self._note(state, "train", {**figures, "steps_per_s": pace.steps_per_s, "elapsed_s": state.elapsed_s})
        left = pace.left(self._max_steps - state.step)
        self._reporter.tick(
            f"step {state.step:,} of {self._max_steps:,}, epoch {state.epoch + 1}: "
            f"loss {figures['loss']:.4f}, accuracy {figures['accuracy']:.1%}, "
            f"{pace.steps_per_s:.2f} steps/s, at most {left} left"
        )

    def evaluated(self, state: State, figures: Mapping[str, float], better: bool) -> None:
        """Figures of an evaluation, and a sample of the net as it is."""
        self._note(state, "validation", {**figures, "elapsed_s": state.elapsed_s})
        best = "the best so far" if better else f"best was {state.best_nll:.4f} at step {state.best_step:,}"
        self._reporter.say(
            f"step {state.step:,}: validation {metrics.judged(figures):.4f} nats per step ({best}), "
            f"perplexity {figures['perplexity']:.3f}, accuracy {figures['accuracy']:.1%}, "
            f"{duration(state.elapsed_s)} of training"
        )
        sample, tag = self._sampling(), self._sampling.recipe.family
        if sample is not None:
            self._board.picture(state.step, f"{tag}/picture", sample.pixels)
            self._board.sound(state.step, f"{tag}/sound", sample.samples, sample.rate)
        self._board.flush()

    def close(self) -> None:
        """Write what is left."""
        self._board.close()

    def _note(self, state: State, kind: str, figures: Mapping[str, float]) -> None:
        metrics.append(self._folder.metrics, state.step, kind, figures)
        self._board.figures(state.step, kind, figures)


class NoJournal:
    """What a process that does not lead keeps: nothing, since all processes have the same figures."""

    def stepped(self, state: State, figures: Mapping[str, float], pace: Pace) -> None:
        """The leading process writes this down."""

    def evaluated(self, state: State, figures: Mapping[str, float], better: bool) -> None:
        """The leading process writes this down."""

    def close(self) -> None:
        """Nothing is open."""
