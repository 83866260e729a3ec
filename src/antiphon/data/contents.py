"""What files held when they were read: hashes of their bytes, by which a change is noticed whatever the
file's size and time say."""

from __future__ import annotations

import hashlib

from antiphon.errors import AntiphonError
from antiphon.io.limits import DEFAULT
from antiphon.io.opening import opened
from antiphon.io.places import Place, read_content


def content_sha256(place: Place) -> str:
    """SHA-256 (hex) of the bytes of one piece; '' where they cannot be read."""
    try:
        return hashlib.sha256(read_content(place, DEFAULT)[0]).hexdigest()
    except (AntiphonError, OSError, MemoryError):
        return ""


def file_sha256(path: str) -> str:
    """SHA-256 (hex) of a whole file; '' where it cannot be read."""
    try:
        with opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (AntiphonError, OSError):
        return ""
