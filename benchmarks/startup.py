"""How long the command line takes to say its help, beside a bare Python."""

from __future__ import annotations

import sys

from rows import Row, command, run


def measure() -> list[Row]:
    bare = run([sys.executable, "-c", "pass"], repeats=5)
    usage = run([command(), "--help"], repeats=5)
    light = run([sys.executable, "-c", "import antiphon"], repeats=5)
    return [
        Row(
            "`antiphon --help`",
            usage.wall_s,
            "s",
            0.3,
            beside=f"{usage.wall_s / bare.wall_s:.1f} x bare Python",
        ),
        Row("`import antiphon`", light.wall_s - bare.wall_s, "s", 0.15, beside="beyond bare Python"),
    ]


if __name__ == "__main__":
    print(*(row.markdown() for row in measure()), sep="\n")
