"""What libraries of other languages raise is ours where it leaves `antiphon.io`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from antiphon import io
from antiphon.errors import FormatError, OutputError
from antiphon.io.midi import exact, fast
from antiphon.score.notes import Notes
from antiphon.score.score import Bends, Controls, Score

TUNE = Score(Notes.of([0, 480], [480, 960], [60, 62]))


@pytest.mark.parametrize(
    "error", [ValueError, RuntimeError, OverflowError, TypeError, IndexError, MemoryError]
)
def test_what_the_fast_reader_cannot_the_exact_one_reads(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(*_: Any) -> Any:
        raise error("inside of C++")

    data = io.dumps_midi(TUNE)
    plain = io.loads_midi(data)
    monkeypatch.setattr(fast, "symusic", SimpleNamespace(Score=SimpleNamespace(from_midi=fail)))
    assert io.loads_midi(data) == plain
    monkeypatch.undo()
    monkeypatch.setattr(fast, "_part", fail)
    assert io.loads_midi(data) == plain


@pytest.mark.parametrize("error", [ValueError, RuntimeError, OverflowError, IndexError])
def test_what_no_reader_expects_costs_one_file(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(*_: Any) -> Any:
        raise error("a number\nnobody expects")

    data = io.dumps_midi(TUNE)
    monkeypatch.setattr(fast, "read", lambda *_: None)
    monkeypatch.setattr(exact, "read", fail)
    with pytest.raises(FormatError, match="cannot be understood") as caught:
        io.loads_midi(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "score",
    [
        Score(Notes.of([0], [1], [128])),
        Score(Notes.of([0], [1], [-1])),
        Score(Notes.of([0], [1], [60], velocity=300)),
        Score(Notes.of([0], [1], [60], program=128)),
        Score(Notes.of([-5], [1], [60])),
        Score(Notes.of([0], [1 << 40], [60])),
        TUNE.replace(controls=Controls(*np.array([[0], [200], [1], [0]]))),
        TUNE.replace(controls=Controls(*np.array([[0], [1], [-1], [0]]))),
        TUNE.replace(bends=Bends(*np.array([[0], [8192], [0]]))),
    ],
)
def test_what_midi_cannot_hold_is_said(score: Score) -> None:
    with pytest.raises(OutputError, match="MIDI cannot hold"):
        io.dumps_midi(score)
