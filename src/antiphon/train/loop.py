"""The training loop: step, log, evaluate, save, until it no longer gets better.

Nothing it computes depends on when it was stopped: the data of a step follow from (seed, epoch, batch), its
dropout from (seed, step), and all else is in the checkpoint. So a run that was killed ends with the very
weights of one that was not.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

import numpy as np
import torch

from antiphon.data.batches import Batch
from antiphon.errors import RunError
from antiphon.nets import EventModel, dropout
from antiphon.recipes import Recipe
from antiphon.train import checkpoint, metrics
from antiphon.train.checkpoint import State
from antiphon.train.device import Device
from antiphon.train.evaluation import Evaluation, RunningMetrics
from antiphon.train.folder import RunFolder
from antiphon.train.journal import Journal, NoJournal
from antiphon.train.loader import Loader, tensors
from antiphon.train.optimisation import Adam, clip, learning_rate
from antiphon.train.pace import Pace
from antiphon.train.processes import Processes
from antiphon.train.start import plain_weights

LOG_EVERY = 10
"""Optimiser steps between two lines of figures, as in Magenta."""


@dataclass
class Loop:
    """One run in one process. `run` brings `state` to its end."""

    net: EventModel
    adam: Adam
    recipe: Recipe
    loader: Loader
    evaluation: Evaluation
    journal: Journal | NoJournal
    folder: RunFolder
    device: Device
    processes: Processes
    state: State
    seed: int
    pace: Pace
    save_every_s: float = 60.0
    _running: RunningMetrics = field(init=False)
    _since: float = field(init=False)
    _saved: float = field(init=False)

    def __post_init__(self) -> None:
        self.scaler = self.device.scaler()
        if self.state.scaler:
            self.scaler.load_state_dict(self.state.scaler)
        self._running = RunningMetrics(self.device.torch_device)
        self._since = self._saved = time.monotonic()

    def run(self) -> State:
        """Train until the state says why it ended. Raises `RunError` for a loss that is no number, or when
        asked to stop.
        """
        with stop_requests() as request:
            for epoch, done, batch in self.loader(self.state.epoch, self.state.batch):
                stop = self._step(batch, stop=request.made)
                self.state.epoch, self.state.batch = epoch, done
                self._after_step(stop=stop)
                if self.state.ended:
                    break
        return self.state

    def save(self) -> None:
        """Write the `last` checkpoint."""
        self.state.scaler = self.scaler.state_dict()
        if self.processes.leads:
            checkpoint.save(self.folder.last, checkpoint.pack(self.net, self.adam), self.state.as_dict())
        self._saved = time.monotonic()

    def evaluate(self) -> None:
        """Judge the net on the validation split; keep it if it is the best so far."""
        self.net.eval()
        figures = self.evaluation()
        self.net.train()
        training = self.recipe.training
        better = self.state.judge(metrics.judged(figures), training.patience, training.max_steps)
        if better and self.processes.leads:
            self._keep_best(figures)
        self.journal.evaluated(self.state, figures, better)

    def _keep_best(self, figures: dict[str, float]) -> None:
        """Write the net's weights as the `best` checkpoint."""
        facts = {"step": self.state.step, "metrics": metrics.plain(figures)}
        checkpoint.save(self.folder.best, plain_weights(self.net), facts)

    def _step(self, batch: Batch, *, stop: bool) -> bool:
        """One step on this process's rows; whether any process was asked to `stop`."""
        state, training = self.state, self.recipe.training
        torch.manual_seed(step_seed(self.seed, state.step, self.processes.rank + 1))
        self.adam.rate = learning_rate(state.step, training)
        self.adam.zero_grad()
        for micro_batch in batch.micro_batches(self.device.rows):
            self._backward(micro_batch)
        stop = self.processes.add_gradients(self.net.parameters(), stop)
        self.scaler.unscale_(self.adam)  # type: ignore[arg-type]
        norm = clip(self.net.parameters(), training.clip_norm, training.clip)
        self.scaler.step(self.adam)  # type: ignore[arg-type]
        self.scaler.update()
        state.step += 1
        self._running.step(norm)
        return stop

    def _backward(self, micro_batch: Batch) -> None:
        """Add what some rows contribute to the gradient of the mean over the whole batch."""
        key = step_seed(self.seed, self.state.step)
        with self.device.autocast(), dropout.of_rows(key, micro_batch.numbers):
            loss = self.net.loss(tensors(micro_batch, self.device.torch_device), self.state.step)
        torch.autograd.backward(self.scaler.scale(loss.total * micro_batch.weight))
        self._running.add(loss)

    def _after_step(self, *, stop: bool) -> None:
        step, training = self.state.step, self.recipe.training
        judge = step % training.evaluate_every == 0 or step >= training.max_steps
        if not (judge or stop or step % LOG_EVERY == 0):
            return
        self._log()
        if judge:
            self.evaluate()
            self._note_time()
        if judge or stop or time.monotonic() - self._saved >= self.save_every_s:
            self.save()
        if stop and not self.state.ended:
            raise RunError(
                f"Stopped after step {step:,}, which is saved; the same command goes on from there."
            )

    def _log(self) -> None:
        """Write down the figures since the last line. Raises `RunError` where they are no numbers: nothing is
        saved then.
        """
        n_steps, seconds = self._running.n_steps, self._note_time()
        figures = self._running.take(self.processes)
        watched = ("loss",) if self.scaler.is_enabled() else ("loss", "gradient_norm")
        if not np.isfinite([figures[name] for name in watched]).all():
            raise RunError(
                f"The loss is no number at step {self.state.step:,}; '{self.folder.root}' keeps what was "
                "before. Start anew elsewhere with a lower rate: --set training.learning_rate=0.0003."
            )
        self.pace.note(seconds, n_steps)
        rate = learning_rate(self.state.step - 1, self.recipe.training)
        self.journal.stepped(self.state, {**figures, "learning_rate": rate}, self.pace)

    def _note_time(self) -> float:
        """Seconds since this was last asked, added to the run's clock."""
        now = time.monotonic()
        seconds, self._since = now - self._since, now
        self.state.elapsed_s += seconds
        return seconds


def step_seed(seed: int, step: int, stream: int = 0) -> int:
    """Seed of what is random in one step, the same whether the run was interrupted or not: stream 0 for the
    dropout of a batch, 1 and up for whatever else draws in a process of that rank."""
    return int(np.random.SeedSequence([seed, step, stream]).generate_state(1, np.uint64)[0] >> np.uint64(1))


class StopRequest:
    """Whether somebody asked for a stop."""

    def __init__(self) -> None:
        self.made = False

    def make(self, number: int, frame: FrameType | None) -> None:
        """Signal handler: remember the first request, obey a second at once."""
        if self.made:
            raise KeyboardInterrupt
        self.made = True


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Ctrl-C and SIGTERM become a request that the loop reads after its step, so that nothing is half
    updated.

    Signals can be heard in the main thread only; elsewhere no request is ever made.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    former = {number: signal.signal(number, request.make) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
