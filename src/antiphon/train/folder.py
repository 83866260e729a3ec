"""The folder of a run: what stands where, what it was started with, and whether that is what is asked for
now.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from antiphon.errors import OutputError, RunError
from antiphon.files import atomic_write
from antiphon.recipes import Recipe
from antiphon.recipes.recipe import upgraded

FORMAT = 2


@dataclass(frozen=True)
class RunFolder:
    """Paths and facts of a training run at `root`.

    `run.json` holds `recipe` (`Recipe.as_dict`), `corpus` (path, fingerprint, counts), `seed`, `from` (the
    bundle it was fine-tuned from, or null), `n_parameters`, `opening` and `versions`.
    """

    root: Path

    @property
    def about(self) -> Path:
        """What is trained on what."""
        return self.root / "run.json"

    @property
    def last(self) -> Path:
        """Net, optimiser and place in the data, to go on from."""
        return self.root / "last.safetensors"

    @property
    def best(self) -> Path:
        """The net's weights that did best on the validation split."""
        return self.root / "best.safetensors"

    @property
    def metrics(self) -> Path:
        """One JSON object a line: figures of training and of validation by step."""
        return self.root / "metrics.jsonl"

    @property
    def tensorboard(self) -> Path:
        """Event files for TensorBoard."""
        return self.root / "tensorboard"

    def read(self) -> dict[str, Any]:
        """`run.json`. Raises `RunError` where this is not a run, or one of a newer format."""
        try:
            facts = json.loads(self.about.read_text("utf-8"))
            version = facts["format"]
            recipe = upgraded(facts["recipe"]) if version == 1 else facts["recipe"]
        except FileNotFoundError:
            raise RunError(f"'{self.root}' is not a training run: it has no run.json.") from None
        except NotADirectoryError:
            raise RunError(f"'{self.root}' is a file; a training run is a folder.") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"'{self.about}' cannot be read ({error}).") from error
        if version not in (1, FORMAT):
            raise RunError(
                f"'{self.root}' has run format {version}; this Antiphon reads up to {FORMAT}. "
                "Upgrade antiphon."
            )
        return {**facts, "recipe": recipe}

    def recipe(self) -> Recipe:
        """The recipe that is trained here. Raises `RunError`."""
        return Recipe.from_dict(self.read()["recipe"])

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Keep the folder to this process, and clear away what a killed one left half written.

        It ends with the process, however that ends; on Windows nothing is locked. Raises `RunError` while
        another process trains here, `OutputError` where something else is here or writing fails.
        """
        self._refuse_others()
        with _opened(self.root / ".lock") as file:
            if not _locked(file):
                raise RunError(
                    f"Another process trains in '{self.root}'; let it end, or choose another folder."
                )
            for path in (self.about, self.last, self.best, self.metrics):
                for left in self.root.glob(f".{path.stem}-*{path.suffix}"):
                    left.unlink(missing_ok=True)
            yield

    def _refuse_others(self) -> None:
        if self.about.exists() or not self.root.exists():
            return
        if not self.root.is_dir():
            raise OutputError(f"'{self.root}' is a file; choose a folder with -o.")
        if any(not path.name.startswith(".") for path in self.root.iterdir()):
            raise OutputError(f"'{self.root}' holds other files; choose an empty or new folder with -o.")

    def begin(self, facts: dict[str, Any]) -> None:
        """Write `run.json`. Raises `OutputError`."""
        atomic_write(self.about, json.dumps({"format": FORMAT, **facts}, indent=1) + "\n")

    def check(self, settings: dict[str, Any]) -> None:
        """Raise `RunError`, naming a difference, unless the run that is here was started with `settings`."""
        about = {**self.read(), "recipe": self.recipe().as_dict()}
        if about.get("processes", 1) > 1:
            raise RunError(
                f"'{self.root}' was begun by an earlier version, whose {about['processes']} processes took a "
                "batch each; let that version end it, or choose another folder with -o."
            )
        there = _flat({name: about.get(name) for name in settings})
        here = _flat(json.loads(json.dumps(settings)))  # as they would be read back: tuples become lists
        for name in sorted(there.keys() | here.keys()):
            if there.get(name) != here.get(name) and name != "corpus.path":
                raise RunError(
                    f"'{self.root}' holds a run with other settings ({name} is {there.get(name)} there, "
                    f"{here.get(name)} here); choose another folder with -o, or repeat its own command."
                )


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("wb")
    except OSError as error:
        why = error.strerror or error
        raise OutputError(f"Cannot write in '{path.parent}': {why}. Choose another place with -o.") from error
    with file:
        yield file


def _locked(file: IO[bytes]) -> bool:
    """Whether `file` is now locked by this process, or cannot be locked on this system at all."""
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested groups as one, by dotted name."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat
