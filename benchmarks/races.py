"""Two commands that write at the same place at the same time: is what stands there the work of one of them?

    python benchmarks/races.py [COMMAND ...] [-n 50] [--seed 0]

The second begins at a random moment of the first. Each succeeds, after waiting where need be, or is refused
in one line that names the place and another process; and what stands there in the end is what one of them
makes alone. Exits 1 where anything is otherwise. Needs Linux.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from harm.processes import Running
from harm.workbench import TRAIN, Workbench, contents, leftovers, scratch, typed

_GENERATE = "generate --bundle ../material/tiny.antiphon -n 8 --bars 2 -o made"
PAIRS = {
    "corpus build": (
        "corpus build ../material/tunes -o made --workers 1",
        "corpus build ../material/others -o made --workers 1",
        ("tunes", "others"),
    ),
    "generate": (f"{_GENERATE} --seed 1", f"{_GENERATE} --seed 2", ("tiny.antiphon",)),
    "convert": (
        "convert ../material/few made/ --to musicxml",
        "convert ../material/others made/ --to musicxml",
        ("few", "others"),
    ),
    "train": (
        f"{TRAIN} --processes 1 -o made",
        f"{TRAIN} --processes 1 -o made --seed 5",
        ("corpus",),
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commands", nargs="*", default=list(PAIRS), metavar="COMMAND")
    parser.add_argument("-n", "--number", type=int, default=50, help="races of each command")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to work (default: in memory, where that can be)")
    options = parser.parse_args()
    wrong = 0
    with scratch(options.folder) as root:
        for name in options.commands:
            counts = raced(name, options.number, options.seed, Workbench(root))
            print(f"{name}: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())), flush=True)
            wrong += counts["wrong"]
    return int(wrong > 0)


def raced(name: str, number: int, seed: int, bench: Workbench) -> Counter[str]:
    """Counts of what became of so many races of a pair of commands."""
    one, two, material = PAIRS[name]
    bench.need(*material)
    rng, counts = random.Random(seed), Counter[str]()
    alone, took = [], 0.0
    for words in (one, two):
        folder, begin = bench.stage(), time.monotonic()
        bench.run(typed(words), folder)
        alone.append(contents(folder / "made"))
        took = time.monotonic() - begin
    for _ in range(number):
        pair = rng.sample((one, two), 2)
        what, wrong = race(pair, rng.uniform(0, took), bench)
        folder = bench.root / "stage0"
        if contents(folder / "made") not in alone:
            wrong.append("what is there is the work of neither")
        wrong += [f"'{path}' is left" for path in leftovers(folder)]
        counts[what] += 1
        counts["wrong"] += bool(wrong)
        if wrong:
            print(f"{name}: {'; '.join(wrong)}", flush=True)
    return counts


def race(pair: list[str], apart_s: float, bench: Workbench) -> tuple[str, list[str]]:
    """How two commands ended of which the second began `apart_s` later, and what is wrong with that."""
    folder = bench.stage()
    first = Running(typed(pair[0]), folder)
    time.sleep(apart_s)
    running = [first, Running(typed(pair[1]), folder)]
    said = [each.process.communicate()[1] for each in running]
    codes = [each.process.returncode for each in running]
    wrong = [] if 0 in codes else ["both failed"]
    for code, text in zip(codes, said, strict=True):
        last = (text.splitlines() or [""])[-1]
        is_refusal = (
            code == 1 and last.startswith("antiphon: ") and "made" in last and "Traceback" not in text
        )
        if code and not is_refusal:
            wrong.append(f"exit {code}: {text[-200:].strip()}")
    return ("both done" if codes == [0, 0] else "one refused"), wrong


if __name__ == "__main__":
    sys.exit(main())
