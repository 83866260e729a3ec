"""The plan of a build: its settings, and its pieces cut into numbered chunks whose names are a hash of their
input."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from antiphon import __version__, plain_json
from antiphon.data.chunks import is_final
from antiphon.data.extraction import ExtractionJob, KindOptions
from antiphon.data.manifest import CHUNKS, MANIFEST
from antiphon.data.sources import Source
from antiphon.errors import CorpusError
from antiphon.files import atomic_write

CHUNK_SIZE = 64
"""Pieces per chunk."""
TIME_LIMIT_S = 30.0
"""Seconds that one piece may take."""
_FILE = "plan.json"


@dataclass(frozen=True)
class BuildPlan:
    """One build. `music` is in the corpus's order."""

    folder: Path
    kind_options: tuple[KindOptions, ...]
    steps_per_quarter: int
    time_limit_s: float
    music: tuple[Source, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds of sequences to extract."""
        return tuple(kind for kind, _ in self.kind_options)

    def settings(self) -> dict[str, Any]:
        """The settings that decide which sequences a piece gives, as JSON types."""
        return {
            "kinds": {kind: {"options": dataclasses.asdict(options)} for kind, options in self.kind_options},
            "steps_per_quarter": self.steps_per_quarter,
        }

    def jobs(self) -> list[ExtractionJob]:
        """A job for each chunk that is still missing."""
        return [
            ExtractionJob(
                str(path), tuple(source.place for source in pieces), self.kind_options, self.steps_per_quarter
            )
            for path, pieces in zip(self.chunks, self._pieces_of_chunks, strict=True)
            if not is_final(path)
        ]

    @cached_property
    def chunks(self) -> list[Path]:
        """The file of every chunk: its number, and a hash of the settings and of its files' names, sizes
        and times (or contents)."""
        settings = {**self.settings(), "version": __version__, "time_limit_s": self.time_limit_s}
        return [
            self.folder / CHUNKS / f"{number:05d}-{_hash(settings, pieces)}.npz"
            for number, pieces in enumerate(self._pieces_of_chunks)
        ]

    def changes(self) -> Iterator[str]:
        """What differs from the previous build in this folder, in words. Raises `CorpusError` for other
        kinds."""
        before = self._previous_settings()
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
        """Record the settings of this build. Raises `OutputError` where the folder cannot be written."""
        text = json.dumps(self.settings(), indent=1) + "\n"
        atomic_write(self.folder / CHUNKS / _FILE, text, sync=False)

    def remove_leftovers(self) -> None:
        """Remove what this build does not need of `chunks/`: other chunks, and what workers that were ended
        left there. Nobody else writes there meanwhile."""
        needed = {*(path.name for path in self.chunks), _FILE}
        for path in (self.folder / CHUNKS).iterdir():
            if path.name not in needed:
                with suppress(OSError):  # a folder, which is not ours
                    path.unlink(missing_ok=True)

    @cached_property
    def _pieces_of_chunks(self) -> list[tuple[Source, ...]]:
        return [self.music[begin : begin + CHUNK_SIZE] for begin in range(0, len(self.music), CHUNK_SIZE)]

    def _previous_settings(self) -> dict[str, Any]:
        for path in (self.folder / CHUNKS / _FILE, self.folder / MANIFEST):
            if path.is_file():
                try:
                    content = plain_json.loads(path.read_bytes(), file_names=True)
                except (OSError, ValueError):  # damaged: nothing to compare with
                    return {}
                return content if _are_settings(content) else {}
        return {}


def _hash(settings: dict[str, Any], pieces: tuple[Source, ...]) -> str:
    inputs = [[str(piece.place), *_span(piece), *_content(piece)] for piece in pieces]
    return hashlib.sha256(json.dumps([settings, inputs], sort_keys=True).encode()).hexdigest()[:16]


def _content(piece: Source) -> tuple[int | str, ...]:
    """What the file of a piece is known again by."""
    return (piece.sha256,) if piece.sha256 else (piece.size, piece.modified_ns)


def _are_settings(content: Any) -> bool:
    kinds = content.get("kinds") if isinstance(content, dict) else None
    return isinstance(kinds, dict) and all(
        isinstance(of, dict) and isinstance(of.get("options", {}), dict) for of in kinds.values()
    )


def _span(piece: Source) -> tuple[int, int, int]:
    return piece.place.start, piece.place.stop, piece.place.header


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings by name; options are prefixed with their kind where there are several."""
    kinds = settings.get("kinds", {})
    flat = {name: value for name, value in settings.items() if name != "kinds"}
    for kind, content in kinds.items():
        prefix = f"{kind}: " if len(kinds) > 1 else ""
        flat |= {f"{prefix}{name}": value for name, value in content.get("options", {}).items()}
    return flat
