"""The piano roll as a picture: keys at the left, bars and beats, a colour for each part, velocity as its
strength.

Drawn with matplotlib's Agg canvas directly, without pyplot and its global state; about a third of a second.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from antiphon.errors import EmptyError, OptionError
from antiphon.render import describe
from antiphon.render.charts import check_picture, plain_text, save_picture
from antiphon.score import general_midi
from antiphon.score.bars import bar_lines
from antiphon.score.notes import Notes
from antiphon.score.score import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]  # left, bottom, width, height as shares of the figure

PALETTE: tuple[str, ...] = (
    "#3a6ee8", "#f0713c", "#12a57c", "#9a5bd6", "#dd3a68", "#0fa3bd", "#c29a12", "#7d8b2f", "#d267a8",
    "#6b7280",
)  # fmt: skip
"""Colours of the parts in order; neighbours differ for the colour-blind too."""

_BLACK_KEYS = frozenset((1, 3, 6, 8, 10))
_MAX_BAR_NUMBERS = 20
_MAX_CHORDS = 64
_MANY_BARS = 48
_DPI = 110
_CORNER_IN = 0.028


@dataclass(frozen=True)
class Theme:
    """The colours of everything but the notes."""

    paper: str
    lane: str
    black_lane: str
    beat: str
    bar: str
    ink: str
    faint: str
    primer: str


THEMES: dict[str, Theme] = {
    "light": Theme("#ffffff", "#fcfcfe", "#f1f3f8", "#e6e9f1", "#bcc3d1", "#1c2333", "#6a7387", "#f0b429"),
    "dark": Theme("#12151c", "#191d27", "#141821", "#252b39", "#465068", "#eef1f7", "#98a2b8", "#f0b429"),
}


def draw(
    score: Score,
    path: str | Path,
    *,
    title: str = "",
    primer_end: int = 0,
    theme: str = "light",
    dpi: int = _DPI,
) -> None:
    """Write the roll of `score` to a PNG, SVG or PDF file.

    `primer_end` (ticks) marks what was given off from what was made; `title` is the score's own unless given.
    Raises `EmptyError` without notes, `OptionError` for another suffix or theme, `OutputError` where it
    cannot be written.
    """
    target = Path(path)
    check_picture(target)
    save_picture(figure(score, title=title, primer_end=primer_end, theme=theme, dpi=dpi), target)


def pixels(
    score: Score, *, title: str = "", primer_end: int = 0, theme: str = "light", dpi: int = 80
) -> npt.NDArray[np.uint8]:
    """The roll as an image, uint8 [H, W, 3]. Raises `EmptyError` without notes."""
    canvas: Any = figure(score, title=title, primer_end=primer_end, theme=theme, dpi=dpi).canvas
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def figure(
    score: Score, *, title: str = "", primer_end: int = 0, theme: str = "light", dpi: int = _DPI
) -> Figure:
    """The roll as a matplotlib figure. Raises `EmptyError` without notes, `OptionError` for another theme."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not len(score.notes):
        raise EmptyError("There is nothing to draw: the music has no notes.")
    if theme not in THEMES:
        raise OptionError(f"No theme '{theme}': choose {' or '.join(THEMES)}.")
    colours, lines = THEMES[theme], _bars(score)
    drums, pitched = score.notes[score.notes.is_drum], score.notes[~score.notes.is_drum]
    panels = _Panels(_lanes(pitched), sorted(set(drums.pitch.tolist())))
    result = Figure(figsize=(_width(len(lines) - 1, score), panels.height), facecolor=colours.paper)
    result.set_dpi(dpi)
    FigureCanvasAgg(result)
    axes = panels.add_to(result, colours)
    palette = _part_colours(score)
    for ax, notes, rows in zip(axes, panels.present(pitched, drums), panels.rows(), strict=True):
        _draw_grid(ax, score, lines, colours)
        _draw_notes(ax, notes, rows, palette, primer_end, colours)
        if primer_end:
            ax.axvspan(0, primer_end, color=colours.primer, alpha=0.10, lw=0, zorder=0.6)
            ax.axvline(primer_end, color=colours.primer, lw=1.6, zorder=1.6)
    _number_bars(axes, lines, colours)
    _caption(result, axes[0], score, title, primer_end, palette, colours)
    _write_chords(axes[0], score, colours)
    return result


class _Panels:
    """The drawing areas: one for pitches with a keyboard beside it, one under it for drums, whichever are
    needed.
    """

    _LEFT_IN, _RIGHT_IN, _TOP_IN, _BOTTOM_IN, _GAP_IN, _KEYS_IN = 0.68, 0.22, 0.76, 0.36, 0.12, 0.5
    _DRUM_LEFT_IN = 1.25

    def __init__(self, lanes: tuple[int, int] | None, keys: list[int]) -> None:
        self.lanes, self.keys = lanes, keys
        self._pitched_in = max(1.7, min((lanes[1] - lanes[0]) * 0.105, 5.2)) if lanes else 0.0
        self._drums_in = len(keys) * 0.15 + 0.04 if keys else 0.0
        gap = self._GAP_IN if lanes and keys else 0.0
        self.height = self._TOP_IN + self._pitched_in + gap + self._drums_in + self._BOTTOM_IN

    def present(self, pitched: Notes, drums: Notes) -> list[Notes]:
        return [notes for notes in (pitched, drums) if len(notes)]

    def rows(self) -> list[dict[int, int]]:
        """For each area, the row of every pitch in it."""
        every = []
        if self.lanes:
            every.append({pitch: pitch for pitch in range(128)})
        if self.keys:
            every.append({pitch: row for row, pitch in enumerate(self.keys)})
        return every

    def add_to(self, figure: Figure, theme: Theme) -> list[Axes]:
        width = figure.get_figwidth()
        left = self._DRUM_LEFT_IN if self.keys else self._LEFT_IN
        span = (width - left - self._RIGHT_IN) / width
        axes = []
        if self.lanes:
            bottom = (self.height - self._TOP_IN - self._pitched_in) / self.height
            shape = (bottom, self._pitched_in / self.height)
            axes.append(_area(figure, (left / width, shape[0], span, shape[1]), self.lanes, theme))
            keyboard = ((left - self._KEYS_IN) / width, shape[0], (self._KEYS_IN - 0.03) / width, shape[1])
            _draw_lanes(axes[0], self.lanes, theme)
            _draw_keyboard(figure, keyboard, self.lanes, theme)
        if self.keys:
            box = (left / width, self._BOTTOM_IN / self.height, span, self._drums_in / self.height)
            axes.append(_area(figure, box, (0, len(self.keys)), theme))
            _name_drums(axes[-1], self.keys, theme)
        return axes


def _area(figure: Figure, box: Box, rows: tuple[int, int], theme: Theme) -> Axes:
    ax: Axes = figure.add_axes(box, facecolor=theme.lane)
    ax.set_ylim(rows[0] - 0.5, rows[1] - 0.5)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.tick_params(length=0, labelsize=8, labelcolor=theme.faint, pad=4)
    ax.set_xticks([])
    ax.set_yticks([])
    return ax


def _bars(score: Score) -> npt.NDArray[np.int64]:
    """Ticks of the bar lines from 0 to the one that closes the bar in which the last note ends."""
    lines = bar_lines(score)
    lines = lines[lines < score.end] if score.end else lines[:1]
    last = int(lines[-1])
    closing = last + round(score.meters.at(last).quarters * score.ticks_per_quarter)
    return np.append(lines, max(closing, score.end))


def _width(n_bars: int, score: Score) -> float:
    """Inches: a bar gets enough room for its notes, the whole at most 20."""
    per_bar = len(score.notes) / max(n_bars, 1)
    return float(np.clip(1.4 + n_bars * np.clip(0.035 * per_bar + 0.35, 0.45, 0.95), 7.5, 20.0))


def _lanes(notes: Notes) -> tuple[int, int] | None:
    """Lowest and highest pitch (exclusive) to show: those that sound and a little around, an octave and a
    half at least.
    """
    if not len(notes):
        return None
    low, high = int(notes.pitch.min()) - 2, int(notes.pitch.max()) + 3
    missing = max(0, 19 - (high - low))
    return max(0, low - missing // 2), min(128, high + (missing + 1) // 2)


def _draw_lanes(ax: Axes, lanes: tuple[int, int], theme: Theme) -> None:
    for pitch in range(*lanes):
        if pitch % 12 in _BLACK_KEYS:
            ax.axhspan(pitch - 0.5, pitch + 0.5, color=theme.black_lane, lw=0, zorder=0.5)
        if pitch % 12 == 0 and pitch > lanes[0]:
            ax.axhline(pitch - 0.5, color=theme.bar, lw=0.7, alpha=0.7, zorder=0.8)


def _draw_keyboard(figure: Figure, box: Box, lanes: tuple[int, int], theme: Theme) -> None:
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.patches import Rectangle

    ax = _area(figure, box, lanes, theme)
    ax.set_xlim(0, 1)
    ax.set_facecolor("#ffffff")
    black = [pitch for pitch in range(lanes[0] - 1, lanes[1] + 1) if pitch % 12 in _BLACK_KEYS]
    seams = [(0.6, float(pitch)) for pitch in black]
    seams += [(0.0, pitch - 0.5) for pitch in range(*lanes) if pitch % 12 in (0, 5)]
    ax.add_collection(
        LineCollection([[(x, y), (1.0, y)] for x, y in seams], colors="#aab0bf", linewidths=0.6)
    )
    middle = np.array(black, dtype=float)
    keys = _rounded(0 * middle, 0 * middle + 0.6, middle - 0.44, middle + 0.44, 0.07, 0.2)
    ax.add_collection(PolyCollection(list(keys), facecolors="#232936", edgecolors="none"))
    style: dict[str, Any] = {"size": 6, "color": "#5b6375", "ha": "right", "va": "center"}
    for pitch in (pitch for pitch in range(*lanes) if pitch % 12 == 0):
        ax.text(0.96, pitch - 0.04, describe.pitch_text(pitch), **style)
    ax.add_patch(Rectangle((0, lanes[0] - 0.5), 1, lanes[1] - lanes[0], fill=False, ec="#aab0bf", lw=1.0))


def _name_drums(ax: Axes, keys: list[int], theme: Theme) -> None:
    for row in range(1, len(keys), 2):
        ax.axhspan(row - 0.5, row + 0.5, color=theme.black_lane, lw=0, zorder=0.5)
    ax.set_yticks(range(len(keys)), [general_midi.drum_name(pitch) for pitch in keys], fontsize=6.5)


def _draw_grid(ax: Axes, score: Score, lines: npt.NDArray[np.int64], theme: Theme) -> None:
    """Bar lines and beats; in a long piece every fourth bar takes the bars' colour, bars the beats'."""
    ax.set_xlim(0, int(lines[-1]))
    long = len(lines) > _MANY_BARS
    fine, strong = (lines, lines[::4]) if long else (_beats(score, lines), lines)
    ax.vlines(fine, *ax.get_ylim(), colors=theme.beat, linewidths=0.7, zorder=1.0)
    ax.vlines(strong, *ax.get_ylim(), colors=theme.bar, linewidths=0.8 if long else 1.0, zorder=1.2)


def _beats(score: Score, lines: npt.NDArray[np.int64]) -> list[int]:
    """Ticks of the beats inside the bars (the meter's denominator; dotted in 6/8, 9/8 and 12/8)."""
    beats: list[int] = []
    for start, stop in zip(lines[:-1].tolist(), lines[1:].tolist(), strict=True):
        numerator, denominator = score.meters.at(start)
        compound = denominator >= 8 and numerator % 3 == 0 and numerator > 3
        length = score.ticks_per_quarter * 4 * (3 if compound else 1) / denominator
        beats += [round(start + k * length) for k in range(1, int(np.ceil((stop - start) / length - 1e-9)))]
    return beats


def _rounded(left: Array, right: Array, bottom: Array, top: Array, across: float, up: float) -> Array:
    """Corners of boxes with rounded edges of at most (`across`, `up`), float64 [N, 12, 2]."""
    rx = np.minimum(across, (right - left) / 2)[:, None]
    ry = np.minimum(up, (top - bottom) / 2)[:, None]
    quarter = np.array([0.0, np.pi / 4, np.pi / 2])
    angle = np.concatenate([quarter + k * np.pi / 2 for k in range(4)])
    middle_x, middle_y = ((left + right) / 2)[:, None], ((bottom + top) / 2)[:, None]
    outward_x, outward_y = np.repeat([1, -1, -1, 1], 3), np.repeat([1, 1, -1, -1], 3)
    x = middle_x + outward_x * ((right - left)[:, None] / 2 - rx) + rx * np.cos(angle)
    y = middle_y + outward_y * ((top - bottom)[:, None] / 2 - ry) + ry * np.sin(angle)
    return np.stack([x, y], axis=-1)


def _draw_notes(
    ax: Axes, notes: Notes, rows: dict[int, int], palette: dict[int, str], primer_end: int, theme: Theme
) -> None:
    """The first part is drawn last: a melody lies over its accompaniment."""
    from matplotlib.collections import PolyCollection

    notes = notes[np.argsort(-notes.track, kind="stable")]
    total = ax.get_xlim()[1]
    shortest = total / 400 if notes.is_drum.any() else total / 1200
    row = np.array([rows[pitch] for pitch in notes.pitch.tolist()], dtype=float)
    start = notes.start.astype(float)
    end = np.maximum(notes.end, start + shortest)
    given = (notes.start < primer_end).tolist()
    columns = zip(notes.velocity.tolist(), notes.track.tolist(), given, strict=True)
    shades = [_shades(palette[track], velocity, given, theme) for velocity, track, given in columns]
    collection = PolyCollection(
        list(_rounded(start, end, row - 0.43, row + 0.43, _CORNER_IN * total / _inches(ax), 0.26)),
        facecolors=[face for face, _ in shades], edgecolors=[edge for _, edge in shades],
        linewidths=0.7 if len(notes) < 1500 else 0.35, zorder=2.0,
    )  # fmt: skip
    ax.add_collection(collection)


def _inches(ax: Axes) -> float:
    return float(ax.get_window_extent().width / ax.figure.get_dpi())


def _shades(
    colour: str, velocity: int, given: bool, theme: Theme
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Face and edge of a note: paler when softer, greyer when it was given."""
    rgb, paper = _rgb(colour), _rgb(theme.lane)
    if given:
        grey = (0.5, 0.53, 0.6)
        rgb = _mix(rgb, grey, 0.7)
    strength = 0.42 + 0.58 * min(velocity, 127) / 127.0
    hue, light, saturation = colorsys.rgb_to_hls(*rgb)
    return _mix(paper, rgb, strength), colorsys.hls_to_rgb(hue, light * 0.72, saturation)


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def _mix(a: tuple[float, ...], b: tuple[float, ...], share: float) -> tuple[float, ...]:
    return tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))


def _number_bars(axes: list[Axes], lines: npt.NDArray[np.int64], theme: Theme) -> None:
    n_bars = len(lines) - 1
    every = next(step for step in (1, 2, 4, 8, 16, 32, 64, 128, 1 << 20) if n_bars / step <= _MAX_BAR_NUMBERS)
    ticks = lines[:-1][::every]
    axes[-1].set_xticks(ticks, [str(1 + every * k) for k in range(len(ticks))], ha="left", fontsize=8)


def _part_colours(score: Score) -> dict[int, str]:
    return {part.track: PALETTE[index % len(PALETTE)] for index, part in enumerate(describe.parts(score))}


def _caption(
    figure: Figure, ax: Axes, score: Score, title: str, primer_end: int, palette: dict[int, str], theme: Theme
) -> None:
    left, height = ax.get_position().x0, figure.get_figheight()
    name = title or score.title or Path(score.source).stem or "Untitled"
    figure.text(
        left, 1 - 0.16 / height, _shortened(name, 70), size=13, weight="bold", color=theme.ink, va="top"
    )
    figure.text(left, 1 - 0.47 / height, facts(score), size=9, color=theme.faint, va="top")
    _legend(figure, ax, score, primer_end, palette, theme)


def facts(score: Score) -> str:
    """Key, meter, tempo, bars and length in one line: "D minor   4/4   ♩ = 96   16 bars   0:40"."""
    n_bars = len(_bars(score)) - 1
    said = [describe.key_text(score), describe.meter_text(score), f"♩ = {describe.tempo_text(score)}"]
    said += [f"{n_bars} bar{'s' * (n_bars != 1)}", describe.clock_text(score.duration_s)]
    return "   ·   ".join(text for text in said if text)


def _legend(
    figure: Figure, ax: Axes, score: Score, primer_end: int, palette: dict[int, str], theme: Theme
) -> None:
    from matplotlib.patches import Patch

    entries = [
        Patch(color=palette[part.track], label=_shortened(part.label, 24))
        for part in describe.parts(score)[:8]
    ]
    if primer_end:
        entries.append(Patch(facecolor=theme.primer, alpha=0.4, label="primer"))
    room = figure.get_figwidth()
    box = ax.get_position()
    figure.legend(
        handles=entries, loc="upper right", bbox_to_anchor=(box.x1 + 0.004,
        1 - 0.12 / figure.get_figheight()),
        ncol=min(len(entries), max(1, int((room - 4.5) / 1.5))), frameon=False, fontsize=8.5,
        labelcolor=theme.ink,
        handlelength=0.9, handleheight=0.9, handletextpad=0.5, columnspacing=1.3, borderpad=0.1,
        borderaxespad=0.0,
    )  # fmt: skip


def _shortened(text: str, n: int) -> str:
    return plain_text(text if len(text) <= n else text[: n - 1] + "…")


def _write_chords(ax: Axes, score: Score, theme: Theme) -> None:
    for time, text, _ in score.chords[:_MAX_CHORDS] if len(score.chords) <= _MAX_CHORDS else ():
        ax.annotate(
            plain_text(text), (time, 1), xycoords=("data", "axes fraction"), xytext=(3, -3),
            textcoords="offset points", va="top", size=8, weight="bold", color=theme.faint, zorder=3,
        )  # fmt: skip
