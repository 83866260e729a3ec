"""`corpus.json`, the manifest of a corpus, read and checked; and the names of the files beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from antiphon import plain_json
from antiphon.errors import CorpusError, one_line
from antiphon.files import atomic_write

FORMAT = 2
MANIFEST = "corpus.json"
PIECES = "pieces.jsonl"
EVENTS = "events.npy"
TABLE_FILE = "table.npy"
CHUNKS = "chunks"

_MAX_BYTES = 16 << 20
_MOST = 1 << 48
"""Bound of every count: what no disk holds."""
_MOST_STEPS, _MOST_FIELDS = 96, 256
_DIGEST = re.compile("[0-9a-f]{64}")


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
        with path.open("rb") as file:
            manifest = plain_json.loads(file.read(_MAX_BYTES), file_names=True)
        version = manifest["format"]
        complete = version != FORMAT or _is_complete(manifest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"'{path}' is damaged ({one_line(error)}); build the corpus again.") from error
    if not complete:
        raise CorpusError(f"'{path}' is damaged (what it says is of another kind); build the corpus again.")
    if version != FORMAT:
        raise CorpusError(
            f"'{path}' is of format {one_line(version, 24)}, this version reads {FORMAT}; "
            "build the corpus again."
        )
    return dict(manifest)


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest of the corpus in `folder`. Raises `OutputError`."""
    atomic_write(folder / MANIFEST, _as_text(manifest))


def _as_text(manifest: dict[str, Any]) -> str:
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # a file's name, in an option, that is no text
        return json.dumps(manifest, indent=1) + "\n"
    return text


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


def _is_complete(manifest: dict[str, Any]) -> bool:
    needed = all(test(manifest[name]) for name, test in _CHECKS.items())
    return needed and all(test(manifest[name]) for name, test in _MAYBE.items() if name in manifest)


def _is(of: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, of)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < _MOST


def _is_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_count, value.values()))


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_sums(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _is_name(name: str) -> bool:
    """Whether `name` can be that of a folder in the corpus's own."""
    return name.isprintable() and name not in ("", ".", "..") and not set(name) & set("/\\:")


def _is_kind(content: Any) -> bool:
    return (
        isinstance(content, dict)
        and all(name in content and test(content[name]) for name, test in _KIND_CHECKS.items())
        and all(test(content[name]) for name, test in _MAYBE_OF_KIND.items() if name in content)
    )


def _are_kinds(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(_is_name(name) and _is_kind(content) for name, content in value.items())
    )


_KIND_CHECKS: dict[str, Callable[[Any], bool]] = {
    "options": _is(dict),
    "fields": lambda value: _is_texts(value) and 1 <= len(value) <= _MOST_FIELDS,
    "n": _is_count,
    "events": _is_count,
}
_MAYBE_OF_KIND: dict[str, Callable[[Any], bool]] = {"likeness": _is_counts, "sample": _is(str)}
_CHECKS: dict[str, Callable[[Any], bool]] = {
    "kinds": _are_kinds,
    "digest": lambda value: isinstance(value, str) and _DIGEST.fullmatch(value) is not None,
    "rows": _is_count,
    "files": _is_count,
    "pieces": _is_count,
    "steps_per_quarter": lambda value: type(value) is int and 1 <= value <= _MOST_STEPS,
}
_MAYBE: dict[str, Callable[[Any], bool]] = {
    "likeness": _is_counts,
    "duplicates": _is(str),
    "sha256": _is_sums,
}
