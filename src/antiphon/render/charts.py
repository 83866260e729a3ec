"""Plain charts of plain numbers: panels of bars in one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from antiphon.render import picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INK, _BAR = "#33363d", "#3a6ee8"
_COLUMNS = 3


@dataclass(frozen=True)
class Panel:
    """One chart. `values` are drawn as bars over `places` (numbers along the axis) or, where there are
    none, over the `labels`, lying, the first at the top."""

    title: str
    values: Sequence[float]
    places: Sequence[float] = ()
    labels: Sequence[str] = ()
    x_label: str = ""
    ticks: Mapping[float, str] | None = None
    """Places along the axis that get these words instead of numbers."""


def draw(panels: Sequence[Panel], path: Path, title: str) -> None:
    """Write a picture (.png, .svg or .pdf) of `panels`, three a row, under `title`.

    Raises `OptionError` for another suffix, `OutputError` where `path` cannot be written.
    """
    from matplotlib.figure import Figure

    picture.check(path)
    n_rows = -(-len(panels) // _COLUMNS)
    figure = Figure(figsize=(4.2 * _COLUMNS, 3.0 * n_rows + 0.4), dpi=110, layout="constrained")
    figure.suptitle(picture.plain(title), color=_INK, fontsize=12)
    for number, panel in enumerate(panels, 1):
        _draw_panel(figure.add_subplot(n_rows, _COLUMNS, number), panel)
    picture.save(figure, path)


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
    """Bars from left to right with their numbers, for values that have names."""
    rows = range(len(panel.labels))
    bars = axes.barh(rows, list(panel.values), color=_BAR)
    axes.bar_label(bars, labels=[f"{value:g}" for value in panel.values], padding=2, fontsize=8, color=_INK)
    axes.set_yticks(rows, [picture.plain(label) for label in panel.labels])
    axes.invert_yaxis()
    axes.margins(x=0.15)
