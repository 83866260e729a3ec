"""Whether a corpus is still what was written: all its files are read, and compared with its manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from antiphon.data.ledger import LEDGER_FILE, Ledger
from antiphon.data.manifest import MANIFEST
from antiphon.data.sums import SUMS, digest_of, of_files, of_manifest
from antiphon.errors import CorpusError


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
