"""A score in the terminal: what it is in a few lines, and a small piano roll in Braille dots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from antiphon.errors import one_line
from antiphon.render import describe
from antiphon.score.bars import bar_lines
from antiphon.score.notes import Notes
from antiphon.score.score import Score

_COLUMNS, _MAX_LINES = 72, 12
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # Braille: 4 rows of 2 dots
_MAX_PARTS = 24


def summary(score: Score) -> str:
    """Title, length, bars, meters, tempo, key, every part with its range, and the roll; lines of at most 80
    columns.
    """
    blocks = [_heading(score), _table(score), roll(score)]
    return "\n\n".join(block for block in blocks if block)


def figures(score: Score) -> dict[str, object]:
    """The same as plain values, ready for JSON."""
    return {
        "title": score.title,
        "duration_s": round(score.duration_s, 3),
        "n_bars": n_bars(score),
        "n_notes": len(score.notes),
        "ticks_per_quarter": score.ticks_per_quarter,
        "tempos_qpm": [round(float(qpm), 3) for qpm in score.tempos.qpm],
        "meters": [f"{n}/{d}" for n, d in zip(score.meters.numerator, score.meters.denominator, strict=True)],
        "key": str(score.keys[0].key) if score.keys else None,
        "key_estimated": str(describe.estimate_key(score.notes)) if len(score.notes) else None,
        "chords": len(score.chords),
        "parts": [vars(part) for part in describe.parts(score)],
    }


def n_bars(score: Score) -> int:
    """Bars until the last note ends."""
    return int(np.searchsorted(bar_lines(score), score.end))


def roll(score: Score) -> str:
    """The pitched notes as Braille dots, high notes on top, with pitch names; empty without pitched notes."""
    notes = score.notes[~score.notes.is_drum]
    if not len(notes):
        return ""
    high = int(notes.pitch.max())
    n_pitches = high - int(notes.pitch.min()) + 1
    coarse = -(-n_pitches // (4 * _MAX_LINES))  # semitones that share a row of dots
    n_lines = -(-n_pitches // (4 * coarse))
    cells = _braille(_dots(notes, score.end, high, coarse, n_lines))
    labels = [describe.pitch_text(high - 4 * coarse * line) for line in range(n_lines)]
    rows = [f"{label:>4} ┤{line}" for label, line in zip(labels, cells, strict=True)]
    return "\n".join([*rows, *_ruler(score)])


def _dots(notes: Notes, end: int, high: int, coarse: int, n_lines: int) -> npt.NDArray[np.bool_]:
    """Which dots are set, [4 * lines, 2 * columns]; touching notes of one pitch are kept apart where there is
    room.
    """
    n_columns = 2 * _COLUMNS
    dots = np.zeros((4 * n_lines, n_columns), bool)
    first = np.minimum(notes.start * n_columns // max(end, 1), n_columns - 1)
    last = np.minimum((notes.end * n_columns - 1) // max(end, 1), n_columns - 1)
    last = np.where(last - first >= 2, last - 1, last)
    for row, left, right in zip(
        ((high - notes.pitch) // coarse).tolist(), first.tolist(), last.tolist(), strict=True
    ):
        dots[row, left : right + 1] = True
    return dots


def _braille(dots: npt.NDArray[np.bool_]) -> list[str]:
    cells = dots.reshape(-1, 4, dots.shape[1] // 2, 2).transpose(0, 2, 1, 3)
    codes = (cells * _DOTS).sum(axis=(2, 3)) + 0x2800
    return ["".join(map(chr, line)) for line in codes.tolist()]


def _ruler(score: Score) -> list[str]:
    """The line under the roll and the numbers of some bars."""
    lines = bar_lines(score)[: n_bars(score)]
    every = next(step for step in (1, 2, 4, 8, 16, 32, 64, 1 << 20) if len(lines) / step <= 14)
    marks, numbers = ["─"] * _COLUMNS, [" "] * (_COLUMNS + 6)
    for bar in range(0, len(lines), every):
        column = int(lines[bar]) * _COLUMNS // max(score.end, 1)
        if column < _COLUMNS:
            marks[column] = "┴"
            numbers[column : column + len(str(bar + 1))] = str(bar + 1)
    return [f"     └{''.join(marks)}", f"      {''.join(numbers)}".rstrip()]


def _heading(score: Score) -> str:
    title = one_line(score.title or Path(score.source).stem or "Untitled")
    bars, notes = n_bars(score), len(score.notes)
    said = [
        describe.clock_text(score.duration_s),
        f"{bars} bar{'s' * (bars != 1)}",
        describe.meter_text(score),
    ]
    said += [
        f"♩ = {describe.tempo_text(score)}",
        describe.key_text(score),
        f"{notes} note{'s' * (notes != 1)}",
    ]
    return f"{title}\n  " + " · ".join(text for text in said if text)


def _table(score: Score) -> str:
    parts = describe.parts(score)
    rows = [_row(part) for part in parts[:_MAX_PARTS]]
    if len(parts) > _MAX_PARTS:
        rows.append(f"  and {len(parts) - _MAX_PARTS} more parts")
    return "\n".join(rows)


def _row(part: describe.PartSummary) -> str:
    span = (
        "" if part.is_drum else f"{describe.pitch_text(part.lowest)} to {describe.pitch_text(part.highest)}"
    )
    name = one_line(part.name)
    name = name if len(name) <= 22 else name[:21] + "…"
    return (
        f"  {part.track + 1:>2}  {name:<22}  {part.instrument:<24}  {part.n_notes:>5} notes  {span}".rstrip()
    )
