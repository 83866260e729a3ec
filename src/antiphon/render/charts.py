"""Plain charts of plain numbers: panels of bars, histograms, learning curves; and how a picture is written.

A picture's format is chosen by the suffix. Words in it may come from strangers.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from antiphon.errors import OptionError, one_line
from antiphon.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg", ".pdf")
_UNDATED: dict[str, dict[str, None]] = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}

_INK, _BAR = "#33363d", "#3a6ee8"
_COLUMNS = 3
_BARS = 30
_TAIL = 99.0
"""Percent of the values that decide how far the axis goes; what lies beyond stands in the last bar."""
_MANY = 200
"""Of fewer values all decide."""
_NICE = (1.0, 2.0, 5.0)

Curve = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True)
class Panel:
    """One chart. `values` are drawn as bars over `places` (numbers along the axis) or, where there are none,
    over the `labels`, horizontally, the first at the top."""

    title: str
    values: Sequence[float]
    places: Sequence[float] = ()
    labels: Sequence[str] = ()
    x_label: str = ""
    ticks: Mapping[float, str] | None = None
    """Places along the axis that get these words instead of numbers."""


def draw(panels: Sequence[Panel], path: Path, title: str) -> None:
    """Write a picture (.png, .svg or .pdf) of `panels`, three per row, under `title`.

    Raises `OptionError` for another suffix, `OutputError` where `path` cannot be written.
    """
    from matplotlib.figure import Figure

    check_picture(path)
    n_rows = -(-len(panels) // _COLUMNS)
    figure = Figure(figsize=(4.2 * _COLUMNS, 3.0 * n_rows + 0.4), dpi=110, layout="constrained")
    figure.suptitle(plain_text(title), color=_INK, fontsize=12)
    for number, panel in enumerate(panels, 1):
        _draw_panel(figure.add_subplot(n_rows, _COLUMNS, number), panel)
    save_picture(figure, path)


def _draw_panel(axes: Axes, panel: Panel) -> None:
    if panel.labels:
        _lying(axes, panel)
    else:
        width = min((b - a for a, b in zip(panel.places, panel.places[1:], strict=False)), default=1.0)
        axes.bar(list(panel.places), list(panel.values), width=0.95 * width, color=_BAR)
    if panel.ticks is not None:
        axes.set_xticks(list(panel.ticks), list(panel.ticks.values()))
    axes.set_title(panel.title, fontsize=10, color=_INK, loc="left")
    axes.set_xlabel(panel.x_label, fontsize=8, color=_INK)
    axes.tick_params(labelsize=8, colors=_INK)
    axes.spines[["top", "right"]].set_visible(False)


def _lying(axes: Axes, panel: Panel) -> None:
    """Horizontal bars with their numbers, for values that have names."""
    rows = range(len(panel.labels))
    bars = axes.barh(rows, list(panel.values), color=_BAR)
    axes.bar_label(bars, labels=[f"{value:g}" for value in panel.values], padding=2, fontsize=8, color=_INK)
    axes.set_yticks(rows, [plain_text(label) for label in panel.labels])
    axes.invert_yaxis()
    axes.margins(x=0.15)


def histogram(title: str, values: Sequence[float] | npt.NDArray[np.float64], x_label: str) -> Panel:
    """How many of `values` (0 or above) lie in each of at most `_BARS` + 1 equal ranges; a range's place is
    its lower bound, a round number."""
    numbers = np.asarray(values, np.float64)
    if not len(numbers):
        return Panel(title, [], [], x_label=x_label)
    share = _TAIL if len(numbers) >= _MANY else 100.0
    low, high = float(numbers.min()), float(np.percentile(numbers, share))
    width = _width((high - low) / _BARS)
    first = np.floor(low / width)
    places = np.minimum((numbers // width - first).astype(np.int64), max(int(high // width - first), 0))
    counts = np.bincount(places)
    bounds = (first + np.arange(len(counts))) * width
    beyond = " (the highest 1% in the last bar)" if numbers.max() >= (first + len(counts)) * width else ""
    return Panel(title, counts.tolist(), bounds.tolist(), x_label=x_label + beyond)


def _width(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20 ... that is at least `least`."""
    if least <= 1:
        return 1.0
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(power * nice for nice in (*_NICE, 10.0) if power * nice >= least))


def draw_curves(curves: Mapping[str, Mapping[str, Curve]], path: Path, x_label: str, y_label: str) -> None:
    """Write a picture (format by suffix) of `curves`: by run, then by kind, x and y values.

    A run has one colour; 'validation' is drawn full with its lowest point marked, every other kind thin and
    pale. Raises `OptionError` for another suffix than .png, .svg and .pdf, `OutputError` where `path` cannot
    be written.
    """
    from matplotlib.figure import Figure

    check_picture(path)
    figure = Figure(figsize=(9, 5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    for index, (run, kinds) in enumerate(curves.items()):
        for kind, (x, y) in kinds.items():
            main = kind == "validation"
            width, alpha = (1.8, 1.0) if main else (0.8, 0.45)
            axes.plot(
                x,
                y,
                color=f"C{index % 10}",
                label=plain_text(f"{run}, {kind}"),
                linewidth=width,
                alpha=alpha,
            )
            if main and len(y):
                lowest = min(range(len(y)), key=y.__getitem__)
                axes.plot(x[lowest], y[lowest], "o", color=f"C{index % 10}", markersize=5)
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if curves:
        axes.legend(frameon=False, fontsize=8)
    save_picture(figure, path)


def check_picture(path: Path) -> None:
    """Raise `OptionError` unless `path` ends in .png, .svg or .pdf."""
    if path.suffix.lower() not in SUFFIXES:
        raise OptionError(f"Cannot draw '{path.name}': use a name that ends in {', '.join(SUFFIXES)}.")


def save_picture(figure: Figure, path: Path) -> None:
    """Write `figure` at its own resolution; the same figure gives the same file.

    Signs that no font here has are drawn as boxes. Raises `OptionError` for another suffix, `OutputError`
    where `path` cannot be written.
    """
    from matplotlib import rc_context

    check_picture(path)
    with (
        warnings.catch_warnings(),
        rc_context({"svg.hashsalt": "antiphon"}),
        atomic_path(path) as temporary,
    ):
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        figure.savefig(temporary, metadata=_UNDATED[path.suffix.lower()])


def plain_text(text: str) -> str:
    """`text` escaped so that matplotlib draws it as it is: a dollar sign does not begin mathematics."""
    return one_line(text).replace("$", r"\$")
