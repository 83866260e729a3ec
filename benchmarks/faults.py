"""What do commands leave behind when the system fails them? An error at every call of theirs, one at a time.

    python benchmarks/faults.py [COMMAND ...] [--kinds write,kill] [-n 40] [--seed 0] [--workers 2]

The n-th write, read, rename, sync or opening of a file fails, or the command is killed there, for every n;
and from the n-th allocation on there is no more memory, for so many n as `--memory` says. After each fault an
exit code of the contract, one line at the end of stderr, no file that is there in part, nothing lost that was
there before; the same command once more succeeds, gives what an undisturbed one gives, and leaves no
temporary file. `-n` tries so many points of each command and kind only. Exits 1 where anything is otherwise.

Needs Linux and strace.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from harm import inject
from harm.inject import Injector, Point, Trial
from harm.workbench import COMMANDS, Workbench, scratch


@dataclass
class Figures:
    """Counts of trials by outcome, of one command and kind of fault."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def line(self) -> str:
        """For a person."""
        counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(self.outcomes.items()))
        number = self.outcomes.total()
        return f"{number} points: {counts} ({self.seconds / max(number, 1):.1f} s each)"


def main() -> int:
    options = _options()
    why = inject.unavailable()
    if why:
        print(f"Not tried: {why}.")
        return 0
    with scratch(options.folder) as root:
        return _tried(options, Workbench(root))


def _tried(options: argparse.Namespace, bench: Workbench) -> int:
    jobs: list[tuple[str, Point]] = []
    with Injector(bench) as injector:
        for name in options.commands:
            for kind, points in injector.plan(COMMANDS[name]).items():
                if kind in options.kinds:
                    most = options.memory if kind == "memory" and options.number is None else options.number
                    chosen = inject.sampled(points, most, options.seed)
                    jobs += [(name, point) for point in chosen]
                    print(f"{name}, {kind}: {len(chosen)} of {len(points)} points", flush=True)
    wrong, figures = 0, {(name, point.kind): Figures() for name, point in jobs}
    for trial, seconds in _trials(jobs, options.workers, bench):
        of_kind = figures[trial.command, trial.point.kind]
        of_kind.outcomes[trial.outcome] += 1
        of_kind.seconds += seconds
        if trial.wrong:
            wrong += 1
            print(
                f"{trial.command}, {trial.point}: exit {trial.status}: {'; '.join(trial.wrong)}", flush=True
            )
    for (name, kind), found in figures.items():
        print(f"{name}, {kind}: {found.line()}")
    print(f"{len(jobs)} faults, {wrong} with a wrong end")
    return int(wrong > 0)


def _trials(jobs: list[tuple[str, Point]], workers: int, bench: Workbench) -> Iterator[tuple[Trial, float]]:
    """All trials, in order, with the seconds each took, by so many at once."""
    with ExitStack() as stack:
        free: SimpleQueue[Injector] = SimpleQueue()
        for number in range(workers):
            free.put(stack.enter_context(Injector(bench, number + 1)))

        def one(job: tuple[str, Point]) -> tuple[Trial, float]:
            injector, begin = free.get(), time.monotonic()
            try:
                return injector.trial(COMMANDS[job[0]], job[1]), time.monotonic() - begin
            finally:
                free.put(injector)

        yield from stack.enter_context(ThreadPoolExecutor(workers)).map(one, jobs)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commands", nargs="*", default=list(COMMANDS), metavar="COMMAND")
    parser.add_argument("--kinds", default=",".join(inject.KINDS), type=lambda text: text.split(","))
    parser.add_argument("-n", "--number", type=int, help="points of each command and kind (default: all)")
    parser.add_argument("--memory", type=int, default=20, help="points of each command without memory")
    parser.add_argument("--seed", type=int, default=0, help="which points, where not all are tried")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where to work (default: in memory, where that can be)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
