"""Whether a corpus is still what was written: all its files are read, and compared with its manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from antiphon.data.ledger import LEDGER_FILE, Ledger
from antiphon.data.manifest import MANIFEST
from antiphon.data.sums import SUMS, Sums, of_files, of_manifest
from antiphon.errors import CorpusError


class Damages(NamedTuple):
    """What is wrong with a corpus, a sentence a file (without a full stop), and what could not be told."""

    found: tuple[str, ...]
    untold: tuple[str, ...]


def damages(folder: Path, manifest: Mapping[str, Any]) -> Damages:
    """What differs between the files of the corpus in `folder` and what its `manifest` says of them."""
    try:
        groups = [entry.group for entry in Ledger.read(folder / LEDGER_FILE).entries]
        sums = of_files(folder, manifest["kinds"], groups)
    except CorpusError as error:
        return Damages((str(error).rpartition("; ")[0],), ())
    except OSError as error:
        return Damages((f"'{error.filename}' cannot be read ({error.strerror})",), ())
    if SUMS in manifest:
        return Damages(tuple(_differing(folder, manifest, sums)), ())
    differs = f"Events, tables or groups of '{folder}' are not those that were built (their digest differs)"
    untold = (
        f"'{folder / MANIFEST}' has no sums of files, since an earlier version wrote it: all but the events, "
        "the tables and the groups cannot be compared with anything; the same build command adds them."
    )
    return Damages((differs,) if sums.digest != manifest["digest"] else (), (untold,))


def _differing(folder: Path, manifest: Mapping[str, Any], sums: Sums) -> Iterator[str]:
    said = manifest[SUMS]
    if said.get(MANIFEST) != of_manifest(manifest):
        yield f"'{folder / MANIFEST}' was altered (its checksum differs)"
    for name, found in sums.files.items():
        if said.get(name) != found:
            yield f"'{folder / name}' was altered or is damaged (its checksum differs)"
    if sums.digest != manifest["digest"] and sums.files.items() <= said.items():
        yield f"'{folder / MANIFEST}' is of another corpus (the digest of the music differs)"
