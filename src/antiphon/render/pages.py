"""What pages are made of: how they begin, panels of bars, and sound inside them.

Named values are shown as a table with bars in it, numbers along an axis as a picture (SVG) with its table
behind it.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from antiphon.errors import one_line
from antiphon.render import audio
from antiphon.render.charts import Panel
from antiphon.render.synth import synthesize
from antiphon.score.cut import trim
from antiphon.score.score import Score

_RATE = 22050
_TYPES = {".mp3": "audio/mpeg"}
_WIDTH, _HEIGHT = 320.0, 120.0
_LEFT, _BELOW, _ABOVE = 4.0, 18.0, 14.0
_TICKS = 6


def part(name: str) -> str:
    """The text of a file in `page/`."""
    return files("antiphon.render").joinpath("page", name).read_text(encoding="utf-8")


def opening(title: str, about: str, *styles: str) -> str:
    """A page up to the words under its title, as HTML; `styles` are files in `page/`."""
    words = {"title": escape(title), "about": escape(about)}
    return Template(part("opening.html")).substitute(words, style="".join(map(part, styles))).rstrip("\n")


def sound_uri(score: Score, seconds: float) -> str:
    """About the first `seconds` of `score` as a data URI (MP3, one channel), played by the built-in
    synthesiser; '' where there is no note."""
    if not len(score.notes):
        return ""
    later = score.notes.start[score.start_s >= seconds]
    beginning = trim(score, 0, int(later.min())) if len(later) else score
    samples = synthesize(beginning, _RATE).mean(axis=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "excerpt.mp3"
        audio.write(path, samples, _RATE)
        sound = base64.b64encode(path.read_bytes()).decode()
    return f"data:{_TYPES[path.suffix]};base64,{sound}"


def figure(panel: Panel) -> str:
    """The panel as an HTML element; the colours are those of the page around it."""
    inside = _named(panel) if panel.labels else _along(panel)
    return f'<figure class="chart"><figcaption>{_text(panel.title)}</figcaption>{inside}</figure>'


def _named(panel: Panel) -> str:
    most = max(panel.values, default=0) or 1
    rows = "".join(
        f'<tr><th scope="row">{_text(label)}</th>'
        f'<td><span class="bar-of" style="width:{70 * value / most:.1f}%"></span>{_number(value)}</td></tr>'
        for label, value in zip(panel.labels, panel.values, strict=True)
    )
    return f'<table class="named">{rows}</table>'


def _along(panel: Panel) -> str:
    most = max(panel.values)
    peak = panel.places[list(panel.values).index(most)]
    label = _text(
        f"{panel.title}: {_number(sum(panel.values))} in all, from {_place(panel, panel.places[0])} to "
        f"{_place(panel, panel.places[-1])} {panel.x_label}, most ({_number(most)}) at {_place(panel, peak)}"
    )
    total = f"{_WIDTH:g} {_HEIGHT + _BELOW + _ABOVE:g}"
    picture = "".join([*_bars(panel), *_axis(panel), f'<text x="{_LEFT}" y="10">{_number(most)}</text>'])
    name = f'<p class="axis">{_text(panel.x_label)}</p>' if panel.x_label else ""
    return f'<svg viewBox="0 0 {total}" role="img" aria-label="{label}">{picture}</svg>{name}{_behind(panel)}'


def _behind(panel: Panel) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_place(panel, place)}</th><td>{_number(value)}</td></tr>'
        for place, value in zip(panel.places, panel.values, strict=True)
        if value
    )
    return f'<details><summary>As a table</summary><table class="behind">{rows}</table></details>'


def _step(panel: Panel) -> float:
    return (_WIDTH - 2 * _LEFT) / len(panel.values)


def _bars(panel: Panel) -> Iterator[str]:
    most, step = max(panel.values), _step(panel)
    for number, value in enumerate(panel.values):
        if value:
            height = max(_HEIGHT * value / most, 1.0)
            x, y = _LEFT + number * step, _ABOVE + _HEIGHT - height
            shape = f'x="{x:.1f}" y="{y:.1f}" width="{max(step - 1, 0.8):.1f}" height="{height:.1f}"'
            yield f'<rect class="t0" {shape}/>'
    yield f'<path class="beat" d="M{_LEFT} {_ABOVE + _HEIGHT}H{_WIDTH - _LEFT}"/>'


def _axis(panel: Panel) -> Iterator[str]:
    """Words under the bars: the panel's own, or every so many numbers."""
    every = -(-len(panel.places) // _TICKS)
    given = panel.ticks if panel.ticks is not None else dict.fromkeys(panel.places[::every], "")
    for number, place in enumerate(panel.places):
        if place in given:
            x = _LEFT + (number + 0.5) * _step(panel)
            words = _text(_place(panel, place))
            yield f'<text class="tick" x="{x:.1f}" y="{_ABOVE + _HEIGHT + 13:g}">{words}</text>'


def _place(panel: Panel, place: float) -> str:
    return (panel.ticks or {}).get(place) or _number(place)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _text(words: str) -> str:
    return escape(one_line(words), quote=True)
