"""A report as one page: figures, charts with the tables behind them, and examples to listen to.

The page stands alone: style, charts (SVG) and sound are inside it, so it opens from anywhere without a
network, in light and in dark. It needs no script.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from string import Template

from antiphon.errors import one_line
from antiphon.files import atomic_write
from antiphon.render import pages
from antiphon.render.charts import Panel

SUFFIXES = (".html", ".htm")


@dataclass(frozen=True)
class AudioExample:
    """Something to listen to: its name, a few words about it, and the sound as a data URI."""

    name: str
    about: str
    sound: str


@dataclass(frozen=True)
class ReportTable:
    """A table to be opened: rows of texts under headings."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Chapter:
    """A heading and what stands under it, each where there is any."""

    title: str
    about: str = ""
    figures: Sequence[tuple[str, str]] = ()
    """(name, value) of figures to be seen at once."""
    panels: Sequence[Panel] = ()
    examples: Sequence[AudioExample] = ()
    tables: Sequence[ReportTable] = ()


@dataclass(frozen=True)
class ReportPage:
    """A page."""

    title: str
    about: str
    warnings: Sequence[str] = ()
    chapters: Sequence[Chapter] = field(default=())


def write(path: Path, report: ReportPage) -> None:
    """Write the page to `path`, whole or not at all. Raises `OutputError`."""
    page = Template(pages.part("report.html")).substitute(
        opening=pages.opening(one_line(report.title), one_line(report.about), "page.css", "report.css"),
        contents="\n".join(_link(number, chapter) for number, chapter in enumerate(report.chapters)),
        warnings=_warnings(report.warnings),
        chapters="\n".join(_chapter(number, chapter) for number, chapter in enumerate(report.chapters)),
    )
    atomic_write(path, page.encode("utf-8", "replace"))


def _text(words: str) -> str:
    """Words from strangers, safe in a page."""
    return escape(one_line(words), quote=True)


def _link(number: int, chapter: Chapter) -> str:
    return f'<li><a href="#chapter-{number}">{_text(chapter.title)}</a></li>'


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return '<p class="well">Nothing stands out: this looks healthy.</p>'
    items = "".join(f"<li>{_text(warning)}</li>" for warning in warnings)
    return f"<ul>{items}</ul>"


def _chapter(number: int, chapter: Chapter) -> str:
    about = f'<p class="about">{_text(chapter.about)}</p>' if chapter.about else ""
    parts = [*_figures(chapter), *_charts(chapter), *_examples(chapter), *map(_table, chapter.tables)]
    heading = f'<h2 id="heading-{number}">{_text(chapter.title)}</h2>'
    opening = f'<section class="chapter" id="chapter-{number}" aria-labelledby="heading-{number}">'
    return "\n".join([opening, heading, about, *parts, "</section>"])


def _figures(chapter: Chapter) -> Iterator[str]:
    if chapter.figures:
        pairs = (
            f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in chapter.figures
        )
        yield f'<dl class="figures">{"".join(pairs)}</dl>'


def _charts(chapter: Chapter) -> Iterator[str]:
    shown = [panel for panel in chapter.panels if any(panel.values)]
    if shown:
        yield f'<div class="charts">{"".join(pages.figure(panel) for panel in shown)}</div>'


def _examples(chapter: Chapter) -> Iterator[str]:
    if chapter.examples:
        items = "".join(_example(example) for example in chapter.examples)
        yield f'<h3>To listen to</h3><ul class="examples">{items}</ul>'


def _example(example: AudioExample) -> str:
    name, about = _text(example.name), _text(example.about)
    player = f'<audio controls preload="none" aria-label="{name}" src="{example.sound}"></audio>'
    return f'<li>{player}<p><span class="name">{name}</span><br><span class="facts">{about}</span></p></li>'


def _table(table: ReportTable) -> str:
    headings = "".join(f'<th scope="col">{_text(heading)}</th>' for heading in table.headings)
    rows = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    inside = f"<table><thead><tr>{headings}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<details><summary>{_text(table.title)}</summary><div class="wide">{inside}</div></details>'
