"""A quantised NoteSequence with its times in seconds: those of its steps."""

from __future__ import annotations

import math
from typing import Any

from antiphon.io.notesequence.messages import DEFAULT_TICKS_PER_QUARTER
from antiphon.score.maps import DEFAULT_QPM

_FINEST = 0x7FFF  # ticks a quarter that a MIDI file can hold


def in_seconds(message: Any) -> Any:
    """`message` with the time of every quantised entry that of its step: a copy, or the same message where it
    is not quantised.
    """
    seconds = _seconds_per_step(message)
    if not seconds:
        return message
    moved = type(message)()
    moved.CopyFrom(message)
    for note in moved.notes:
        note.start_time, note.end_time = (
            note.quantized_start_step * seconds,
            note.quantized_end_step * seconds,
        )
    for entry in (*moved.control_changes, *moved.text_annotations):
        entry.time = entry.quantized_step * seconds
    return moved


def resolution(message: Any) -> int:
    """Ticks a quarter: what the message says, made finer where a step would fall between two ticks."""
    said: int = message.ticks_per_quarter if message.ticks_per_quarter > 0 else DEFAULT_TICKS_PER_QUARTER
    steps = message.quantization_info.steps_per_quarter
    finer = math.lcm(said, steps) if steps > 0 else said
    return finer if finer <= _FINEST else said


def _seconds_per_step(message: Any) -> float:
    """0 where the message is not quantised."""
    grid = message.quantization_info
    if grid.steps_per_second > 0:
        return 1.0 / float(grid.steps_per_second)
    if grid.steps_per_quarter <= 0:
        return 0.0
    first = min(message.tempos, key=lambda tempo: tempo.time, default=None)
    qpm = first.qpm if first is not None and first.qpm > 0 else DEFAULT_QPM
    return 60.0 / float(qpm * grid.steps_per_quarter)
