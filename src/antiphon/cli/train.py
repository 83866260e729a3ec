"""`antiphon train`: a recipe and a corpus become a run."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from antiphon.cli.printing import needing_torch, quoted
from antiphon.errors import OptionError

_LINE_EVERY_S = 30.0


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("train")(train)


_Corpus = Annotated[Path, typer.Option("--corpus", help="Folder that `antiphon corpus build` wrote.")]
_Out = Annotated[
    Path,
    typer.Option("-o", "--output", metavar="RUN", help="Folder of the run; the same command goes on in it."),
]
_Recipe = Annotated[str | None, typer.Argument(help="What to train; `antiphon models` lists the recipes.")]
_From = Annotated[
    str | None, typer.Option("--from", metavar="BUNDLE", help="Fine-tune this bundle (file or name).")
]
_Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
_Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same weights on the same machine.")]
_Steps = Annotated[int | None, typer.Option(min=1, help="Optimiser steps at most (training.max_steps).")]
_Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Change a value of the recipe, as in net.layers=64,64."),
]
_Freeze = Annotated[
    str | None, typer.Option(help="With --from: what stays as it is, body or all-but-output.")
]
_LowRank = Annotated[
    int | None, typer.Option(min=1, help="With --from: learn changes of this rank only (4 to 16).")
]
_Processes = Annotated[
    int | None, typer.Option(min=1, help="Processes that share each step on a CPU; by default one per core.")
]
_Threads = Annotated[
    int | None, typer.Option(min=1, help="CPU threads of a process; without --processes, of the only one.")
]


def train(
    corpus: _Corpus,
    out: _Out,
    recipe: _Recipe = None,
    from_bundle: _From = None,
    freeze: _Freeze = None,
    low_rank: _LowRank = None,
    device: _Device = "auto",
    seed: _Seed = 0,
    steps: _Steps = None,
    values: _Set = None,
    processes: _Processes = None,
    threads: _Threads = None,
) -> None:
    """Train a recipe on a corpus, or fine-tune a bundle on it.

    On several GPUs or machines: torchrun --nproc-per-node N -m antiphon train ...
    """
    changes = _changes(values or [], steps)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # waiting threads sleep; read when torch loads
    with needing_torch("Training"):
        from antiphon.train.run import train as run
    outcome = run(
        recipe,
        corpus,
        out,
        changes=changes,
        from_bundle=from_bundle,
        freeze=freeze,
        low_rank=low_rank,
        device=device,
        seed=seed,
        processes=processes,
        threads=threads,
        reporter=TerminalReporter(),
    )
    if outcome.leads:
        typer.echo(f"{out}\t{outcome.best_nll:.4f}")
        typer.echo(f"Next: antiphon export {quoted(out)} -o NAME.antiphon", err=True)


class TerminalReporter:
    """Lines on stderr: on a terminal a passing line is overwritten by the next, in a log file one is kept now
    and then.
    """

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._passing = False
        self._last = 0.0

    def say(self, line: str) -> None:
        """A line to keep."""
        self._write(line + "\n")
        self._passing = False

    def tick(self, line: str) -> None:
        """A line that the next one may replace."""
        now = time.monotonic()
        if self._terminal:
            self._write(line)
            self._passing = True
        elif now - self._last >= _LINE_EVERY_S:
            self._write(line + "\n")
            self._last = now

    def _write(self, text: str) -> None:
        sys.stderr.write(("\r\x1b[K" if self._passing else "") + text)
        sys.stderr.flush()


def _changes(values: list[str], steps: int | None) -> dict[str, str]:
    changes = {} if steps is None else {"training.max_steps": str(steps)}
    for text in values:
        name, equals, value = text.partition("=")
        if not equals:
            raise OptionError(f"--set {text}: expected NAME=VALUE, as in --set net.layers=64,64.")
        if name in changes:
            raise OptionError(f"'{name}' is given twice; give it once.")
        changes[name] = value
    return changes
