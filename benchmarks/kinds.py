"""MIDI to every kind of sequence at once: POP909 files parsed once, quantised once a reading, all extracted.

CPU time of one process, beyond its start; a millisecond a file is a second for 1,000 files.
"""

from __future__ import annotations

import os
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rows import Row

if TYPE_CHECKING:
    from antiphon.codecs.kinds import Kind
    from antiphon.score.score import Score

SHARED = Path(os.environ.get("ANTIPHON_SHARED", Path(__file__).resolve().parents[2] / "shared"))
STEPS_PER_QUARTER = 4
REPEATS = 3


def measure() -> list[Row]:
    from antiphon.codecs.kinds import KINDS

    with tempfile.TemporaryDirectory() as folder:
        spent = _fastest(_unpacked("pop909/pop909", Path(folder)), list(KINDS.things()))
    whole, parse = sum(spent.values()), spent["parse"]
    parts = ", ".join(f"{name} {ms:.2f}" for name, ms in spent.items())
    return [
        Row(f"MIDI to all {len(KINDS)} kinds at once, POP909", whole, "CPU ms per file", 8.0, beside=parts),
        Row("MIDI to all kinds / parse alone", whole / parse, "x", 8.0, beside=f"parse: {parse:.2f} ms"),
        Row("performances of a POP909 file", spent["performance"], "CPU ms per file", 2.0),
    ]


def _unpacked(name: str, folder: Path) -> list[Path]:
    """The MIDI files of a data set."""
    target = folder / Path(name).name
    with zipfile.ZipFile(SHARED / "data" / f"{name}.zip") as archive:
        archive.extractall(target)
    return sorted(path for path in target.rglob("*") if path.suffix.lower() in (".mid", ".midi"))


def _fastest(files: Sequence[Path], kinds: Sequence[Kind[Any]]) -> Counter[str]:
    """CPU milliseconds per file of every stage, in the fastest of some rounds; the first round warms up."""
    _round(files[:20], kinds)
    rounds = [_round(files, kinds) for _ in range(REPEATS)]
    fastest = min(rounds, key=lambda spent: sum(spent.values()))
    return Counter({stage: 1e3 * seconds / len(files) for stage, seconds in fastest.items()})


def _round(files: Iterable[Path], kinds: Sequence[Kind[Any]]) -> Counter[str]:
    """CPU seconds of every stage: parse, ready (pedal and grids), and each kind's extraction and ids."""
    from antiphon import io

    spent: Counter[str] = Counter()
    for file in files:
        score = _timed(spent, "parse", lambda file=file: io.load(file))
        _one(score, kinds, spent)
    return spent


def _one(score: Score, kinds: Sequence[Kind[Any]], spent: Counter[str]) -> None:
    from antiphon.score.pedal import sustained
    from antiphon.score.quantize import quantize

    ready: dict[Any, Any] = {}
    for kind in kinds:
        options = kind.extractor.options()
        reading = kind.extractor.reading(options, STEPS_PER_QUARTER)
        if reading not in ready:
            ready[reading] = _timed(
                spent, "ready", lambda r=reading: quantize(sustained(score) if r.pedal else score, r.grid)
            )
        grid = ready[reading]
        _timed(
            spent,
            kind.name,
            lambda k=kind, g=grid, o=options: [k.encode(s) for s in k.extractor.extract(g, o).sequences],
        )


def _timed(spent: Counter[str], stage: str, work: Callable[[], Any]) -> Any:
    started = time.process_time()
    result = work()
    spent[stage] += time.process_time() - started
    return result


if __name__ == "__main__":
    print(*(row.markdown() for row in measure()), sep="\n")
