"""Splits: a piece belongs to a group, and a hash of the group's name says which split the group is in.

A group's name comes from a file's name: its stem without extension, variant suffix, case and punctuation.
'tunes/Cooley's Reel (2).mid', 'Cooleys_Reel_v2.abc' and 'cooleys-reel copy.mid' are one group,
'cooleysreel'. Names without meaning ('track 01.mid', '003.mid') are prefixed with their folder's name. In a
file of many pieces each is named by its title.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import PurePath
from typing import Literal

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
_UPPER_BOUNDS = (0.8, 0.9, 1.0)

_VARIANT = re.compile(
    r"""(?:
        \s*[(\[]\s*(?:\d{1,2}|[^()\[\]]*\b(?:copy|version|variant|alt|transposed|remix)\b[^()\[\]]*)\s*[)\]]
      | [\s._-]+(?:copy|version|variant|alt|alternate)[\s._-]*\d{0,3}
      | [\s._-]+(?:v|ver|var|take)[\s._-]?\d{1,3}
      | [\s._-]+(?:transposed|transpose|tr|t)?[\s._-]*[+-]\d{1,2}(?:st)?
      | [\s._-]+(?:transposed|transpose)(?:[\s._-]*\d{1,2})?
      | (?<=[^\W\d_]{3})\.[1-9]\d?
      | ~\d*
    )$""",
    re.IGNORECASE | re.VERBOSE,
)
_GENERIC = re.compile(
    r"(?:track|song|tune|piece|melody|lead|vocal|piano|score|untitled|file|midi|music|output|part|no|nr|op)*"
)


def split_of(group: str) -> Split:
    """'train' for 80 % of all names, 'validation' and 'test' for 10 % each: the first 8 bytes of the name's
    SHA-256 as a fraction. So adding pieces moves none that was there."""
    digest = hashlib.sha256(group.encode("utf-8", "surrogateescape")).digest()
    fraction = int.from_bytes(digest[:8], "big") / 2**64
    return next((name for name, bound in zip(SPLITS, _UPPER_BOUNDS, strict=True) if fraction < bound), "test")


def group_of_name(path: str) -> str:
    """The group that the name of the file at `path` gives; never empty."""
    file = PurePath(path)
    stem = file.stem
    while (shorter := _VARIANT.sub("", stem)) not in (stem, ""):
        stem = shorter
    name = _normalized(stem) or stem
    return f"{_normalized(file.parent.name)}/{name}" if _is_generic(name) else name


def group_of(path: str, name: str = "", title: str = "") -> str:
    """The group of the piece called `name` in the file at `path` ('' where the file is the piece).

    Pieces of one file are grouped by title, in the same way as by a file's name; a piece without a
    meaningful title has a group of its own.
    """
    if not name:
        return group_of_name(path)
    normalized = _normalized(title)
    return f"{group_of_name(path)}#{name}" if _is_generic(normalized) else normalized


def _normalized(text: str) -> str:
    """Letters and digits without case and accents."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(character for character in plain.casefold() if character.isalnum())


def _is_generic(name: str) -> bool:
    """Whether a name is a number, a letter or two, or a word that any file could have."""
    letters = "".join(character for character in name if not character.isdigit())
    return len(letters) < 3 or _GENERIC.fullmatch(letters) is not None
