"""The checksums by which a corpus is known, and by which damage to it is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from antiphon.data.ledger import LEDGER_FILE
from antiphon.data.manifest import EVENTS, MANIFEST, PIECES, TABLE_FILE
from antiphon.data.opening import sample

SUMS = "sha256"
"""The key of the manifest under which the checksums of files stand, by name; that of `corpus.json` is of its
own content without it."""
_BLOCK = 1 << 20


def digest_of(folder: Path, kinds: Iterable[str], groups: Iterable[str]) -> str:
    """SHA-256 (hex) of the arrays of the corpus in `folder`, one after the other, and of the pieces'
    `groups`, one per line: the same for the same music, wherever its files are. Raises `OSError`."""
    digest = hashlib.sha256()
    for name in _arrays(kinds):
        with (folder / name).open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    digest.update("".join(f"{group}\n" for group in groups).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def of_files(folder: Path, kinds: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(name in the corpus, SHA-256 in hex) of every file but the manifest. Raises `OSError`."""
    for name in (*_arrays(kinds), LEDGER_FILE, PIECES):
        with (folder / name).open("rb") as file:
            yield name, hashlib.file_digest(file, "sha256").hexdigest()


def _arrays(kinds: Iterable[str]) -> list[str]:
    return [f"{kind}/{array}" for kind in kinds for array in (EVENTS, TABLE_FILE)]


def sealed(manifest: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """`manifest` with the sums of the corpus's `files`, and its own."""
    content = {**manifest, SUMS: dict(files)}
    return {**content, SUMS: {**files, MANIFEST: of_manifest(content)}}


def of_manifest(manifest: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a manifest's content but for that sum itself."""
    others = {name: value for name, value in manifest.get(SUMS, {}).items() if name != MANIFEST}
    text = json.dumps({**manifest, SUMS: others}, sort_keys=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def described(folder: Path, manifest: Mapping[str, Any], groups: Iterable[str]) -> dict[str, Any]:
    """`manifest` with all by which the files of the corpus in `folder`, whose rows are of `groups`, are known
    again. Raises `OSError`."""
    kinds = {
        kind: {**about, "sample": sample([folder / kind / name for name in (EVENTS, TABLE_FILE)])}
        for kind, about in manifest["kinds"].items()
    }
    described = {**manifest, "kinds": kinds, "digest": digest_of(folder, kinds, groups)}
    return sealed(described, dict(of_files(folder, kinds)))
