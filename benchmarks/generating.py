"""Cold generation through the real command."""

from __future__ import annotations

import tempfile
from pathlib import Path

from rows import Row, command, run

TEN = ["generate", "melody", "-n", "10", "--steps", "128", "--seed", "1"]
ORIGINAL_S = 6.0  # `melody_rnn_generate` from a bundle, the same ten melodies, on a machine of this kind


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        usage = run([command(), *TEN, "-o", str(Path(folder) / "ten")])
        more = run(
            [command(), "generate", "melody", "-n", "32", "--steps", "128", "-o", str(Path(folder) / "more")]
        )
    ratio = f"{ORIGINAL_S / usage.wall_s:.1f} x faster than the original's 6.0 s"
    return [
        Row("`generate melody -n 10 --steps 128`, cold", usage.wall_s, "s", 1.0, beside=ratio),
        Row("the same, peak memory", usage.peak_mb, "MB", 300),
        Row("`generate melody -n 32 --steps 128`, cold", more.wall_s, "s", 2.0),
    ]


if __name__ == "__main__":
    print(*(row.markdown() for row in measure()), sep="\n")
