"""`Piece`: one result, and the record from which it can be made again."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from antiphon import io, plain_json
from antiphon.arrays import Float64, Int64
from antiphon.errors import FormatError, one_line
from antiphon.files import atomic_write
from antiphon.generate.options import EXPECTED_RECORD, Options, typed
from antiphon.generate.prompt import Prompt
from antiphon.io.opening import opened
from antiphon.recipes import Recipe
from antiphon.score.score import Score

_MAX_RECORD = 64 << 20
"""Bytes of a record that are read."""


@dataclass(frozen=True)
class Request:
    """All that decides a piece, apart from the bundle."""

    prompt: Prompt | None
    options: Options
    seed: int
    output: int
    """Number of the output: one seed gives as many pieces as are wanted, each the same whoever is made beside
    it.
    """

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types; `from_dict` is the inverse."""
        return {
            "seed": self.seed,
            "output": self.output,
            "options": self.options.as_dict(),
            "primer": self.prompt and self.prompt.as_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], recipe: Recipe) -> Request:
        """A request to a model of `recipe` from `as_dict`'s result (more entries do no harm).

        Raises `FormatError`, and what options and prompts raise that are out of range.
        """
        types = {"primer": dict | None, "options": dict, "seed": int, "output": int}
        primer, options, seed, output = typed(values, types).values()
        prompt = None if primer is None else Prompt.from_dict(primer, recipe)
        return cls(prompt, Options.from_dict(options), seed, output)


@dataclass(frozen=True)
class Piece:
    """One result: as a score, and as the events it was made from."""

    score: Score
    music: Prompt
    """The events, at the pitches at which they sound, as something to be continued: heard as the model played
    them."""
    log_p: Float64
    """Natural-log probability of every new event at temperature 1, float64 [n]; the primer's are not among
    them, nor is the very first event of a piece made from nothing.
    """
    request: Request
    bundle: Mapping[str, str]
    """Name of the bundle it was made with, and SHA-256 of its weights."""

    @property
    def sequence(self) -> Any:
        """The music as a sequence of its family."""
        return self.music.sequence

    @property
    def ids(self) -> Int64:
        """Ids of the events, at the pitches at which they sound, int64 [T, F]."""
        return self.music.ids

    @property
    def output(self) -> int:
        """Number of this output of its seed."""
        return self.request.output

    @property
    def back(self) -> int:
        """Semitones from the music as the model hears it to the music as it sounds here."""
        return -(self.music.shift or 0)

    @property
    def log_likelihood(self) -> float:
        """Natural-log likelihood of the new events together."""
        return float(self.log_p.sum())

    @property
    def per_event(self) -> float:
        """Mean log-likelihood of a new event."""
        return float(self.log_p.mean()) if len(self.log_p) else 0.0

    @property
    def primer_end(self) -> int:
        """Tick of the score up to which it is the primer; 0 where none is in it."""
        prompt = self.request.prompt
        if prompt is None or not self.request.options.primed.with_primer:
            return 0
        standing = self.music.standing
        if standing.steps_per_second:
            quarters = prompt.n_steps * prompt.step_s() * float(self.score.tempos.qpm[0]) / 60
            return round(quarters * self.score.ticks_per_quarter)
        held_back = standing.start_in_bar if len(self.score.meters) == 1 else 0  # a pick-up after rests
        return (prompt.n_steps + held_back) * self.score.ticks_per_quarter // standing.steps_per_quarter

    @property
    def record(self) -> dict[str, Any]:
        """Everything needed to make it again, as plain JSON types."""
        likelihood = {"total": self.log_likelihood, "per_event": self.per_event, "n_events": len(self.log_p)}
        return {
            "bundle": dict(self.bundle),
            **self.request.as_dict(),
            "log_likelihood": likelihood,
            "events": self.music.as_dict()["events"],
            "versions": _versions(),
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the music in the format of the suffix. Raises `FormatError`, `OutputError`."""
        io.save(self.score, path)

    def save_record(self, path: str | os.PathLike[str]) -> None:
        """Write `record` as JSON. Raises `OutputError`."""
        atomic_write(Path(path), json.dumps(self.record, indent=1) + "\n")


def read_record(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The record in the file at `path`, of which only `bundle` is sure to be there. Raises `FormatError`."""
    try:
        with opened(path) as file:
            record = plain_json.loads(file.read(_MAX_RECORD), file_names=True)
    except FormatError as error:
        raise FormatError(f"'{path}' is {error}") from None
    except OSError as error:
        raise FormatError(f"Cannot read '{path}': {error.strerror or error}. Check the path.") from error
    except ValueError as error:
        raise FormatError(f"'{path}' is no JSON: {one_line(error, 200)}. {EXPECTED_RECORD}") from None
    if not isinstance(record, dict) or not isinstance(record.get("bundle"), dict):
        raise FormatError(f"'{path}' names no bundle. {EXPECTED_RECORD}")
    return record


def _versions() -> dict[str, str]:
    packages = {name: version(name) for name in ("antiphon", "numpy", "onnxruntime")}
    return {**packages, "python": platform.python_version(), "machine": platform.machine()}
