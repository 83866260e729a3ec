"""Does any altered corpus end a command in anything but one line? Corpora whose files are changed in every
way that comes to mind, under every command that reads one.

    python benchmarks/altered_corpora.py [-n 1000] [--seed 0] [--at-once 2] [--verbs check,select,...]

A corpus of three kinds is built of made-up tunes; each trial copies it, alters one file or two (half of the
time with the checksums taken out of its manifest, as a stranger or an earlier version would write it), and
runs one command in a process of its own. Counts what became of them, by command; exits 1 where a process
ended in a traceback or by a signal, took more than 20 s or 1 GiB, or where `corpus check` passed an altered
file whose sum it has.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import pickle
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

LIMIT_S, LIMIT_BYTES = 20.0, 1 << 30
KINDS = ("melody", "drums", "performance")
VERBS = ("check", "inspect", "select", "build", "evaluate", "train")
SUMMED = ("events.npy", "table.npy")
_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 10**6, 10**12, 1 << 62, 10**30, 10**400, 1e308, -1e-320, float("nan"),
    float("inf"), "", "x", "../..", "a/b", "\0", "\x1b[2J", "\ud800", "x" * 100_000, [], [0], [[]], {},
    {"a": 1}, [None],
)  # fmt: skip
_ODD_LINES = (
    b"", b"\t" * 5, b"a\tb\tc\td\te\tf", b"x\t\tused\t9999999999999999999999\t\t", b"x" * 10**6, b"{}", b"[]",
    b"null", b"NaN", b'{"about":1,"facts":2}', b'{"about":{},"facts":{"tempo":"x"}}', b"[" * 10_000,
    b'{"about":{"title":["\\ud800"]},"facts":{}}', b"\xff\xfe\x00", b"\xef\xbb\xbf",
)  # fmt: skip


class _Bomb:
    """What would leave a trace where a pickle is loaded."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os._exit, (77,)


def make_corpus(folder: Path, n: int = 16) -> tuple[Path, Path]:
    """(sources, corpus) of `n` made-up tunes with drums, in `folder`."""
    from antiphon.data.build import build
    from antiphon.io import save
    from antiphon.score.notes import Notes
    from antiphon.score.score import Score

    music = folder / "music"
    for number in range(n):
        rng = np.random.default_rng([5, number])
        start = np.arange(0, 8 * 1920, 240)
        tune = Notes.of(start, start + 200, 60 + rng.integers(-7, 13, len(start)))
        beats = np.flatnonzero(rng.random(8 * 16) < 0.5) * 120
        drums = Notes.of(beats, beats + 60, rng.choice([36, 38, 42], len(beats)), is_drum=True, track=1)
        name = "".join("abcdefghij"[int(digit)] for digit in f"{number:04d}")
        save(Score(Notes.join([tune, drums]), title=f"reel of {name}"), music / f"reel of {name}town.mid")
    (music / "list.csv").write_text("file,style\n" + "".join(f"{p.name},jig\n" for p in music.glob("*.mid")))
    build([music], folder / "corpus", kinds=KINDS, workers=1, duplicates="keep")
    return music, folder / "corpus"


def alter(corpus: Path, rng: random.Random) -> list[str]:
    """Change one file of `corpus` or two; what was done, a line each, each beginning with the file's name."""
    kinds = [path.name for path in corpus.iterdir() if (path / "table.npy").is_file()]
    done = []
    if rng.random() < 0.5:
        _without_sums(corpus / "corpus.json")
        done.append("corpus.json: without sums")
    for _ in range(rng.choice((1, 1, 1, 2))):
        name = rng.choice(
            (
                "corpus.json",
                "corpus.json",
                "ledger.tsv",
                "pieces.jsonl",
                "events.npy",
                "table.npy",
                "table.npy",
            )
        )
        if name.endswith(".npy"):
            name = f"{rng.choice(kinds)}/{name}"
        path = corpus / name
        how = (
            _other_json if name == "corpus.json" else _other_array if name.endswith(".npy") else _other_lines
        )
        with contextlib.suppress(OSError, ValueError, EOFError, TypeError, KeyError):  # it was altered before
            done.append(f"{name}: {how(path, rng)}")
    return done


def _without_sums(path: Path) -> None:
    manifest = json.loads(path.read_text())
    manifest.pop("sha256", None)
    for about in manifest["kinds"].values():
        about.pop("sample", None)
    path.write_text(json.dumps(manifest))


def _other_json(path: Path, rng: random.Random) -> str:
    if rng.random() < 0.15:
        return _other_bytes(path, rng)
    value = json.loads(path.read_text())
    where = rng.choice([place for place in _places(value) if place])
    inner = value
    for step in where[:-1]:
        inner = inner[step]
    if rng.random() < 0.15:
        del inner[where[-1]]
        what = "gone"
    elif rng.random() < 0.1 and isinstance(inner, dict):
        inner[rng.choice(("../x", "", "\0", "x" * 300))] = inner.pop(where[-1])
        what = "renamed"
    else:
        inner[where[-1]] = rng.choice(_ODD)
        what = ascii(inner[where[-1]])[:20]
    path.write_text(json.dumps(value))
    return f"{'.'.join(map(str, where))} {what}"


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for name in value:
            yield from _places(value[name], (*path, name))
    elif isinstance(value, list):
        for number in range(min(len(value), 3)):
            yield from _places(value[number], (*path, number))


def _other_lines(path: Path, rng: random.Random) -> str:
    lines = path.read_bytes().split(b"\n")
    number, draw = rng.randrange(len(lines)), rng.random()
    if draw < 0.3:
        return _other_bytes(path, rng)
    if draw < 0.5:
        lines.insert(number, rng.choice(_ODD_LINES))
        what = "another line"
    elif draw < 0.6:
        lines[number] = lines[number] * 2 if rng.random() < 0.5 else lines[number].replace(b"\t", b" ", 1)
        what = "a joined line"
    elif draw < 0.7 or path.suffix != ".jsonl":
        del lines[number : number + rng.choice((1, 1, 5))]
        what = "lines gone"
    else:
        number = rng.randrange(len(lines) - 1)
        value = json.loads(lines[number])
        *before, last = rng.choice([place for place in _places(value) if place])
        inner = value
        for step in before:
            inner = inner[step]
        inner[last] = rng.choice(_ODD)
        lines[number] = json.dumps(value).encode()
        what = f"{last} {ascii(inner[last])[:20]}"
    path.write_bytes(b"\n".join(lines))
    return what


def _other_bytes(path: Path, rng: random.Random) -> str:
    data = bytearray(path.read_bytes())
    draw = rng.random()
    if draw < 0.35:
        path.write_bytes(data[: rng.randrange(len(data))])
        return "cut"
    if draw < 0.45:
        path.write_bytes(bytes(data).decode("utf-8", "replace").encode(rng.choice(("utf-16", "utf-8-sig"))))
        return "another encoding"
    for _ in range(rng.choice((1, 1, 5))):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(data)
    return "bytes"


def _other_array(path: Path, rng: random.Random) -> str:
    draw, array = rng.random(), np.load(path)
    if draw < 0.06:
        np.save(path, np.array([_Bomb()], dtype=object), allow_pickle=True)
        return "pickled objects"
    if draw < 0.1:
        path.write_bytes(pickle.dumps(_Bomb()))
        return "a pickle"
    if draw < 0.14:
        packed = io.BytesIO()
        np.savez(packed, a=array)
        path.write_bytes(packed.getvalue())
        return "an archive"
    if draw < 0.2:
        np.save(path, array.astype(">i2") if array.dtype.names is None else array[::-1])
        return "the other way round"
    if draw < 0.35:
        claim = rng.choice((10**12, -1, 0, len(array) + 1, 10**18, 1 << 63))
        data = path.read_bytes()
        path.write_bytes(re.sub(rb"'shape': \(\d+", b"'shape': (%d" % claim, data, count=1))
        return f"a shape of {claim}"
    if draw < 0.45:
        return _other_bytes(path, rng)
    array = array.copy()
    what = _other_cells(array, rng)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - array.nbytes] + array.tobytes())
    return what


def _other_cells(array: Any, rng: random.Random) -> str:
    if array.dtype.names is None:
        flat = array.reshape(-1)
        for _ in range(rng.choice((1, 1, 20))):
            flat[rng.randrange(len(flat))] = rng.choice((-32768, 32767, -1, 130, 129, 2, 200, 0, 1))
        return "ids"
    name = rng.choice(array.dtype.names)
    bounds = np.iinfo(array.dtype[name])
    rows = [rng.randrange(len(array))] if rng.random() < 0.7 else range(len(array))
    for row in rows:
        array[name][row] = rng.choice((bounds.min, bounds.max, -1, 0, 1, 3, 128, 10_000))
    return f"cells of {name}"


@dataclass
class Trial:
    """One command on one altered corpus."""

    number: int
    verb: str
    done: list[str]
    work: Path
    started: float = field(default_factory=time.monotonic)

    @property
    def must_be_noticed(self) -> bool:
        """Whether the change is to a file that the manifest has a sum of."""
        summed = SUMMED if any("without sums" in line for line in self.done) else (*SUMMED, ".tsv", ".jsonl")
        names = {line.partition(": ")[0] for line in self.done}
        original = self.work.parent / "corpus"
        return not any(line.startswith("corpus.json:") and "sums" not in line for line in self.done) and any(
            name.endswith(summed)
            and (self.work / "corpus" / name).read_bytes() != (original / name).read_bytes()
            for name in names
        )


def words(verb: str, corpus: Path, music: Path, out: Path) -> list[str]:
    """The command line that reads `corpus`."""
    tiny = ("net.layers=8", "training.batch_size=4")
    settings = [word for setting in tiny for word in ("--set", setting)]
    kinds = ",".join(KINDS)
    return {
        "check": ["corpus", "check", str(corpus), "--sources"],
        "inspect": ["corpus", "inspect", str(corpus), "-o", str(out / "report.html")],
        "select": ["corpus", "select", str(corpus), "--where", "notes<2000", "-o", str(out / "part")],
        "build": ["corpus", "build", str(music), "-o", str(corpus), "--workers", "1", "--for", kinds],
        "evaluate": ["evaluate", "melody/basic", "--corpus", str(corpus), "--split", "all"],
        "train": ["train", "melody/basic", "--corpus", str(corpus), "-o", str(out / "run"), "--steps", "2",
                  "--device", "cpu", "--threads", "1", *settings],
    }[verb]  # fmt: skip


def _begin(trial: Trial, music: Path) -> int:
    """Run the command in a process of its own; its number."""
    pid = os.fork()
    if pid:
        return pid
    code = 98
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        log = os.open(trial.work / "stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.argv = ["antiphon", *words(trial.verb, trial.work / "corpus", music, trial.work)]
        code = _ended()
    finally:
        os._exit(code)


def _ended() -> int:
    from antiphon.cli.app import main

    try:
        main()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
        return 99
    finally:
        sys.stderr.flush()
    return 0


def _outcome(trial: Trial, status: int, peak_bytes: int, seconds: float) -> str:
    """'done' or 'refused'; anything else is a failure."""
    code = os.waitstatus_to_exitcode(status)
    said = (trial.work / "stderr").read_text(errors="replace")
    lines = [line for line in said.splitlines() if line.startswith("antiphon: ")]
    if seconds > LIMIT_S:
        return "TOO SLOW"
    if code < 0:
        return f"ENDED BY SIGNAL {-code}"
    if "Traceback (most recent call last)" in said or code >= 90:
        return "TRACEBACK"
    if peak_bytes > LIMIT_BYTES:
        return "TOO LARGE"
    if code == 0:
        return "ALTERED, NOT NOTICED" if trial.verb == "check" and trial.must_be_noticed else "done"
    return "refused" if len(lines) == 1 else "REFUSED IN OTHER THAN ONE LINE"


def _reaped(trials: dict[int, Trial]) -> Iterator[tuple[Trial, str]]:
    """Trials that have ended, and what became of them."""
    for pid, trial in list(trials.items()):
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        seconds = time.monotonic() - trial.started
        if not ended and seconds > LIMIT_S:
            os.killpg(pid, signal.SIGKILL)
            ended, status, usage = os.wait4(pid, 0)
        if ended:
            del trials[pid]
            yield trial, _outcome(trial, status, usage.ru_maxrss * 1024, seconds)


def run(number: int, seed: int, at_once: int, verbs: tuple[str, ...]) -> Counter[tuple[str, str]]:
    """Run the trials; how often each command came to what. Tells of every failure on stderr."""
    counts: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as name:
        music, corpus = make_corpus(Path(name))
        running: dict[int, Trial] = {}
        waiting = iter(range(number))
        while True:
            while len(running) < at_once and (trial_number := next(waiting, None)) is not None:
                rng = random.Random(f"{seed}:{trial_number}")
                work = Path(name) / f"trial{trial_number}"
                shutil.copytree(corpus, work / "corpus")
                trial = Trial(trial_number, rng.choice(verbs), alter(work / "corpus", rng), work)
                running[_begin(trial, music)] = trial
            if not running:
                return counts
            for trial, outcome in _reaped(running):
                counts[trial.verb, outcome] += 1
                if outcome[0].isupper():
                    said = (trial.work / "stderr").read_text(errors="replace")[-1500:]
                    print(f"{trial.number} {trial.verb} {trial.done}: {outcome}\n{said}", file=sys.stderr)
                shutil.rmtree(trial.work)
            time.sleep(0.002)


def _load_everything(verbs: tuple[str, ...]) -> None:
    """Import what the commands do, once for all of them."""
    import antiphon.cli.app
    import antiphon.data.check
    import antiphon.data.health
    import antiphon.data.select
    import antiphon.render.report
    import antiphon.runtime.player

    antiphon.cli.app._register()
    if "train" in verbs:
        import torch

        import antiphon.train.run

        torch.set_num_threads(1)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-n", "--number", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--verbs", default=",".join(VERBS))
    options = parser.parse_args()
    verbs = tuple(options.verbs.split(","))
    _load_everything(verbs)
    counts = run(options.number, options.seed, options.at_once, verbs)
    for (verb, outcome), n in sorted(counts.items()):
        print(f"{n:6d}  {verb:10} {outcome}")
    failures = sum(n for (_, outcome), n in counts.items() if outcome[0].isupper())
    print(f"{sum(counts.values())} altered corpora, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
