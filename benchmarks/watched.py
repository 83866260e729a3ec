"""Files read by the thousand in worker processes that are watched: what crashes, hangs or bloats it."""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

_START_S = 60.0


@dataclass(frozen=True)
class Task:
    """Mutants of `seeds`, files that end in `suffix`; `digest` reads one and says what became of it."""

    suffix: str
    seeds: list[bytes]
    mutant: Callable[[bytes, random.Random], bytes]
    digest: Callable[[Path], str]

    def make(self, seed: int, number: int) -> bytes:
        """Mutant `number`, the same for the same seed."""
        rng = random.Random(f"{seed}:{number}")
        return self.mutant(rng.choice(self.seeds), rng)


def options(parser: argparse.ArgumentParser, *, number: int, limit: float) -> argparse.Namespace:
    """The options of the command line, those that every task has among them."""
    parser.add_argument("-n", "--number", type=int, default=number)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--limit", type=float, default=limit, help="seconds after which a mutant hangs")
    parser.add_argument("--keep", type=Path, help="write the mutants to this folder")
    found = parser.parse_args()
    if found.keep:
        found.keep.mkdir(parents=True, exist_ok=True)
    return found


def run(task: Task, options: argparse.Namespace) -> list[Watched]:
    """All mutants read by `options.workers` processes at once."""
    workers = [Watched(first, task, options) for first in range(options.workers)]
    running = [worker.run() for worker in workers]
    while running:
        running = [steps for steps in running if next(steps, "ended") is None]
    return workers


def report(name: str, workers: list[Watched]) -> int:
    """Print what became of the mutants of `name`; 1 after any crash or hang, else 0."""
    outcomes = sum((worker.outcomes for worker in workers), Counter[str]())
    failures = [failure for worker in workers for failure in worker.failures]
    total = sum(outcomes.values()) + sum("hung" in failure for failure in failures)
    read = sum(count for outcome, count in outcomes.items() if outcome.startswith("read"))
    for outcome, count in outcomes.most_common(15):
        print(f"{count:7d}  {outcome[:100]}")
    slowest, number = max(worker.slowest for worker in workers)
    print(
        f"{name}: {total} mutants, {100 * read / max(total, 1):.1f} % read, "
        f"{len(failures)} crashes or hangs, "
        f"slowest {slowest:.2f} s (mutant {number}), "
        f"peak memory of a worker {max(worker.peak for worker in workers)} MiB"
    )
    for failure in failures[:20]:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _work(pipe: Connection, task: Task, options: argparse.Namespace, start: int) -> None:
    """Reads the mutants `start`, `start + workers`, ... and reports each: (number, what became of it, peak
    MiB, seconds).
    """
    with tempfile.TemporaryDirectory() as folder:
        for number in range(start, options.number, options.workers):
            name = f"{number:06d}" if options.keep else "mutant"
            path = (options.keep or Path(folder)) / f"{name}{task.suffix}"
            path.write_bytes(task.make(options.seed, number))
            pipe.send((number, None, 0, 0.0))
            started = time.perf_counter()
            try:
                outcome = task.digest(path)
            except Exception:
                outcome = "CRASH " + traceback.format_exc()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            pipe.send((number, outcome, peak, time.perf_counter() - started))


class Watched:
    """One worker process; started anew after a hang or a crash that ended it."""

    def __init__(self, first: int, task: Task, options: argparse.Namespace) -> None:
        self.next, self.task, self.options = first, task, options
        self.outcomes: Counter[str] = Counter()
        self.failures: list[str] = []
        self.peak, self.slowest = 0, (0.0, first)

    def run(self) -> Iterator[None]:
        """Step by step, so that several can run in turn."""
        while self.next < self.options.number:
            yield from self._one_life()

    def _one_life(self) -> Iterator[None]:
        ours, theirs = multiprocessing.Pipe()
        arguments = (theirs, self.task, self.options, self.next)
        process = multiprocessing.get_context("spawn").Process(target=_work, args=arguments)
        process.start()
        theirs.close()
        number, patience = self.next, _START_S
        try:
            while True:
                if not ours.poll(patience):
                    raise TimeoutError
                patience = self.options.limit
                number, outcome, peak, seconds = ours.recv()
                if outcome is not None:
                    self._note(number, outcome, peak, seconds)
                yield
        except TimeoutError:
            self._fail(number, f"hung for {self.options.limit} s")
        except EOFError:
            process.join()
            if process.exitcode:
                self._fail(number, f"ended the process with status {process.exitcode}")
        finally:
            process.kill()
            process.join()

    def _note(self, number: int, outcome: str, peak: int, seconds: float) -> None:
        self.next, self.peak = number + self.options.workers, max(self.peak, peak)
        self.slowest = max(self.slowest, (seconds, number))
        if outcome.startswith("CRASH"):
            self.failures.append(f"mutant {number}: {outcome}")
        self.outcomes[outcome.split("\n")[0]] += 1

    def _fail(self, number: int, how: str) -> None:
        self.failures.append(f"mutant {number}: {how}")
        self.next = number + self.options.workers
