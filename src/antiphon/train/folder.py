"""The folder of a run: what stands where, what it was started with, and whether that is what is asked for
now.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from antiphon import plain_json
from antiphon.arrays import Float64
from antiphon.errors import AntiphonError, BusyError, OutputError, RunError, one_line
from antiphon.files import atomic_write, claimed
from antiphon.recipes import Recipe
from antiphon.recipes.recipe import upgraded

FORMAT = 2
_GROUP, _TEXT, _COUNT = "a group of values", "a text", "a whole number, 0 or more"
_FACTS: Mapping[str, str] = MappingProxyType(
    {
        "recipe": _GROUP,
        "corpus": _GROUP,
        "corpus.path": _TEXT,
        "corpus.digest": _TEXT,
        "corpus.n_train": _COUNT,
        "corpus.n_validation": _COUNT,
        "seed": _COUNT,
        "versions": _GROUP,
    }
)
"""What `run.json` says by dotted name, and what each is."""
_LONGEST = 200
"""Characters that a message tells of a damaged file."""


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
        """`run.json`, every fact of it of its type. Raises `RunError` where this is not a run, one of a newer
        format, or `run.json` is damaged."""
        try:
            facts = plain_json.loads(self.about.read_bytes(), file_names=True)
            version = facts["format"]
            if version in (1, FORMAT) and not isinstance(version, bool):
                facts["recipe"] = upgraded(facts["recipe"]) if version == 1 else facts["recipe"]
                _check_facts(facts)
        except FileNotFoundError:
            raise RunError(f"'{self.root}' is not a training run: it has no run.json.") from None
        except NotADirectoryError:
            raise RunError(f"'{self.root}' is a file; a training run is a folder.") from None
        except OSError as error:
            raise RunError(f"'{self.about}' cannot be read ({error.strerror or error}).") from None
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise self._damaged(error) from None
        if version not in (1, FORMAT) or isinstance(version, bool):
            raise RunError(
                f"'{self.root}' has run format {one_line(version, 40)}; this Antiphon reads up to {FORMAT}. "
                "Upgrade antiphon."
            )
        return facts  # type: ignore[no-any-return]

    def recipe(self) -> Recipe:
        """The recipe that is trained here. Raises `RunError`."""
        return self.recipe_of(self.read())

    def recipe_of(self, facts: Mapping[str, Any]) -> Recipe:
        """The recipe in what `read` gave. Raises `RunError`."""
        try:
            recipe = Recipe.from_dict(facts["recipe"])
            recipe.alphabet  # noqa: B018 (a family that is not installed here)
        except AntiphonError as error:
            raise RunError(
                f"The recipe in '{self.about}' cannot be used: {one_line(error, _LONGEST)}"
            ) from None
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise self._damaged(error) from None
        return recipe

    def opening(self, facts: Mapping[str, Any]) -> Float64:
        """How often each id begins a sequence, float64 [V] of what `read` gave; each field's sum to 1. Raises
        `RunError`."""
        alphabet, values = self.recipe_of(facts).alphabet, facts.get("opening")
        numbers = isinstance(values, list) and {*map(type, values)} <= {int, float}
        found = np.array(values, np.float64) if numbers else np.empty(0)
        if found.shape != (alphabet.n_events,) or (found < 0).any():
            raise self._damaged(f"its 'opening' is not a probability for each of {alphabet.n_events} ids")
        for part in alphabet.slices:
            if not np.isclose(found[part].sum(), 1.0, rtol=1e-6):
                raise self._damaged(f"its 'opening' sums to {found[part].sum():.3g}, not 1")
        return found

    def _damaged(self, why: object) -> RunError:
        return RunError(
            f"'{self.about}' is damaged ({one_line(why, _LONGEST)}); take it from a copy, or train anew in "
            "another folder."
        )

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Keep the folder to this process, and clear away what a killed one left half written.

        It ends with the process, however that ends; on Windows nothing is locked. Raises `BusyError` while
        another process trains here, `OutputError` where something else is here or writing fails.
        """
        self._refuse_others()
        try:
            with claimed(self.root):
                yield
        except BusyError:
            raise BusyError(
                f"Another process trains in '{self.root}'; let it end, or choose another folder with -o."
            ) from None

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
        facts = self.read()
        about = {**facts, "recipe": self.recipe_of(facts).as_dict()}
        if about.get("processes", 1) not in (0, 1):
            raise RunError(
                f"'{self.root}' was begun by an earlier version, whose {one_line(about['processes'], 40)} "
                "processes took a batch each; let that version end it, or choose another folder with -o."
            )
        there = _flat({name: about.get(name) for name in settings})
        here = _flat(json.loads(json.dumps(settings)))  # as they would be read back: tuples become lists
        for name in sorted(there.keys() | here.keys()):
            if there.get(name) != here.get(name) and name != "corpus.path":
                then, now = (one_line(values.get(name), _LONGEST) for values in (there, here))
                raise RunError(
                    f"'{self.root}' holds a run with other settings ({one_line(name, 40)} is {then} there, "
                    f"{now} here); choose another folder with -o, or repeat its own command."
                )


def _check_facts(facts: Mapping[str, Any]) -> None:
    """Raises `ValueError` where a fact is missing or of another type."""
    for path, what in _FACTS.items():
        group, _, name = path.rpartition(".")
        found = (facts[group] if group else facts).get(name)
        if not _is(what, found):
            raise ValueError(f"its '{path}' is {one_line(repr(found), 40)}, not {what}")
    if not _is(_COUNT, facts.get("n_parameters", 0)):
        raise ValueError(f"its 'n_parameters' is {one_line(repr(facts['n_parameters']), 40)}, not {_COUNT}")
    if "from" not in facts:
        raise ValueError("it does not say what it was begun 'from'")
    begun = facts["from"]
    if begun is not None and not (_is(_GROUP, begun) and _is(_COUNT, begun.get("steps", 0))):
        raise ValueError("its 'from' is neither null nor says how many 'steps' the bundle was trained for")


def _is(what: str, value: Any) -> bool:
    if what == _COUNT:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, dict if what == _GROUP else str)


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested groups as one, by dotted name."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat
