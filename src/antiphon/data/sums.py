"""The checksums by which a corpus is known, and by which damage to it is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from antiphon.data.ledger import LEDGER_FILE
from antiphon.data.manifest import EVENTS, MANIFEST, PIECES, TABLE_FILE
from antiphon.data.opening import sample

SUMS = "sha256"
"""The key of the manifest under which the checksums of files stand, by name; that of `corpus.json` is of its
own content without it."""
_BLOCK = 1 << 20


class Sums(NamedTuple):
    """`digest`: SHA-256 of the arrays, one after the other, and of the pieces' groups, one per line: the same
    for the same music, wherever its files are. `files`: SHA-256 of every file by its name in the corpus. All
    in hex."""

    digest: str
    files: dict[str, str]


def of_files(folder: Path, kinds: Iterable[str], groups: Iterable[str]) -> Sums:
    """The sums of the corpus in `folder`, each file read once. Raises `OSError`."""
    digest, files = hashlib.sha256(), {}
    for name in (f"{kind}/{array}" for kind in kinds for array in (EVENTS, TABLE_FILE)):
        own = hashlib.sha256()
        with (folder / name).open("rb") as file:
            while block := file.read(_BLOCK):
                own.update(block)
                digest.update(block)
        files[name] = own.hexdigest()
    digest.update("".join(f"{group}\n" for group in groups).encode("utf-8", "surrogateescape"))
    for name in (LEDGER_FILE, PIECES):
        with (folder / name).open("rb") as file:
            files[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return Sums(digest.hexdigest(), files)


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
    sums = of_files(folder, kinds, groups)
    return sealed({**manifest, "kinds": kinds, "digest": sums.digest}, sums.files)
