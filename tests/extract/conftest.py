"""Files as the original cut and rounded them, for the comparisons with what it extracted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from antiphon import io
from antiphon.score.maps import MeterMap
from antiphon.score.notes import Notes
from antiphon.score.quantized import PerQuarter, QuantizedScore
from antiphon.score.score import Score


class Piece(NamedTuple):
    """Ticks [begin, end) of a file's score."""

    file: str
    score: Score
    begin: int
    end: int

    def notes(self) -> Notes:
        """The piece's notes, cut at its end."""
        notes = self.score.notes
        notes = notes[(notes.start >= self.begin) & (notes.start < self.end)]
        return notes.replace(end=np.minimum(notes.end, self.end))

    def meter(self) -> MeterMap:
        return MeterMap.of([(0, *self.score.meters.at(self.begin))])

    def rounded_seconds(self, steps_per_quarter: int) -> QuantizedScore:
        """The piece on the original's grid: tempo goes through seconds a tick and back, as in its reader."""
        score, notes = self.score, self.notes()
        index = np.searchsorted(score.tempos.time, self.begin, side="right") - 1
        tick_s = 60.0 / (score.tempos.qpm[index] * score.ticks_per_quarter)
        steps_per_second = steps_per_quarter * (60.0 / (tick_s * score.ticks_per_quarter)) / 60.0

        def steps(ticks: np.ndarray) -> np.ndarray:
            times = score.tempos.seconds(ticks, score.ticks_per_quarter)
            begin = score.tempos.seconds(self.begin, score.ticks_per_quarter)
            return ((times - begin) * steps_per_second + 0.5).astype(np.int64)

        start, end = steps(notes.start), steps(notes.end)
        notes = notes.replace(start=start, end=np.maximum(end, start + 1))
        return QuantizedScore(
            notes, PerQuarter(steps_per_quarter), int(end.max(initial=0)), meters=self.meter()
        )


@pytest.fixture(scope="session")
def pieces(golden_sources: Path) -> Callable[[str], tuple[Piece, list[Piece]]]:
    """`pieces(file)` is that file of the golden sources whole, and in stretches of one tempo and meter."""

    def of(file: str) -> tuple[Piece, list[Piece]]:
        score = io.load(golden_sources / file)
        changes = {*score.tempos.time.tolist(), *score.meters.time.tolist()}
        begins = sorted(time for time in changes if time < score.end)
        bounds = zip(begins, [*begins[1:], score.end + 1], strict=True)
        return Piece(file, score, 0, score.end + 1), [Piece(file, score, *pair) for pair in bounds]

    return of


@pytest.fixture(scope="session")
def melody_and_drum_cases(shared: Callable[[str], Path], pieces: Callable[..., tuple]) -> list:
    """(piece, what the original extracted from it) for melodies and drums, whole files and their pieces."""
    found = []
    for name in ("funkyb", "handson_primers", "miditok_multitrack", "nottingham", "pop909", "testdata"):
        for entry in json.loads(shared(f"golden/d_extraction/melody_drums_{name}.json").read_text()):
            whole, parts = pieces(entry["file"])
            expected = entry["whole"][0]
            found += [] if "quantize_error" in expected else [(whole, expected)]
            if split := entry.get("split_on_time_changes", []):
                found += zip(parts, split, strict=True)
    return found
