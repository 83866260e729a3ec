"""What a build has to do: its settings, and its files cut into numbered chunks that are named by what goes
into them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from antiphon import __version__
from antiphon.data.corpus import CHUNKS, MANIFEST
from antiphon.data.harvest import Job
from antiphon.data.sources import Source
from antiphon.errors import CorpusError
from antiphon.files import atomic_write

CHUNK = 64
"""Files a chunk."""
TIME_LIMIT_S = 30.0
"""Seconds that one file may take."""
_FILE = "plan.json"


@dataclass(frozen=True)
class Plan:
    """One build. `music` is in the corpus's order."""

    folder: Path
    kind: str
    options: Any
    steps_per_quarter: int
    time_limit_s: float
    music: tuple[Source, ...]

    def settings(self) -> dict[str, Any]:
        """What decides the sequences that come out of a file."""
        return {
            "kind": self.kind,
            "steps_per_quarter": self.steps_per_quarter,
            "options": dataclasses.asdict(self.options),
        }

    def jobs(self) -> list[Job]:
        """All chunks, done or not."""
        return [
            Job(
                str(path),
                tuple(source.path for source in files),
                self.kind,
                self.options,
                self.steps_per_quarter,
            )
            for path, files in zip(self.chunks, self._cut, strict=True)
        ]

    @cached_property
    def chunks(self) -> list[Path]:
        """The file of every chunk: its number, and a hash of the settings and of its files' names, sizes
        and times."""
        settings = {**self.settings(), "version": __version__, "time_limit_s": self.time_limit_s}
        return [
            self.folder / CHUNKS / f"{number:05d}-{_hash(settings, files)}.npz"
            for number, files in enumerate(self._cut)
        ]

    def changes(self) -> Iterator[str]:
        """What is otherwise than in the build that was here before, in words. Raises `CorpusError` for
        another kind."""
        before = self._before()
        if before and before.get("kind") != self.kind:
            raise CorpusError(
                f"'{self.folder}' holds sequences of the kind '{before.get('kind')}', not '{self.kind}'; "
                "choose another -o."
            )
        then, now = (_flat(settings) for settings in (before, self.settings()))
        changed = [
            f"{name} was {then[name]}, is {now[name]}"
            for name in now
            if name in then and then[name] != now[name]
        ]
        if changed:
            yield f"The options changed ({'; '.join(changed)}): every file is read again."

    def begin(self) -> None:
        """Note the settings of this build. Raises `OutputError` where the folder cannot be written."""
        atomic_write(self.folder / CHUNKS / _FILE, json.dumps(self.settings(), indent=1) + "\n")

    def sweep(self) -> None:
        """Remove the chunks, and what a killed writer left, that this build does not need."""
        needed = {*(path.name for path in self.chunks), _FILE}
        for path in sorted((self.folder / CHUNKS).iterdir()):
            if path.name not in needed:
                path.unlink(missing_ok=True)
        for path in sorted(self.folder.glob(".*-*")):
            if path.suffix in (".npy", ".tsv", ".json"):
                path.unlink(missing_ok=True)

    @cached_property
    def _cut(self) -> list[tuple[Source, ...]]:
        return [self.music[begin : begin + CHUNK] for begin in range(0, len(self.music), CHUNK)]

    def _before(self) -> dict[str, Any]:
        for path in (self.folder / CHUNKS / _FILE, self.folder / MANIFEST):
            if path.is_file():
                try:
                    content = json.loads(path.read_text(encoding="utf-8"))
                except (OSError, ValueError):  # nothing can be said about it, and nothing of it is used
                    return {}
                return content if isinstance(content, dict) else {}
        return {}


def _hash(settings: dict[str, Any], files: tuple[Source, ...]) -> str:
    described = [[source.path, source.size, source.modified_ns] for source in files]
    return hashlib.sha256(json.dumps([settings, described], sort_keys=True).encode()).hexdigest()[:16]


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    options = settings.get("options", {})
    return {**{k: v for k, v in settings.items() if k != "options"}, **options}
