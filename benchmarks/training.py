"""Optimiser steps a second of a recipe's net, and how often faster than plain autograd over the same
recurrence.

    python benchmarks/training.py [--recipe melody/attention] [--layers 64,64] [--batch 64] [--length 511]

Random melodies (an onset on every fourth step, 16 steps a bar); the time does not depend on what they are.
Prints steps a second (median of single steps), peak memory of the process, and the ratio, all in one run.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from unittest.mock import patch

import torch

from antiphon import nets, recipes
from antiphon.nets.attention import AttentionCell


def melodies(batch: int, length: int) -> tuple[torch.Tensor, ...]:
    """Events, lengths, steps per bar and starts, as `EventModel.loss` wants them."""
    generator = torch.Generator().manual_seed(0)
    onsets = torch.randint(50, 86, (batch, length), generator=generator)
    events = torch.where(torch.arange(length) % 4 == 0, onsets, 0)
    return (
        events,
        torch.full((batch,), length),
        torch.full((batch,), 16),
        torch.zeros(batch, dtype=torch.int64),
    )


def step_seconds(model: nets.EventModel, batch: tuple[torch.Tensor, ...], n: int) -> float:
    """Median seconds of `n` optimiser steps, after one to warm up."""
    adam = torch.optim.Adam(model.parameters())
    times = []
    for _ in range(n + 1):
        begin = time.perf_counter()
        adam.zero_grad(set_to_none=True)
        model.loss(*batch).label_nll.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 3.0)
        adam.step()
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="melody/attention")
    parser.add_argument("--layers", default="64,64")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--length", type=int, default=511)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    torch.manual_seed(0)
    recipe = recipes.find(asked.recipe).with_values({"sizes.layers": asked.layers})
    model, batch = nets.build(recipe), melodies(asked.batch, asked.length)
    seconds = step_seconds(model, batch, asked.steps)
    print(
        f"{recipe.name} [{asked.layers}], batch {asked.batch}, {asked.length} steps, {asked.threads} threads"
    )
    print(f"  {1 / seconds:.2f} steps/s, peak {peak_mib():.0f} MiB")
    if recipe.net == "attention":
        with patch.object(AttentionCell, "sequence", AttentionCell.unrolled):
            plain = step_seconds(model, batch, max(1, asked.steps // 2))
        print(f"  plain autograd: {1 / plain:.2f} steps/s, peak {peak_mib():.0f} MiB")
        print(f"  ratio {plain / seconds:.2f}")


if __name__ == "__main__":
    main()
