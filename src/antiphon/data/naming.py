"""The group that a file's name gives it: its stem without extension, variant suffix, case and punctuation.

'tunes/Cooley's Reel (2).mid', 'Cooleys_Reel_v2.abc' and 'cooleys-reel copy.mid' are one group,
'cooleysreel'. Names that say nothing ('track 01.mid', '003.mid') are told apart by their folder's name. In a
file of many pieces each is named by its title.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

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
_EMPTY = re.compile(
    r"(?:track|song|tune|piece|melody|lead|vocal|piano|score|untitled|file|midi|music|output|part|no|nr|op)*"
)


def group_of_name(path: str) -> str:
    """The group that `path` says by its name alone; never empty."""
    place = PurePath(path)
    stem = place.stem
    while (shorter := _VARIANT.sub("", stem)) not in (stem, ""):
        stem = shorter
    name = _letters(stem) or stem
    return f"{_letters(place.parent.name)}/{name}" if _says_nothing(name) else name


def group_of(path: str, name: str = "", title: str = "") -> str:
    """The group of the piece called `name` in the file at `path` ('' where the file is the piece).

    A file of many pieces is no group: each has its title's, which is the one a file of that name would
    have, or, without a title that says anything, one of its own.
    """
    if not name:
        return group_of_name(path)
    said = _letters(title)
    return f"{group_of_name(path)}#{name}" if _says_nothing(said) else said


def _letters(text: str) -> str:
    """Letters and digits without case and accents."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in plain.casefold() if sign.isalnum())


def _says_nothing(name: str) -> bool:
    """Whether a name is a number, a letter or two, or a word that any file could bear."""
    letters = "".join(sign for sign in name if not sign.isdigit())
    return len(letters) < 3 or _EMPTY.fullmatch(letters) is not None
