"""`train`: from a recipe and a corpus to a run, or on from where a run stopped."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from antiphon.data import batches
from antiphon.data.corpus import Corpus
from antiphon.errors import OptionError
from antiphon.nets import EventBatch, EventModel, build
from antiphon.recipes import Recipe
from antiphon.runtime.bundle import Bundle, find
from antiphon.train import checkpoint, metrics
from antiphon.train.checkpoint import State
from antiphon.train.device import Device, choose_device, using_threads
from antiphon.train.evaluation import Evaluation
from antiphon.train.folder import RunFolder
from antiphon.train.helper_processes import helped
from antiphon.train.journal import Journal, NoJournal, Reporter
from antiphon.train.loader import Loader, TrainingData, tensors, training_data
from antiphon.train.loop import Loop
from antiphon.train.metrics import duration
from antiphon.train.optimisation import Adam
from antiphon.train.pace import Pace, estimate
from antiphon.train.processes import Processes, distributed, how_many, local_rank, torchrun_started
from antiphon.train.start import Start, Tuning, starting_point


@dataclass(frozen=True)
class TrainingOutcome:
    """How a run ended. `leads` is False in the processes that only helped."""

    steps: int
    best_step: int
    best_nll: float
    """Lowest validation NLL, nats per step, repeat labels resolved; see `metrics.judged`."""
    reason: str
    leads: bool = True


class _Silence:
    """A reporter that discards what it is told."""

    def say(self, line: str) -> None:
        """Discarded."""

    def tick(self, line: str) -> None:
        """Discarded."""


def train(
    recipe: Recipe | str | None,
    corpus: Path,
    out: Path,
    *,
    changes: Mapping[str, str] | None = None,
    from_bundle: str | Path | None = None,
    freeze: str | None = None,
    low_rank: int | None = None,
    device: str = "auto",
    seed: int = 0,
    processes: int | None = None,
    threads: int | None = None,
    save_every_s: float = 60.0,
    reporter: Reporter | None = None,
) -> TrainingOutcome:
    """Train `recipe` (a name or a value; may be None when fine-tuning `from_bundle`) on `corpus` into the run
    folder `out`.

    `changes` are values by dotted name. `freeze` ('body' or 'all-but-output') and `low_rank` say what of a
    bundle is trained. On a CPU one process per core, each of one thread, shares every step, unless
    `processes` or `threads` say otherwise; so do those that torchrun started. A run that was stopped or
    killed goes on where its last checkpoint is, and with as many processes ends with the same weights as if
    it had not been; one that has ended is left as it is. Raises `NameNotFound`, `OptionError`, `CorpusError`,
    `BundleError`, `OutputError`, and `RunError` for a run of other settings, a loss that is no number, or a
    request to stop.
    """
    start = starting_point(recipe, changes or {}, from_bundle, Tuning(freeze, low_rank))
    if not 0 <= seed < 2**63:
        raise OptionError(f"The seed is {seed}; expected 0 or more, below 2^63.")
    where = choose_device(device, local_rank())
    n = how_many(processes, threads, where.torch_device, start.recipe.training.batch_size)
    opened = Corpus.open(corpus, start.recipe.learns_from)
    opened.verify()  # hashing takes a moment, and hours follow
    data = training_data(opened, start.recipe)
    job = {
        "recipe": start.recipe.as_dict(), "corpus": str(corpus), "out": str(out), "seed": seed,
        "from_bundle": None if from_bundle is None else str(from_bundle), "tuning": asdict(start.tuning),
        "save_every_s": save_every_s,
    }  # fmt: skip
    with _join_processes(n, threads, where, job) as together:
        reporter = reporter if reporter is not None and together.leads else _Silence()
        return _Run(start, data, RunFolder(out), where, together, seed, save_every_s, reporter).execute()


def help_train(job: dict[str, Any], processes: Processes) -> None:
    """What a helper does of the `job` that the leading process gave it."""
    bundle = job["from_bundle"] and Bundle.open(find(job["from_bundle"]))
    start = Start(Recipe.from_dict(job["recipe"]), bundle, Tuning(**job["tuning"]))
    data = training_data(Corpus.open(Path(job["corpus"]), start.recipe.learns_from), start.recipe)
    device = Device(torch.device("cpu"))
    with using_threads(1):
        folder, seed, every = RunFolder(Path(job["out"])), job["seed"], job["save_every_s"]
        _Run(start, data, folder, device, processes, seed, every, _Silence()).execute()


@contextmanager
def _join_processes(n: int, threads: int | None, device: Device, job: dict[str, Any]) -> Iterator[Processes]:
    """The processes that share each step, as they are asked for."""
    with using_threads(threads if threads is not None or n == 1 else 1):
        if torchrun_started():
            with distributed(device.torch_device) as together:
                yield together
        elif n == 1:
            yield Processes()
        else:
            with helped(n, job) as together:
                yield together


@dataclass(frozen=True)
class _Run:
    start: Start
    data: TrainingData
    folder: RunFolder
    device: Device
    processes: Processes
    seed: int
    save_every_s: float
    reporter: Reporter

    def execute(self) -> TrainingOutcome:
        """Start, resume, or return at once where training has ended."""
        torch.manual_seed(self.seed)
        examples = () if self.folder.last.exists() else self._examples()
        net = self.start.prepare(build(self.start.recipe), examples).to(self.device.torch_device)
        n_parameters = sum(p.numel() for p in net.parameters())
        claim = self.folder.claim() if self.processes.leads else nullcontext()
        with claim:
            if self.processes.leads:
                self._begin(n_parameters)
            self.processes.wait(self.device.torch_device)
            return self._resume(net, n_parameters)

    def _examples(self) -> Iterator[EventBatch]:
        """What is trained on, on the CPU, the same in every process."""
        data, recipe = self.data, self.start.recipe
        every = batches.epoch_batches(data.corpus, data.train, recipe, seed=self.seed, epoch=0)
        return (tensors(batch, torch.device("cpu")) for batch in every)

    def _resume(self, net: EventModel, n_parameters: int) -> TrainingOutcome:
        """Train from the last checkpoint, or from the start, to the end."""
        trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
        adam = Adam(trained, self.start.recipe.training.learning_rate)
        state = self._restore(net, adam)
        if state.ended:
            self.reporter.say(f"'{self.folder.root}' has ended before: {state.ended}.")
        else:
            self._introduce(n_parameters, state)
            self._train(net, adam, state)
        return TrainingOutcome(
            state.step, state.best_step, state.best_nll or math.nan, state.ended, self.processes.leads
        )

    def _begin(self, n_parameters: int) -> None:
        """Make the folder, or see that it is this run's."""
        settings = {
            "recipe": self.start.recipe.as_dict(),
            "corpus": self.data.facts(),
            "seed": self.seed,
            "from": self.start.facts(),
        }
        if self.folder.about.exists():
            self.folder.check(settings)
            return
        versions = {name: version(name) for name in ("antiphon", "torch", "numpy")}
        opening = batches.opening(self.data.corpus, self.start.recipe).tolist()
        self.folder.begin(
            {**settings, "n_parameters": n_parameters, "opening": opening, "versions": versions}
        )

    def _restore(self, net: EventModel, adam: Adam) -> State:
        if not self.folder.last.exists():
            return State()
        tensors, facts = checkpoint.load(self.folder.last)
        checkpoint.unpack(tensors, net, adam)
        state = checkpoint.state_of(self.folder.last, facts)
        return replace(state, elapsed_s=metrics.elapsed_s(self.folder.metrics, state.step))

    def _introduce(self, n_parameters: int, state: State) -> None:
        recipe, data = self.start.recipe, self.data
        among = f", {self.processes.n} processes" if self.processes.n > 1 else ""
        self.reporter.say(
            f"{recipe.name}: {n_parameters:,} parameters on {self.device}{among}; {data.summary()}."
        )
        for warning in data.warnings(fine_tuning=self.start.bundle is not None):
            self.reporter.say(f"Warning: {warning}")
        if self.start.bundle is not None and not state.step and self.processes.leads:
            self._compare(self.start.bundle)
        if state.step:
            self.reporter.say(f"Going on after step {state.step:,}, {duration(state.elapsed_s)} of training.")

    def _compare(self, bundle: Bundle) -> None:
        """Say where the bundle's graph plays something else than the net that is tuned."""
        # It loads onnxruntime, which helpers need not.
        from antiphon.train.likeness import unlikeness

        net = build(bundle.recipe)
        checkpoint.put_weights(net, {n: torch.from_numpy(w).float() for n, w in bundle.weights().items()})
        wrong = unlikeness(bundle, net)
        if wrong:
            self.reporter.say(f"Warning: '{bundle.name}' may be altered: {wrong}. Its weights are tuned.")

    def _train(self, net: EventModel, adam: Adam, state: State) -> None:
        recipe, data = self.start.recipe, self.data
        loader = Loader(data.corpus, data.train, recipe, self.seed, self.processes)
        evaluation = Evaluation(
            net, data.corpus, data.validation, recipe, self.device.torch_device, self.processes
        )
        pace = self._announce_duration(net, loader, state)
        journal = self._journal(net, state)
        loop = Loop(
            net, adam, recipe, loader, evaluation, journal, self.folder, self.device, self.processes, state,
            self.seed, pace, self.save_every_s,
        )  # fmt: skip
        try:
            if self.start.bundle is not None and not state.step:
                loop.evaluate()
            loop.run()
        finally:
            journal.close()
        self.reporter.say(
            f"Ended after step {state.step:,}: {state.ended}. Best: {state.best_nll:.4f} nats per step "
            f"at step {state.best_step:,}."
        )

    def _journal(self, net: EventModel, state: State) -> Journal | NoJournal:
        if not self.processes.leads:
            return NoJournal()
        # Sessions load onnxruntime, which helpers need not.
        from antiphon.train.sample import NetSampler

        recipe = self.start.recipe
        opening = self.folder.opening(self.folder.read())
        sampling = NetSampler(net, recipe, opening, self.device.torch_device, self.seed)
        return Journal(self.folder, state, recipe.training.max_steps, self.reporter, sampling)

    def _announce_duration(self, net: EventModel, loader: Loader, state: State) -> Pace:
        """Report how long training will take at most; returns the pace that was measured."""
        recipe = self.start.recipe
        training = recipe.training
        measured = estimate(net, loader, self.device)
        steps = training.max_steps - state.step
        judged = -(-len(self.data.validation) // (training.batch_size * self.processes.n))
        total = measured.total_s(steps, -(-steps // training.evaluate_every), judged)
        pace = Pace(measured.step_s)
        self.reporter.say(
            f"{steps:,} steps of {training.batch_size} {recipe.events.plural} take about {duration(total)} "
            f"at {pace.steps_per_s:.2f} per second, less if {training.patience} evaluations "
            f"{training.evaluate_every:,} steps apart bring nothing."
        )
        return pace
