"""The contact sheet: one page on which to look at, hear and choose among pieces.

`index.html` stands alone: style, script, pictures (SVG) and notes are inside it, so it opens from a folder
without a network. Sound comes from the audio file beside it where there is one, else from a small synthesiser
in the page.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote

import numpy as np

from antiphon.errors import EmptyError
from antiphon.files import atomic_write
from antiphon.render import describe, pages
from antiphon.render.roll import facts
from antiphon.score.bars import bar_lines
from antiphon.score.score import Score

PAGE = "index.html"
_BLACK_KEYS = frozenset((1, 3, 6, 8, 10))
_N_COLOURS = 8


@dataclass(frozen=True)
class SheetEntry:
    """One piece of the sheet. Files are linked where given; `log_likelihood` is in nats, of `n_events`
    events.
    """

    name: str
    score: Score
    midi: Path
    audio: Path | None = None
    picture: Path | None = None
    details: Path | None = None
    log_likelihood: float | None = None
    n_events: int = 0
    primer_end: int = 0  # ticks; what comes before was given
    cell: tuple[str, str] = ("", "")  # row and column of a sweep, as they are called

    @property
    def per_event(self) -> float | None:
        """Nats per event, by which pieces of different length compare."""
        if self.log_likelihood is None:
            return None
        return self.log_likelihood / max(self.n_events, 1)


def write(folder: Path, entries: Sequence[SheetEntry], *, title: str = "New music", about: str = "") -> Path:
    """Write `index.html` into `folder` and return its path. Links are relative to it.

    Raises `EmptyError` without entries, `OutputError` where the folder cannot be written.
    """
    if not entries:
        raise EmptyError("There is nothing to put on the contact sheet: no piece was made.")
    page = Template(pages.part("page.html")).substitute(
        opening=pages.opening(title, about, "page.css"),
        script=pages.part("page.js"),
        music=_embedded([_music(entry.score) for entry in entries]),
        layout=_layout(entries),
        pieces=_pieces(folder, entries),
    )
    target = folder / PAGE
    atomic_write(target, page)
    return target


def _layout(entries: Sequence[SheetEntry]) -> str:
    """How the page lays its pieces out: in the columns of a sweep, or one under the other."""
    columns = len(dict.fromkeys(entry.cell[1] for entry in entries))
    return f' class="sweep" style="--columns: {columns}"' if any(any(entry.cell) for entry in entries) else ""


def _pieces(folder: Path, entries: Sequence[SheetEntry]) -> str:
    """The pieces; of a sweep row by row, each row under its name, each cell under that of its column."""
    made = [(entry.cell, _piece(folder, number, entry)) for number, entry in enumerate(entries, 1)]
    parts = []
    for row in dict.fromkeys(row for (row, _), _ in made):
        cells = dict.fromkeys(column for (r, column), _ in made if r == row)
        parts += [f'<h2 class="row">{escape(row)}</h2>'] if row else []
        for column in cells:
            inside = [piece for cell, piece in made if cell == (row, column)]
            name = f'<h3 class="column">{escape(column)}</h3>\n' if column else ""
            body = name + "\n".join(inside)
            parts.append(f'<div class="cell">\n{body}\n</div>' if row or column else body)
    return "\n".join(parts)


def _embedded(value: object) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _music(score: Score) -> dict[str, object]:
    """What the page's synthesiser plays: notes as [start s, seconds, pitch, velocity, family or -1 for
    drums].
    """
    notes = score.notes
    order = np.argsort(notes.start, kind="stable")
    family = np.where(notes.is_drum, -1, notes.program // 8)
    rows = zip(
        np.round(score.start_s[order], 3).tolist(),
        np.round((score.end_s - score.start_s)[order], 3).tolist(),
        *(column[order].tolist() for column in (notes.pitch, notes.velocity, family)),
        strict=True,
    )
    return {"duration": round(score.duration_s, 3), "notes": [list(row) for row in rows]}


def _piece(folder: Path, number: int, entry: SheetEntry) -> str:
    audio = f' data-audio="{_link(folder, entry.audio)}"' if entry.audio else ""
    return (
        Template(pages.part("piece.html"))
        .substitute(
            number=number,
            name=escape(entry.name),
            title="" if entry.name.lstrip("0") == str(number) else f" {escape(entry.name)}",
            facts=escape(facts(entry.score)) if len(entry.score.notes) else "no notes",
            sortable="" if entry.per_event is None else f"{entry.per_event:.6f}",
            audio=audio,
            likelihood=_likelihood(entry),
            picture=_svg(entry),
            duration=f"{entry.score.duration_s:.2f}",
            clock=describe.clock_text(entry.score.duration_s),
            links=_links(folder, entry),
        )
        .rstrip()
    )


def _likelihood(entry: SheetEntry) -> str:
    if entry.log_likelihood is None or entry.per_event is None:
        return ""
    total = _signed(f"{entry.log_likelihood:.1f} in all, {entry.n_events} events")
    each = _signed(f"{entry.per_event:.2f}")
    return f'<p class="likelihood"><strong>{each}</strong> nats per event<br>{total}</p>'


def _signed(figure: str) -> str:
    """With a minus sign in place of the hyphen."""
    return figure.replace("-", "−")


def _links(folder: Path, entry: SheetEntry) -> str:
    given = (
        ("MIDI", entry.midi),
        ("Audio", entry.audio),
        ("Picture", entry.picture),
        ("Details", entry.details),
    )
    name = escape(entry.name)
    anchors = [
        f'<a href="{_link(folder, path)}" aria-label="{word} of {name}">{word}</a>'
        for word, path in given
        if path
    ]
    return " ".join(anchors)


def _link(folder: Path, path: Path) -> str:
    relative = os.path.relpath(path.resolve(), folder.resolve())
    return quote(Path(relative).as_posix())


def _svg(entry: SheetEntry) -> str:
    """The roll in seconds from left to right, one unit high per semitone; it stretches with the page."""
    score = entry.score
    if not len(score.notes):
        return '<svg viewBox="0 0 1 1" role="img" aria-label="no notes"></svg>'
    low, high = int(score.notes.pitch.min()) - 2, int(score.notes.pitch.max()) + 2
    low -= max(0, 18 - (high - low)) // 2
    high = max(high, low + 18)
    width = 1000.0
    scale = width / max(score.duration_s, 1e-6)
    parts = [
        *_lanes(low, high, width),
        *_bars(score, high - low + 1, scale),
        *_given(entry, high - low + 1, scale),
    ]
    label = escape(f"Piano roll of {entry.name}, {len(score.notes)} notes", quote=True)
    box = (
        f'viewBox="0 0 {width:g} {high - low + 1}" preserveAspectRatio="none" role="img" aria-label="{label}"'
    )
    return f"<svg {box}>{''.join(parts + _notes(score, high, scale))}</svg>"


def _lanes(low: int, high: int, width: float) -> list[str]:
    black = [pitch for pitch in range(low, high + 1) if pitch % 12 in _BLACK_KEYS]
    return [f'<rect class="lane" x="0" y="{high - pitch}" width="{width:g}" height="1"/>' for pitch in black]


def _bars(score: Score, height: int, scale: float) -> list[str]:
    seconds = score.tempos.seconds(np.asarray(bar_lines(score)), score.ticks_per_quarter)
    return [f'<path class="bar" d="M{at * scale:.2f} 0V{height}"/>' for at in seconds.tolist()]


def _given(entry: SheetEntry, height: int, scale: float) -> list[str]:
    if not entry.primer_end:
        return []
    x = float(entry.score.tempos.seconds(entry.primer_end, entry.score.ticks_per_quarter)) * scale
    area = f'<rect class="given" x="0" y="0" width="{x:.2f}" height="{height}"/>'
    return [area, f'<path class="given-end" d="M{x:.2f} 0V{height}"/>']


def _notes(score: Score, high: int, scale: float) -> list[str]:
    colour = {part.track: index % _N_COLOURS for index, part in enumerate(describe.parts(score))}
    columns = (score.start_s, score.end_s, score.notes.pitch, score.notes.velocity, score.notes.track)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [
        _box(colour[track], start * scale, (end - start) * scale, high - pitch, velocity)
        for start, end, pitch, velocity, track in rows
    ]


def _box(colour: int, x: float, width: float, y: int, velocity: int) -> str:
    seen = max(width - 1.0, 1.5)  # a gap keeps repeated notes apart
    shape = f'x="{x:.2f}" y="{y + 0.06:.2f}" width="{seen:.2f}" height=".88" rx="1.2" ry=".25"'
    return f'<rect class="t{colour}" {shape} opacity="{0.4 + velocity / 212:.2f}"/>'
