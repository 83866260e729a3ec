"""The folder of a run: what stands where, what it was started with, and whether that is what is asked for now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from antiphon.errors import OutputError, RunError
from antiphon.files import atomic_write
from antiphon.recipes import Recipe

FORMAT = 1
_IDENTITY = ("recipe", "corpus", "seed", "from", "processes")


@dataclass(frozen=True)
class RunFolder:
    """Paths and facts of a training run at `root`.

    `run.json` holds `recipe` (`Recipe.as_dict`), `corpus` (path, fingerprint, counts), `seed`, `from` (the bundle it was
    fine-tuned from, or null), `processes`, `n_parameters`, `opening` and `versions`.
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
        except FileNotFoundError:
            raise RunError(f"'{self.root}' is not a training run: it has no run.json.") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"'{self.about}' cannot be read ({error}).") from error
        if version != FORMAT:
            raise RunError(f"'{self.root}' has run format {version}; this Antiphon reads {FORMAT}. Upgrade antiphon.")
        return dict(facts)

    def recipe(self) -> Recipe:
        """The recipe that is trained here. Raises `RunError`."""
        return Recipe.from_dict(self.read()["recipe"])

    def begin(self, facts: dict[str, Any]) -> None:
        """Write `run.json`, or check that the run which is here was started with the same settings.

        Raises `RunError` where they differ (naming the first difference) or the folder holds something else, and
        `OutputError` where it cannot be written.
        """
        facts = {"format": FORMAT, **facts}
        if self.about.exists():
            self._same(facts)
            return
        if self.root.exists() and not self.root.is_dir():
            raise OutputError(f"'{self.root}' is a file; choose a folder with -o.")
        if self.root.exists() and any(self.root.iterdir()):
            raise OutputError(f"'{self.root}' holds other files; choose an empty or new folder with -o.")
        atomic_write(self.about, json.dumps(facts, indent=1) + "\n")

    def _same(self, facts: dict[str, Any]) -> None:
        there, here = (_flat({k: f.get(k) for k in _IDENTITY}) for f in (self.read(), _plain(facts)))
        for name in sorted(there.keys() | here.keys()):
            if there.get(name) != here.get(name) and name != "corpus.path":
                raise RunError(
                    f"'{self.root}' holds a run with other settings ({name} is {there.get(name)} there, "
                    f"{here.get(name)} here); choose another folder with -o, or repeat its own command."
                )


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts as they would be read back: tuples become lists."""
    return dict(json.loads(json.dumps(facts)))


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested groups as one, by dotted name."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat
