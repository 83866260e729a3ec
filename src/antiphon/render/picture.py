"""Writing pictures: which files they can be, and words from strangers in them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from antiphon.errors import OptionError, one_line
from antiphon.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
_UNDATED: dict[str, dict[str, None]] = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def check(path: Path) -> None:
    """Raise `OptionError` unless `path` ends in .png, .svg or .pdf."""
    if path.suffix.lower() not in SUFFIXES:
        raise OptionError(f"Cannot draw '{path.name}': use a name that ends in {', '.join(SUFFIXES)}.")


def save(figure: Figure, path: Path) -> None:
    """Write `figure` at its own resolution; the same figure gives the same file.

    Signs that no font here has are drawn as boxes. Raises `OptionError` for another suffix, `OutputError`
    where `path` cannot be written.
    """
    from matplotlib import rc_context

    check(path)
    with (
        warnings.catch_warnings(),
        rc_context({"svg.hashsalt": "antiphon"}),
        atomic_path(path) as temporary,
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        figure.savefig(temporary, metadata=_UNDATED[path.suffix.lower()])


def plain(text: str) -> str:
    """`text` as matplotlib has to be given it to draw just that: dollars are no mathematics."""
    return one_line(text).replace("$", r"\$")
