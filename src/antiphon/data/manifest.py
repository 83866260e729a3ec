"""`corpus.json`, the manifest of a corpus, read and checked; and the names of the files beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from antiphon.errors import CorpusError

FORMAT = 2
MANIFEST = "corpus.json"
PIECES = "pieces.jsonl"
EVENTS = "events.npy"
TABLE_FILE = "table.npy"
CHUNKS = "chunks"


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of the corpus in `folder`. Raises `CorpusError` where there is none, or an unfinished
    build, or it is damaged or of another format."""
    path = folder / MANIFEST
    if not path.is_file():
        if (folder / CHUNKS).is_dir():
            raise CorpusError(
                f"'{folder}' is an unfinished corpus; give the same 'antiphon corpus build' command again."
            )
        raise CorpusError(
            f"There is no corpus in '{folder}'; build one with: antiphon corpus build SRC -o {folder}"
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["format"]
        complete = version != FORMAT or all(test(manifest[name]) for name, test in _CHECKS.items())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"'{path}' is damaged ({error}); build the corpus again.") from error
    if not complete:
        raise CorpusError(f"'{path}' is damaged (what it says is of another kind); build the corpus again.")
    if version != FORMAT:
        raise CorpusError(
            f"'{path}' is of format {version}, this version reads {FORMAT}; build the corpus again."
        )
    return dict(manifest)


def choose_kind(folder: Path, present: tuple[str, ...], kind: str | None) -> str:
    """`kind`, or the only one of those `present` in `folder` where it is None. Raises `CorpusError` for a
    kind that is not there, and for None where there are several."""
    if kind is None and len(present) == 1:
        return present[0]
    if kind is None:
        raise CorpusError(
            f"'{folder}' holds several kinds of sequences ({', '.join(present)}); name one of them."
        )
    if kind not in present:
        raise CorpusError(
            f"'{folder}' holds sequences of the kind '{', '.join(present)}', not '{kind}'; "
            f"build one with: antiphon corpus build SRC -o DIR --for {kind}"
        )
    return kind


def _is(of: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, of)


def _is_kind(content: Any) -> bool:
    return isinstance(content, dict) and all(
        name in content and test(content[name]) for name, test in _KIND_CHECKS.items()
    )


_KIND_CHECKS = {"options": _is(dict), "fields": _is(list), "n": _is(int), "events": _is(int)}
_CHECKS: dict[str, Callable[[Any], bool]] = {
    "kinds": lambda value: isinstance(value, dict) and all(_is_kind(content) for content in value.values()),
    "digest": _is(str),
    "rows": _is(int),
    "files": _is(int),
    "pieces": _is(int),
    "steps_per_quarter": _is(int),
}
