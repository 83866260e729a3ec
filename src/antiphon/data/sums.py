"""The checksums by which a corpus is known and damage to it is found, and those of what it was read from, by
which a change is noticed whatever a file's size and time say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from antiphon.data.ledger import LEDGER_FILE, Ledger
from antiphon.data.manifest import EVENTS, MANIFEST, PIECES, TABLE_FILE
from antiphon.data.opening import sample
from antiphon.errors import AntiphonError, CorpusError
from antiphon.io.limits import DEFAULT
from antiphon.io.opening import opened
from antiphon.io.places import Place, read_content

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


class Damages(NamedTuple):
    """What is wrong with a corpus, a sentence a file (without a full stop), and what could not be told."""

    found: tuple[str, ...]
    untold: tuple[str, ...]


def damages(folder: Path, manifest: Mapping[str, Any]) -> Damages:
    """What differs between the files of the corpus in `folder` and what its `manifest` says of them."""
    try:
        if SUMS in manifest:
            return Damages(tuple(_differing(folder, manifest)), ())
        return _by_digest(folder, manifest)
    except CorpusError as error:
        return Damages((str(error).rpartition("; ")[0],), ())
    except OSError as error:
        return Damages((f"'{error.filename}' cannot be read ({error.strerror})",), ())


def _differing(folder: Path, manifest: Mapping[str, Any]) -> Iterator[str]:
    """By the sum of every file, the manifest's own among them, which vouches for the digest."""
    said = manifest[SUMS]
    if said.get(MANIFEST) != of_manifest(manifest):
        yield f"'{folder / MANIFEST}' was altered (its checksum differs)"
    for name, found in of_files(folder, manifest["kinds"]):
        if said.get(name) != found:
            yield f"'{folder / name}' was altered or is damaged (its checksum differs)"


def _by_digest(folder: Path, manifest: Mapping[str, Any]) -> Damages:
    """What can be told of a corpus whose manifest an earlier version wrote."""
    groups = (entry.group for entry in Ledger.read(folder / LEDGER_FILE).entries)
    same = digest_of(folder, manifest["kinds"], groups) == manifest["digest"]
    differs = f"Events, tables or groups of '{folder}' are not those that were built (their digest differs)"
    untold = (
        f"'{folder / MANIFEST}' has no sums of files, since an earlier version wrote it: all but the events, "
        "the tables and the groups cannot be compared with anything; the same build command adds them."
    )
    return Damages(() if same else (differs,), (untold,))


def content_sha256(place: Place) -> str:
    """SHA-256 (hex) of the bytes of one piece; '' where they are none of music, or too many. Raises
    `OSError`."""
    try:
        return hashlib.sha256(read_content(place, DEFAULT)[0]).hexdigest()
    except AntiphonError:
        return ""


def file_sha256(path: str) -> str:
    """SHA-256 (hex) of a whole file; '' where it cannot be read."""
    try:
        with opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (AntiphonError, OSError):
        return ""
