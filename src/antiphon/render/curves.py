"""Learning curves of training runs as one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from antiphon.render import picture

Curve = tuple[Sequence[float], Sequence[float]]


def draw(curves: Mapping[str, Mapping[str, Curve]], path: Path, x_label: str, y_label: str) -> None:
    """Write a picture (format by suffix) of `curves`: by run, then by kind, x and y values.

    A run has one colour; 'validation' is drawn full with its lowest point marked, every other kind thin and
    pale. Raises `OptionError` for another suffix than .png, .svg and .pdf, `OutputError` where `path` cannot
    be written.
    """
    from matplotlib.figure import Figure

    picture.check(path)
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
                label=picture.plain(f"{run}, {kind}"),
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
    picture.save(figure, path)
