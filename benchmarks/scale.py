"""A build over many files: speed and memory while it runs, in a folder of real tunes changed at random.

    python benchmarks/scale.py WORK 100000 --sources FOLDER... --kinds melody,drums,polyphony

writes WORK/music (N files, kept for the next time), WORK/corpus, WORK/memory.tsv (a row per second: seconds,
pieces done, MiB of the main process, of its largest worker, of all) and prints the rest.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil

MIB = 1 << 20
SUFFIXES = (".mid", ".midi", ".abc")
A_FOLDER = 1000
"""Files in one folder of the made ones."""


def main() -> None:
    arguments = _arguments()
    music = arguments.work / "music"
    made = make(music, arguments.n, arguments.sources)
    print(f"{made} files made, {arguments.n} in all")
    out = arguments.work / "corpus"
    shutil.rmtree(out, ignore_errors=True)
    started = time.monotonic()
    rows = watch(command(music, out, arguments), arguments.work / "memory.tsv")
    tell(rows, time.monotonic() - started, out, arguments.n)


def make(folder: Path, n: int, sources: list[Path]) -> int:
    """Fill `folder` up to `n` files; how many were missing. File i is the same whatever n is."""
    from antiphon import io

    pieces = [place for source in sources for place in _pieces(source)]
    scores = {}
    made = 0
    for number in range(n):
        path = folder / f"{number // A_FOLDER:04d}" / f"tune {number:06d}.mid"
        if path.exists():
            continue
        rng = np.random.default_rng([3, number])
        place = pieces[rng.integers(len(pieces))]
        if place not in scores:
            scores[place] = _loaded(place)
        path.parent.mkdir(parents=True, exist_ok=True)
        io.save(changed(scores[place], rng), path)
        made += 1
    return made


def changed(score, rng):
    """`score` in another key, with a few to half of its notes moved: some are duplicates, some new."""
    notes = score.notes
    pitch = notes.pitch.astype(np.int64)
    share = rng.choice([0.0, 0.02, 0.1, 0.5])
    hit = rng.random(len(pitch)) < share
    pitch = pitch + rng.integers(-6, 6) + hit * rng.integers(-5, 6, len(pitch))
    pitch = np.where(notes.is_drum, notes.pitch, np.clip(pitch, 0, 127))
    return score.replace(notes=notes.replace(pitch=pitch))


def _pieces(source: Path) -> list:
    from antiphon import io

    files = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES)
    return [place for path in files for place in io.places(path) if _loaded(place) is not None]


def _loaded(place):
    """The score, or None where it cannot be read or has hardly a note."""
    from antiphon import io
    from antiphon.errors import AntiphonError

    try:
        score = io.load(place)
    except AntiphonError:
        return None
    return score if len(score.notes) > 20 else None


def command(music: Path, out: Path, arguments: argparse.Namespace) -> list[str]:
    """A process that builds, and prints how many pieces are done."""
    program = (
        "import sys\n"
        "from antiphon.data.build import build\n"
        "if __name__ == '__main__':\n"
        f"    build([{str(music)!r}], {str(out)!r}, kinds={tuple(arguments.kinds.split(','))!r},\n"
        f"          workers={arguments.workers}, progress=lambda p: print(p.done, flush=True))\n"
    )
    path = arguments.work / "build.py"
    path.write_text(program)
    return [sys.executable, str(path)]


def watch(words: list[str], table: Path) -> list[tuple[float, int, float, float, float]]:
    """Run the build; a row per second: seconds, pieces done, MiB of the main process, of its largest child
    and of all."""
    said = table.with_suffix(".out")
    with said.open("w") as output:
        process = subprocess.Popen(words, stdout=output)
        rows, started = [], time.monotonic()
        while process.poll() is None:
            mine, theirs = memory(process.pid)
            row = (time.monotonic() - started, done(said), mine, max(theirs, default=0.0), mine + sum(theirs))
            rows.append(row)
            time.sleep(1.0)
    if process.returncode:
        raise SystemExit(f"the build ended with status {process.returncode}")
    lines = [
        "seconds\tdone\tmain_mib\tworker_mib\tall_mib",
        *("\t".join(f"{v:.1f}" for v in r) for r in rows),
    ]
    table.write_text("\n".join(lines) + "\n")
    return rows


def memory(pid: int) -> tuple[float, list[float]]:
    """MiB resident of a process, and of each of its children."""
    try:
        process = psutil.Process(pid)
        children = process.children(recursive=True)
        return process.memory_info().rss / MIB, [child.memory_info().rss / MIB for child in children]
    except psutil.NoSuchProcess:
        return 0.0, []


def done(said: Path) -> int:
    """The last number in the build's output."""
    with said.open("rb") as file:
        file.seek(max(0, said.stat().st_size - 64))
        numbers = [word for word in file.read().split(b"\n") if word.isdigit()]
    return int(numbers[-1]) if numbers else 0


def tell(rows: list[tuple[float, int, float, float, float]], seconds: float, out: Path, n: int) -> None:
    from antiphon.data.ledger import Ledger

    ledger = Ledger.read(out / "ledger.tsv")
    print(f"{n} files in {seconds:.1f} s, {n / seconds:.0f} a second; {dict(ledger.by_result)}")
    print(f"rows in the ledger: {len(ledger.entries)}")
    print(f"largest: main {max(r[2] for r in rows):.0f} MiB, worker {max(r[3] for r in rows):.0f} MiB")
    done_of, first = np.unique([row[1] for row in rows], return_index=True)
    time_of = np.array([row[0] for row in rows])[first]
    for tenth in range(10):
        low, high = n * tenth / 10, n * (tenth + 1) / 10
        begin, end = np.interp([low, high], done_of, time_of)
        if end > begin:
            print(f"tenth {tenth + 1:2}: {(high - low) / (end - begin):8.0f} files/s")
    print(f"after reading: {rows[-1][0] - time_of[-1]:.1f} s")
    for figure in rows[:: max(len(rows) // 10, 1)]:
        print("{:8.1f} s {:8.0f} done  main {:6.0f}  worker {:6.0f}  all {:6.0f} MiB".format(*figure))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("n", type=int)
    parser.add_argument("--sources", type=Path, nargs="+", required=True)
    parser.add_argument("--kinds", default="melody,drums,polyphony,pianoroll,performance,leadsheet")
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
