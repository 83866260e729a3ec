"""What a build has to do: its settings, and its pieces cut into numbered chunks that are named by what goes
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
from antiphon.data.chunks import is_whole
from antiphon.data.corpus import CHUNKS, MANIFEST
from antiphon.data.harvest import Job, Wanted
from antiphon.data.sources import Source
from antiphon.errors import CorpusError
from antiphon.files import atomic_write

CHUNK = 64
"""Pieces a chunk."""
TIME_LIMIT_S = 30.0
"""Seconds that one piece may take."""
_FILE = "plan.json"


@dataclass(frozen=True)
class Plan:
    """One build. `music` is in the corpus's order."""

    folder: Path
    wanted: tuple[Wanted, ...]
    steps_per_quarter: int
    time_limit_s: float
    music: tuple[Source, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds of sequences that are wanted."""
        return tuple(kind for kind, _ in self.wanted)

    def settings(self) -> dict[str, Any]:
        """What decides the sequences that come out of a piece."""
        return {
            "kinds": {kind: {"options": dataclasses.asdict(options)} for kind, options in self.wanted},
            "steps_per_quarter": self.steps_per_quarter,
        }

    def jobs(self) -> list[Job]:
        """The chunks that are still to be done."""
        return [
            Job(str(path), tuple(source.place for source in pieces), self.wanted, self.steps_per_quarter)
            for path, pieces in zip(self.chunks, self._cut, strict=True)
            if not is_whole(path)
        ]

    @cached_property
    def chunks(self) -> list[Path]:
        """The file of every chunk: its number, and a hash of the settings and of its files' names, sizes
        and times."""
        settings = {**self.settings(), "version": __version__, "time_limit_s": self.time_limit_s}
        return [
            self.folder / CHUNKS / f"{number:05d}-{_hash(settings, pieces)}.npz"
            for number, pieces in enumerate(self._cut)
        ]

    def changes(self) -> Iterator[str]:
        """What is otherwise than in the build that was here before, in words. Raises `CorpusError` for
        other kinds."""
        before = self._before()
        then, now = tuple(before.get("kinds", ())), self.kinds
        if before and set(then) != set(now):
            raise CorpusError(
                f"'{self.folder}' holds sequences of the kind '{','.join(then)}', not '{','.join(now)}'; "
                f"choose another -o, or --for {','.join(then)}."
            )
        old, new = _flat(before), _flat(self.settings())
        changed = [
            f"{name} was {old[name]}, is {new[name]}" for name in new if old.get(name, new[name]) != new[name]
        ]
        if changed:
            yield f"The options changed ({'; '.join(changed)}): every file is read again."

    def begin(self) -> None:
        """Note the settings of this build. Raises `OutputError` where the folder cannot be written."""
        atomic_write(self.folder / CHUNKS / _FILE, json.dumps(self.settings(), indent=1) + "\n")

    def sweep(self) -> None:
        """Remove the chunks, and what a killed writer left, that this build does not need."""
        needed = {*(path.name for path in self.chunks), _FILE}
        for path in (self.folder / CHUNKS).iterdir():
            if path.name not in needed:
                path.unlink(missing_ok=True)
        for folder in (self.folder, *(self.folder / kind for kind in self.kinds)):
            for path in folder.glob(".*-*"):
                if path.suffix in (".npy", ".tsv", ".json", ".jsonl"):
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
                return content if isinstance(content, dict) and isinstance(content.get("kinds"), dict) else {}
        return {}


def _hash(settings: dict[str, Any], pieces: tuple[Source, ...]) -> str:
    described = [[str(piece.place), *_span(piece), piece.size, piece.modified_ns] for piece in pieces]
    return hashlib.sha256(json.dumps([settings, described], sort_keys=True).encode()).hexdigest()[:16]


def _span(piece: Source) -> tuple[int, int, int]:
    return piece.place.start, piece.place.stop, piece.place.header


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings by name; those of a kind with its name before them, where there are several kinds."""
    kinds = settings.get("kinds", {})
    flat = {name: value for name, value in settings.items() if name != "kinds"}
    for kind, content in kinds.items():
        prefix = f"{kind}: " if len(kinds) > 1 else ""
        flat |= {f"{prefix}{name}": value for name, value in content.get("options", {}).items()}
    return flat
