"""NoteSequences of 30 notes in a TFRecord file: read and written a second, on one core."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rows import Row

from antiphon import io
from antiphon.io.notesequence import tfrecord
from antiphon.score.maps import MeterMap, TempoMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score

N_SEQUENCES, N_NOTES = 5_000, 30


def small_score(rng: random.Random) -> Score:
    """A tune as Magenta's data sets hold them: one part, a tempo, a meter."""
    starts = sorted(rng.randrange(0, 16 * 480, 120) for _ in range(N_NOTES))
    pitches = [rng.randrange(48, 84) for _ in starts]
    return Score(
        Notes.of(starts, [start + rng.choice((120, 240, 480)) for start in starts], pitches),
        tempos=TempoMap.of([(0, rng.choice((90.0, 120.0, 137.5)))]),
        meters=MeterMap.of([(0, 4, 4)]),
        track_names=("tune",),
    )


def per_second(work: Callable[[], object]) -> float:
    """Sequences per second of CPU time, the best of three."""
    best = min(_seconds(work) for _ in range(3))
    return N_SEQUENCES / best


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def measure() -> list[Row]:
    scores = [small_score(random.Random(number)) for number in range(N_SEQUENCES)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.tfrecord"
        tfrecord.write(path, scores[:10])
        written = per_second(lambda: tfrecord.write(path, scores))
        read = per_second(lambda: sum(1 for _ in tfrecord.read(path)))
        by_place = per_second(lambda: [io.load(place) for place in io.places(path)])
    return [
        Row("NoteSequences of 30 notes, read in a row", read, "a second", 5_000, "higher"),
        Row("the same, each from its place in the file", by_place, "a second", 5_000, "higher"),
        Row("the same, written", written, "a second", 3_000, "higher"),
    ]


if __name__ == "__main__":
    print(*(row.markdown() for row in measure()), sep="\n")
