"""Alters the files of a training run by chance, each under four verbs, and counts how that ends.

    python benchmarks/altered_runs.py -n 500

A command does its work, or says in one line what is wrong with the run; see `hostile_bundles.py`, whose
bounds these have.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import struct
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hostile import forked
from hostile.archives import ODD
from hostile.forked import Outcome
from hostile_bundles import Trial, made_corpus

VERBS = ("compare", "export", "evaluate", "train")
_SETTINGS = {
    "net.layers": "12,12",
    "training.batch_size": "8",
    "training.max_steps": "4",
    "training.evaluate_every": "2",
}
_LINES = (
    "", "{", "[]", "null", '{"step": 1}', '{"step": NaN, "kind": "train"}', '{"step": "1", "kind": "train"}',
    '{"step": 2, "kind": "validation", "nll_per_step": "x", "elapsed_s": 1}', '{"step": 2, "kind": "train"}',
    '{"step": 1e400, "kind": "train", "loss": 1, "elapsed_s": 1}', "\ud7ff\x00\x1b[2J",
)  # fmt: skip


class AlteredRuns(Trial):
    """Runs instead of bundles."""

    def prepare(self) -> None:
        """Train the run that is altered, and leave it with steps to go."""
        from antiphon.train.run import train

        values = {**_SETTINGS, "training.max_steps": "8"}
        for name, changes in (("whole", _SETTINGS), ("longer", values)):
            train(
                "melody/lookback", self.corpus, self.folder / name, changes=changes, device="cpu", threads=1
            )
        about = json.loads((self.folder / "longer" / "run.json").read_text())
        (self.folder / "whole" / "run.json").write_text(json.dumps(about))
        self._unend(self.folder / "whole" / "last.safetensors")

    @staticmethod
    def _unend(path: Path) -> None:
        """As if training had been stopped where it ended."""
        header, data = _split(path.read_bytes())
        facts = json.loads(header["__metadata__"]["antiphon"])
        header["__metadata__"]["antiphon"] = json.dumps({**facts, "ended": ""})
        path.write_bytes(_joined(header, data))

    def alter(self, rng: random.Random, verbs: Sequence[str] = VERBS) -> list[Outcome]:
        """What each verb makes of a run that is altered by `rng`."""
        file, how = rng.choice(
            (("run.json", _of_json), ("run.json", _of_json), ("metrics.jsonl", _of_lines),
             ("last.safetensors", _of_header),
             ("best.safetensors", _of_header), ("last.safetensors", _damaged), ("best.safetensors", _damaged),
             ("run.json", _damaged), ("metrics.jsonl", _damaged))
        )  # fmt: skip
        altered = how((self.folder / "whole" / file).read_bytes(), rng)
        found = []
        for verb in verbs:
            out = self.folder / "out"
            shutil.rmtree(out, ignore_errors=True)
            shutil.copytree(self.folder / "whole", out / "run")
            (out / "run" / file).write_bytes(altered)
            outcome = forked.run(self._run_words(verb, out), [self.corpus, out], out)
            self._note(f"{file} {how.__name__} {rng.random():.3f}", verb, outcome)
            found.append(outcome)
        return found

    def _run_words(self, verb: str, out: Path) -> list[str]:
        run, corpus = str(out / "run"), str(self.corpus)
        values = [f"{name}={value}" for name, value in _SETTINGS.items() if name != "training.max_steps"]
        settings = [word for value in values for word in ("--set", value)]
        return {
            "compare": ["compare", run, "--json"],
            "export": ["export", run, "-o", str(out / "made.antiphon")],
            "evaluate": ["evaluate", run, "--corpus", corpus],
            "train": ["train", "melody/lookback", "--corpus", corpus, "-o", run, "--steps", "8", "--device",
                      "cpu", "--threads", "1", *settings],
        }[verb]  # fmt: skip


def _of_json(data: bytes, rng: random.Random) -> bytes:
    facts = json.loads(data)
    for _ in range(rng.choice((1, 1, 2))):
        inner, keys = facts, []
        while True:
            keys = [*inner] if isinstance(inner, dict) else [*range(min(3, len(inner)))]
            key: Any = rng.choice(keys)
            if isinstance(inner[key], dict | list) and inner[key] and rng.random() < 0.7:
                inner = inner[key]
                continue
            break
        if rng.random() < 0.2:
            del inner[key]
        else:
            inner[key] = rng.choice(ODD)
        if not facts:
            break
    return json.dumps(facts).encode()


def _of_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.decode().splitlines()
    for _ in range(rng.choice((1, 2, 5))):
        line = rng.choice((*_LINES, rng.choice(lines)[: rng.randrange(200)]))
        lines.insert(rng.randrange(len(lines) + 1), line)
    text = "\n".join(lines) + rng.choice(("\n", ""))
    return text.encode(rng.choice(("utf-8", "utf-8", "utf-16")))


def _of_header(data: bytes, rng: random.Random) -> bytes:
    header, values = _split(data)
    name = rng.choice([name for name in header if name != "__metadata__"])
    entry, kind = header[name], rng.randrange(6)
    if kind == 0:
        entry["dtype"] = rng.choice(("F16", "F64", "BF16", "I64", "BOOL", "I32", "nope", None))
    elif kind == 1:
        entry["shape"] = rng.choice(
            ([], [0], [-1], [1 << 62], [*entry["shape"], 1], entry["shape"][::-1], "x")
        )
    elif kind == 2:
        header[rng.choice(("adam.step.x", "net.x", "adam.evil.output.bias", "x", ""))] = header.pop(name)
    elif kind == 3:
        del header[name]
    else:
        facts = json.loads(header["__metadata__"]["antiphon"])
        facts[rng.choice([*facts, "new"])] = rng.choice(ODD)
        header["__metadata__"]["antiphon"] = rng.choice(
            (json.dumps(facts), json.dumps(facts), "", "[]", "NaN")
        )
    return _joined(header, values)


def _damaged(data: bytes, rng: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(rng.choice((1, 5, 50))):
        found[rng.randrange(len(found))] = rng.randrange(256)
    return bytes(found[: rng.randrange(len(found))] if rng.random() < 0.4 else found)


def _split(data: bytes) -> tuple[dict[str, Any], bytes]:
    (size,) = struct.unpack_from("<Q", data)
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def _joined(header: dict[str, Any], data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", "--number", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="altered-") as name:
        folder = Path(name).resolve()
        trial = AlteredRuns(folder, made_corpus(folder))
        forked.preload()
        trial.prepare()
        for number in range(options.number):
            trial.alter(random.Random(f"{options.seed}:{number}"))
        return trial.report()


if __name__ == "__main__":
    sys.exit(main())
