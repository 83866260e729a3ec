"""Corpus build of the POP909 files beside pretty_midi's parse alone of them, in CPU time of one process."""

from __future__ import annotations

import os
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from rows import Row

SHARED = Path(os.environ.get("ANTIPHON_SHARED", Path(__file__).resolve().parents[2] / "shared"))
ORIGINAL_MS = 130.0  # convert and create_dataset together, CPU a file
PARSED_ALONE = 60  # pretty_midi is slow; so many files tell its pace


def cpu_ms(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return 1e3 * (time.process_time() - started)


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(SHARED / "data" / "pop909" / "pop909.zip") as archive:
            archive.extractall(folder)
        files = sorted(Path(folder).rglob("*.mid"))
        ours = min(build_ms(files, Path(folder) / f"corpus-{k}") for k in range(3)) / len(files)
        theirs = parse_ms(files[:: len(files) // PARSED_ALONE])
    return [
        Row(
            "corpus build, POP909, beyond process start",
            ours,
            "CPU ms per file",
            1.0,
            beside=f"original: {ORIGINAL_MS:.0f}",
        ),
        Row(
            "pretty_midi's parse alone / our whole build",
            theirs / ours,
            "x",
            15.0,
            "higher",
            f"{theirs:.1f} CPU ms per file",
        ),
    ]  # fmt: skip


def build_ms(files: list[Path], out: Path) -> float:
    """The whole build in this process, after everything is imported."""
    from antiphon.data import build

    build.build(files[:2], out.with_suffix(".warm"), workers=1)
    return cpu_ms(lambda: build.build(files, out, workers=1))


def parse_ms(files: list[Path]) -> float:
    import pretty_midi

    pretty_midi.PrettyMIDI(str(files[0]))
    return cpu_ms(lambda: [pretty_midi.PrettyMIDI(str(path)) for path in files]) / len(files)


if __name__ == "__main__":
    print(*(row.markdown() for row in measure()), sep="\n")
