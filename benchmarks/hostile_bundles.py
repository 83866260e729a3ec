"""Opens bundles such as an attacker might send, each under five verbs, and counts how that ends.

    python benchmarks/hostile_bundles.py                  every attack
    python benchmarks/hostile_bundles.py --mutants 2000   altered by chance; --first goes on from one
    python benchmarks/hostile_bundles.py --traced         what onnxruntime opens by itself, told by strace

A bundle is played, or refused in one line; within 20 s of computing and 1 GB beyond what the process had;
and nothing is read but the bundle, the installation and the corpus, nothing written but below the output.
Anything else is told, and the status is 1.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hostile import archives, forked, graphs, mutants
from hostile.forked import Outcome
from hostile.kit import packed

VERBS = ("models", "json", "generate", "evaluate", "train")
Attack = tuple[str, bytes]


@dataclass
class Trial:
    """Bundles opened in `folder`; `corpus` is what is evaluated and trained on."""

    folder: Path
    corpus: Path
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    largest: tuple[float, str] = (0.0, "")

    def open(self, name: str, data: bytes, verbs: Iterable[str] = VERBS) -> list[Outcome]:
        """What each verb makes of a bundle."""
        bundle = self.folder / "hostile.antiphon"
        bundle.write_bytes(data)
        found = []
        for verb in verbs:
            out = self.folder / "out"
            shutil.rmtree(out, ignore_errors=True)
            outcome = forked.run(self._words(verb, bundle, out), [bundle, self.corpus], out)
            self._note(name, verb, outcome)
            found.append(outcome)
        return found

    def _words(self, verb: str, bundle: Path, out: Path) -> list[str]:
        return {
            "models": ["models", str(bundle)],
            "json": ["models", "--json", str(bundle)],
            "generate": [
                "generate",
                "--bundle",
                str(bundle),
                "-n",
                "2",
                "--bars",
                "4",
                "--seed",
                "1",
                "-o",
                str(out),
            ],
            "evaluate": ["evaluate", str(bundle), "--corpus", str(self.corpus)],
            "train": [
                "train",
                "--from",
                str(bundle),
                "--corpus",
                str(self.corpus),
                "-o",
                str(out / "run"),
                "--steps",
                "2",
                "--set",
                "training.batch_size=4",
                "--device",
                "cpu",
                "--threads",
                "1",
            ],
        }[verb]

    def _note(self, name: str, verb: str, outcome: Outcome) -> None:
        self.counts[verb, outcome.kind] += 1
        self.slowest = max(self.slowest, (outcome.cpu_s, f"{verb}: {name}"))
        self.largest = max(self.largest, (outcome.peak_mb, f"{verb}: {name}"))
        if not outcome.right:
            said = " | ".join(outcome.said.strip().splitlines()[-6:])[-600:]
            self.wrong.append(f"{verb}: {name}: {outcome.kind}: {said}")
            print(self.wrong[-1], flush=True)

    def report(self) -> int:
        """Print the counts; 1 where anything went wrong."""
        for (verb, kind), count in sorted(self.counts.items()):
            print(f"{verb:10} {kind:30} {count:6}")
        (seconds, slow), (size, large) = self.slowest, self.largest
        print(f"slowest {seconds:.1f} s ({slow}), largest {size:.0f} MB ({large})")
        print(f"{len(self.wrong)} ended otherwise than they should")
        return 1 if self.wrong else 0


def attacks() -> Iterator[Attack]:
    """Every attack, by name."""
    for name, make in graphs.attacks():
        yield name, packed(make())
    for name, whole in archives.attacks():
        yield name, whole()


def made_corpus(folder: Path) -> Path:
    """A small corpus of made-up tunes."""
    import numpy as np

    from antiphon import io
    from antiphon.data.build import build
    from antiphon.extract.melody import Melody, to_score

    rng = np.random.default_rng(5)
    for number in range(30):
        tune = np.full(128, -2, np.int16)
        tune[::2] = rng.choice([60, 62, 64, 65, 67, 69, 71, 72], 64)
        (folder / "tunes").mkdir(parents=True, exist_ok=True)
        io.save(to_score(Melody(tune)), folder / "tunes" / f"{number:02}.mid")
    build([folder / "tunes"], folder / "corpus", workers=1)
    return folder / "corpus"


def traced(folder: Path, every: int) -> int:
    """Load every graph that reads elsewhere under strace; 1 where anything else than usual is opened."""
    usual, wrong = _opened(folder, "usual", packed(dict(graphs_members()))), 0
    chosen = [each for each in graphs.attacks() if each[0].startswith(("read ", "address ", "weight "))]
    for name, make in chosen[::every]:
        new = _opened(folder, name, packed(make())) - usual
        if new:
            wrong += 1
            print(f"{name}: opened {sorted(new)[:5]}")
    print(f"{len(chosen[::every])} traced, {wrong} opened what is outside")
    return 1 if wrong else 0


def graphs_members() -> dict[str, bytes]:
    """A bundle as we ship it."""
    from hostile.kit import members

    return members()


def _opened(folder: Path, name: str, data: bytes) -> set[str]:
    """The paths that are opened to play a bundle, and the addresses that are called."""
    bundle = folder / "traced.antiphon"
    bundle.write_bytes(data)
    code = (
        "import sys, antiphon\n"
        "try: antiphon.load(sys.argv[1]).generate(bars=1, seed=1)\n"
        "except antiphon.errors.AntiphonError: pass\n"
    )
    words = [
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=open,openat,connect",
        sys.executable,
        "-c",
        code,
        str(bundle),
    ]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stderr
    lines = [line for line in told.splitlines() if "(" in line and '"' in line]
    return {line.split('"')[1] for line in lines if "/proc/" not in line and ".pyc" not in line}


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutants", type=int, default=0, help="so many bundles altered by chance instead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the first mutant")
    parser.add_argument("--only", default="", help="attacks whose name has this in it")
    parser.add_argument("--every", type=int, default=1, help="each so many-th attack")
    parser.add_argument("--traced", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hostile-") as name:
        folder = Path(name).resolve()
        if options.traced:
            return traced(folder, options.every)
        trial = Trial(folder, made_corpus(folder))
        forked.preload()
        if options.mutants:
            for number in range(options.first, options.first + options.mutants):
                verbs = ("models", "generate", VERBS[3 + number % 2])
                trial.open(f"mutant {options.seed}:{number}", mutants.mutant(options.seed, number), verbs)
        else:
            chosen = [(n, make) for n, make in _makers() if options.only in n][:: options.every]
            print(f"{len(chosen)} attacks")
            for attack, make in chosen:
                trial.open(attack, make())
        return trial.report()


def _makers() -> Iterator[tuple[str, archives.Callable[[], bytes]]]:
    for name, make in graphs.attacks():
        yield name, lambda make=make: packed(make())
    yield from archives.attacks()


if __name__ == "__main__":
    sys.exit(main())
