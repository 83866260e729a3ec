"""The commands that are harmed, the music they work on, and what may stand where they write afterwards.

Everything is made here from a seed, so that nothing but Antiphon is needed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import antiphon
from antiphon import io
from antiphon.files import TEMPORARY
from antiphon.score.notes import Notes
from antiphon.score.score import Score
from harm.whole import is_whole

QUARTER = 480
_UNCOMPARED = {"tensorboard", ".lock"}
"""Names whose contents differ from run to run."""
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONFAULTHANDLER": "1",
}

Contents = Mapping[str, str]
"""A digest by path."""


@dataclass(frozen=True)
class Command:
    """A command as it is typed in a folder beside `material/`."""

    name: str
    words: tuple[str, ...]
    out: str
    """What it writes there: a folder, or a file."""
    before: tuple[str, ...] = ()
    """The words of a command that wrote there earlier; its result may still stand after a failure."""
    gone: frozenset[str] = frozenset()
    """Files of the earlier result that are taken away while the new one is made."""
    partly: frozenset[int] = frozenset()
    """Exit codes beside 0 with which part of the work is done, and said."""
    material: tuple[str, ...] = ("tunes",)
    """What of the material it needs."""


def command(name: str, words: str, out: str, before: str = "", **more: object) -> Command:
    """A command from its words, as one text."""
    return Command(name, typed(words), out, typed(before), **more)  # type: ignore[arg-type]


def typed(words: str) -> tuple[str, ...]:
    """The words of a command."""
    return tuple(words.split())


_NET = "--set net.layers=8,8 --set training.batch_size=4 --set training.max_length=64"
_PACE = "--set training.evaluate_every=4 --steps 12 --device cpu"
TRAIN = f"train melody/basic --corpus ../material/corpus {_NET} {_PACE}"
_GENERATE = "generate --bundle ../material/tiny.antiphon --bars 2"

COMMANDS = {
    found.name: found
    for found in (
        command(
            "corpus build",
            "corpus build ../material/tunes -o corpus --for melody,performance --workers 1",
            "corpus",
            "corpus build ../material/few -o corpus --for melody,performance --workers 1",
            gone=frozenset({"corpus.json"}),
            material=("tunes", "few"),
        ),
        command("train", f"{TRAIN} --processes 1 -o run", "run", material=("corpus",)),
        command(
            "export",
            "export ../material/run -o made.antiphon",
            "made.antiphon",
            "export ../material/run -o made.antiphon --half",
            material=("run",),
        ),
        command(
            "generate",
            f"{_GENERATE} -n 2 --seed 1 --picture -o made",
            "made",
            f"{_GENERATE} -n 2 --seed 2 --picture -o made",
            material=("tiny.antiphon",),
        ),
        command(
            "convert",
            "convert ../material/few made/ --to musicxml",
            "made",
            "convert ../material/others made/ --to musicxml",
            partly=frozenset({3}),
            material=("few", "others"),
        ),
    )
}
"""Commands of one process each, whose calls of the system come in the same order every time."""


@dataclass
class Workbench:
    """The folder `root`, in which `material/` is made as far as it is needed, and commands are run."""

    root: Path
    _reference: dict[str, tuple[Contents, Contents]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.root / "material").mkdir(parents=True, exist_ok=True)

    @property
    def material(self) -> Path:
        """What commands read."""
        return self.root / "material"

    def need(self, *names: str) -> None:
        """Make what is missing of the material."""
        for name in names:
            if not (self.material / name).exists():
                _MAKERS[name](self)

    def stage(self, number: int = 0) -> Path:
        """An empty folder to run a command in."""
        folder = self.root / f"stage{number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def run(
        self, words: tuple[str, ...], folder: Path, *, right: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; raises where it should succeed and does not."""
        done = subprocess.run(
            argv(words), cwd=folder, env=environment(), capture_output=True, text=True, check=False
        )
        if right and done.returncode:
            raise RuntimeError(f"antiphon {' '.join(words)} failed undisturbed: {done.stderr[-400:]}")
        return done

    def reference(self, command: Command) -> tuple[Contents, Contents]:
        """What stands at `command.out` before and after an undisturbed run; `prepare` uses the former."""
        if command.name not in self._reference:
            self.need(*command.material)
            folder = self.stage(99)
            if command.before:
                self.run(command.before, folder)
            before, shelf = contents(folder / command.out), self._shelf(command)
            shutil.rmtree(shelf, ignore_errors=True)
            shutil.copytree(folder, shelf)
            self.run(command.words, folder)
            self._reference[command.name] = before, contents(folder / command.out)
        return self._reference[command.name]

    def prepare(self, command: Command, number: int = 0) -> Path:
        """A folder in which the command's earlier result stands."""
        self.reference(command)
        folder = self.stage(number)
        shutil.copytree(self._shelf(command), folder, dirs_exist_ok=True)
        return folder

    def _shelf(self, command: Command) -> Path:
        return self.root / "before" / command.name.replace(" ", "-")


@contextmanager
def scratch(folder: Path | None = None) -> Iterator[Path]:
    """`folder`, or one that vanishes at the end: in memory where that can be, since syncing takes long."""
    if folder is not None:
        yield folder.absolute()
        return
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as made:
        yield Path(made)


def argv(words: tuple[str, ...]) -> list[str]:
    """The command of these words."""
    return [sys.executable, "-m", "antiphon", *words]


def environment(**more: str) -> dict[str, str]:
    """The environment of a command: nothing in it is left to chance, and it is the Antiphon that is here."""
    source = str(Path(antiphon.__file__).resolve().parents[1])
    return {**os.environ, **_ENVIRONMENT, "PYTHONPATH": source, **more}


def contents(place: Path) -> Contents:
    """A digest of every file at or below `place`, without what differs from run to run."""
    if place.is_file():
        return {place.name: _digest(place)}
    return {
        str(path.relative_to(place)): _digest(path)
        for path in sorted(place.rglob("*"))
        if path.is_file() and not _UNCOMPARED & {*path.relative_to(place).parts}
    }


def leftovers(folder: Path) -> list[str]:
    """Temporary files below `folder`."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(f"{TEMPORARY}*"))


def differences(command: Command, folder: Path, bench: Workbench) -> list[str]:
    """What differs from the result of an undisturbed run, and what is left over."""
    after, now = bench.reference(command)[1], contents(folder / command.out)
    wrong = [
        f"'{name}' differs" for name in sorted(after.keys() | now.keys()) if after.get(name) != now.get(name)
    ]
    return wrong + [f"'{name}' is left" for name in leftovers(folder)]


def losses(command: Command, folder: Path, bench: Workbench) -> list[str]:
    """What a failure may not leave: files that are there in part, and the loss of what was there."""
    before, after = bench.reference(command)
    now = {name: digest for name, digest in contents(folder / command.out).items() if TEMPORARY not in name}
    lost = (before.keys() & after.keys()) - now.keys() - command.gone
    at = folder / command.out
    half = [
        name
        for name, digest in now.items()
        if digest not in (before.get(name), after.get(name))
        and not is_whole(at / name if at.is_dir() else at)
    ]
    return [f"'{name}' is gone" for name in sorted(lost)] + [f"'{name}' is there in part" for name in half]


def _digest(path: Path) -> str:
    data = path.read_bytes()
    if path.name == "metrics.jsonl":
        rows = [json.loads(line) for line in data.splitlines() if line.endswith(b"}")]
        data = json.dumps([{k: v for k, v in row.items() if not _is_time(k)} for row in rows]).encode()
    return hashlib.sha256(data).hexdigest()


def _is_time(name: str) -> bool:
    return name.endswith(("_s", "_per_second", "_per_s")) or name in ("time", "seconds")


def _tunes(folder: Path, numbers: range, seed: int) -> None:
    for number in numbers:
        rng = np.random.default_rng([seed, number])
        pitches = rng.choice([60, 62, 64, 65, 67, 69, 71, 72], 64)
        start = np.arange(64) * QUARTER
        io.save(Score(Notes.of(start, start + QUARTER, pitches)), folder / f"tune_{number:02d}.mid")


def _make_corpus(bench: Workbench) -> None:
    bench.need("tunes")
    bench.run(typed("corpus build tunes -o corpus --workers 1"), bench.material)


def _make_run(bench: Workbench) -> None:
    bench.need("corpus")
    words = f"{TRAIN} --processes 1 -o run".replace("../material/", "")
    bench.run(typed(words), bench.material)


def _make_bundle(bench: Workbench) -> None:
    bench.need("run")
    bench.run(typed("export run -o tiny.antiphon"), bench.material)


_MAKERS = {
    "tunes": lambda bench: _tunes(bench.material / "tunes", range(24), 0),
    "few": lambda bench: _tunes(bench.material / "few", range(6), 0),
    "others": lambda bench: _tunes(bench.material / "others", range(6), 1),
    "corpus": _make_corpus,
    "run": _make_run,
    "tiny.antiphon": _make_bundle,
}
