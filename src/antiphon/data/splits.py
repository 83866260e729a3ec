"""Which split a group of pieces stands in: a hash of its name, so that adding pieces moves none that was
there."""

from __future__ import annotations

import hashlib
from typing import Literal

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
_ENDS = (0.8, 0.9, 1.0)


def split_of(group: str) -> Split:
    """'train' for 80 % of all names, 'validation' and 'test' for 10 % each: SHA-256's first 8 bytes as a
    fraction."""
    digest = hashlib.sha256(group.encode("utf-8", "surrogateescape")).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    return next((name for name, end in zip(SPLITS, _ENDS, strict=True) if share < end), "test")
