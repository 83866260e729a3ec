"""Drum tracks: the Groove set file by file, and the build of 300 synthetic files; CPU time of one process."""

from __future__ import annotations

import os
import random
import tempfile
import zipfile
from pathlib import Path

from corpora import SHARED, cpu_ms
from rows import Row

from antiphon import io
from antiphon.extract.drums import extract
from antiphon.score.notes import Notes
from antiphon.score.quantize import quantize
from antiphon.score.quantized import PerQuarter
from antiphon.score.score import Score

N_FILES, N_BARS = 300, 32
ORIGINAL_S = 17.4  # NoteSequences to drum_kit examples, the same number of files and bars
SIXTEENTH = 120
CHANCES = {
    36: (0.8, 0.1, 0.5, 0.1),
    38: (0.1, 0.1, 0.6, 0.1),
    42: (0.9, 0.4, 0.9, 0.4),
    46: (0.05, 0.1, 0.05, 0.2),
}
"""How likely each sound is on the four sixteenths of a beat."""


def drum_score(rng: random.Random) -> Score:
    """32 bars of 4/4 in the manner of a drum kit, some 500 hits."""
    steps = range(16 * N_BARS)
    hits = [(step, pitch) for step in steps for pitch in CHANCES if rng.random() < CHANCES[pitch][step % 4]]
    start = [step * SIXTEENTH for step, _ in hits]
    pitch = [pitch for _, pitch in hits]
    return Score(Notes.of(start, [time + SIXTEENTH // 2 for time in start], pitch, is_drum=True))


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return [groove(Path(folder)), synthetic(Path(folder))]


def groove(folder: Path) -> Row:
    with zipfile.ZipFile(SHARED / "data" / "drums" / "groove-midi-dataset.zip") as archive:
        archive.extractall(folder / "groove")
    files = sorted((folder / "groove").rglob("*.mid*"))
    io.load(files[0])
    ms = min(cpu_ms(lambda: [extract(quantize(io.load(f), PerQuarter(4))) for f in files]) for _ in range(3))
    return Row("drum tracks, Groove: read and extract", ms / len(files), "CPU ms per file", 1.0)


def synthetic(folder: Path) -> Row:
    """The whole build, after everything is imported: MIDI files to a corpus."""
    from antiphon.data import build

    source = folder / "synthetic"
    source.mkdir()
    rng = random.Random(0)
    for number in range(N_FILES):
        io.save(drum_score(rng), source / f"{number:03}.mid")
    build.build([source], folder / "warm", kinds=("drums",), workers=1)
    seconds = min(
        cpu_ms(lambda k=k: build.build([source], folder / f"corpus{k}", kinds=("drums",), workers=1)) / 1e3
        for k in range(3)
    )
    return Row(
        f"drum corpus of {N_FILES} synthetic files of {N_BARS} bars; times the original's pace",
        ORIGINAL_S / seconds,
        "x",
        50.0,
        "higher",
        f"{seconds:.2f} CPU s; original: {ORIGINAL_S} from NoteSequences on",
    )


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print(*(row.markdown() for row in measure()), sep="\n")
