"""Is anything lost or left over when a command is killed? Kills at random moments, and runs again.

    python benchmarks/kills.py [COMMAND ...] [-n 200] [--seed 0]

Every other time the whole group of processes is killed, else the first process alone. Right after it no file
stands in part under its name, and what was there before is there; no process goes on. The same command once
more succeeds, gives what an undisturbed one gives, and leaves no temporary file. Exits 1 where anything is
otherwise. Needs Linux.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from harm import workbench
from harm.processes import Running
from harm.workbench import Command, Workbench, command, differences, losses, scratch

_KINDS = "--for melody,performance,polyphony --workers 2 -o corpus"
COMMANDS = {
    found.name: found
    for found in (
        replace(
            workbench.COMMANDS["corpus build"],
            words=workbench.typed(f"corpus build ../material/tunes {_KINDS}"),
            before=workbench.typed(f"corpus build ../material/few {_KINDS}"),
        ),
        replace(
            workbench.COMMANDS["train"], words=workbench.typed(f"{workbench.TRAIN} --processes 2 -o run")
        ),
        workbench.COMMANDS["export"],
        command(
            "generate",
            "generate --bundle ../material/tiny.antiphon -n 20 --bars 2 --seed 1 -o made",
            "made",
            "generate --bundle ../material/tiny.antiphon -n 20 --bars 2 --seed 2 -o made",
            material=("tiny.antiphon",),
        ),
        workbench.COMMANDS["convert"],
        command(
            "arrange",
            "arrange ../material/few/tune_00.mid --form AAAA --drums rock -o made.mid",
            "made.mid",
            "arrange ../material/few/tune_01.mid -o made.mid",
            material=("few",),
        ),
        command(
            "render",
            "render ../material/few/tune_00.mid --synth own -o made.flac",
            "made.flac",
            "render ../material/few/tune_01.mid --synth own -o made.flac",
            material=("few",),
        ),
        command(
            "corpus select",
            "corpus select ../material/corpus --where tempo>=100 -o chosen",
            "chosen",
            gone=frozenset({"corpus.json"}),
            material=("corpus",),
        ),
    )
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commands", nargs="*", default=list(COMMANDS), metavar="COMMAND")
    parser.add_argument("-n", "--number", type=int, default=200, help="kills, of all commands together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to work (default: in memory, where that can be)")
    options = parser.parse_args()
    with scratch(options.folder) as root:
        counts = killed(options.commands, options.number, options.seed, Workbench(root))
    print(", ".join(f"{number} {what}" for what, number in sorted(counts.items())))
    return int(counts["wrong"] > 0)


def killed(names: list[str], number: int, seed: int, bench: Workbench) -> Counter[str]:
    """Counts of what became of so many kills of the commands, which take turns."""
    rng, counts, durations = random.Random(seed), Counter[str](), {}
    for trial in range(number):
        chosen = COMMANDS[names[trial % len(names)]]
        if chosen.name not in durations:
            durations[chosen.name] = _duration(chosen, bench)
        after, alone = rng.uniform(0.1, 1.0) * durations[chosen.name], bool(trial // len(names) % 2)
        was_killed, wrong = kill(chosen, after, alone, bench)
        counts["killed" if was_killed else "ended before the kill"] += 1
        counts["wrong"] += bool(wrong)
        if wrong:
            print(
                f"{chosen.name}, {'alone' if alone else 'group'}, {after:.2f} s: {'; '.join(wrong)}",
                flush=True,
            )
    return counts


def kill(command: Command, after: float, alone: bool, bench: Workbench) -> tuple[bool, list[str]]:
    """Whether a command was killed `after` seconds, before it ended, and what is wrong then and later."""
    folder = bench.prepare(command)
    running = Running(command.words, folder)
    was_killed = running.kill_after(after, alone=alone)
    wrong = [f"process {pid} goes on" for pid in running.orphans()]
    wrong += losses(command, folder, bench)
    again = bench.run(command.words, folder, right=False)
    if again.returncode:
        wrong.append(f"again: exit {again.returncode}: {again.stderr[-300:].strip()}")
    return was_killed, wrong + [f"again: {what}" for what in differences(command, folder, bench)]


def _duration(command: Command, bench: Workbench) -> float:
    """Seconds that it takes undisturbed."""
    folder = bench.prepare(command)
    begin = time.monotonic()
    bench.run(command.words, folder)
    return time.monotonic() - begin


if __name__ == "__main__":
    sys.exit(main())
