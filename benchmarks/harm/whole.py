"""Whether a file is all there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


def is_whole(path: Path) -> bool:
    """Whether a file can be read to its end as what its suffix says."""
    try:
        _READERS[path.suffix](path)
    except Exception:  # whatever a reader says to a part of a file
        return False
    return True


def _read_lines(path: Path) -> None:
    # A line is written at once, and the last one may be cut short: who reads them drops it.
    for line in path.read_text("utf-8").splitlines()[:-1]:
        json.loads(line)


def _read_tensors(path: Path) -> None:
    from safetensors.numpy import load_file

    load_file(path)


def _read_ledger(path: Path) -> None:
    from antiphon.data.ledger import Ledger

    Ledger.read(path)


_READERS = {
    ".json": lambda path: json.loads(path.read_text("utf-8")),
    ".jsonl": _read_lines,
    ".npy": np.load,
    ".npz": lambda path: [*np.load(path).items()],
    ".safetensors": _read_tensors,
    ".tsv": _read_ledger,
}
