"""Optimiser steps per second of a recipe's net, and how often faster than plain autograd over the same
recurrence.

    python benchmarks/training.py [--recipe melody/attention] [--layers 64,64] [--batch 64] [--length 511]

Random melodies (an onset on every fourth step, 16 steps per bar); the time does not depend on what they are.
Prints steps per second (median of single steps), peak memory of the process, and the ratio, all in one run.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import statistics
import time
from dataclasses import dataclass
from unittest.mock import patch

import torch
from rows import Row

from antiphon import nets, recipes
from antiphon.nets.attention import AttentionCell


def melodies(batch: int, length: int) -> nets.EventBatch:
    """Random melodies as `EventModel.loss` wants them."""
    generator = torch.Generator().manual_seed(0)
    onsets = torch.randint(50, 86, (batch, length), generator=generator)
    events = torch.where(torch.arange(length) % 4 == 0, onsets, 0)[..., None]
    place = torch.stack([torch.arange(length) % 16, torch.full((length,), 16)], -1)
    return nets.EventBatch(events, torch.full((batch,), length), place.expand(batch, -1, -1).contiguous())


def step_seconds(model: nets.EventModel, batch: nets.EventBatch, n: int) -> float:
    """Median seconds of `n` optimiser steps, after one to warm up."""
    adam = torch.optim.Adam(model.parameters())
    times = []
    for _ in range(n + 1):
        begin = time.perf_counter()
        adam.zero_grad(set_to_none=True)
        model.loss(batch).total.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 3.0)
        adam.step()
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@dataclass(frozen=True)
class Measured:
    """Steps per second of ours and, where the net has that way too, of plain autograd; peak MiB of ours."""

    rate: float
    peak_mib: float
    plain_rate: float | None


def train(recipe_name: str, layers: str, batch: int, length: int, threads: int, steps: int) -> Measured:
    """Optimiser steps of a recipe's net on random melodies; attention's also by plain autograd, after."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    recipe = recipes.find(recipe_name).with_values({"net.layers": layers})
    model, given = nets.build(recipe), melodies(batch, length)
    rate, peak = 1 / step_seconds(model, given, steps), peak_mib()
    if not isinstance(recipe.net, recipes.Attention):
        return Measured(rate, peak, None)
    with patch.object(AttentionCell, "sequence", AttentionCell.unrolled):
        return Measured(rate, peak, 1 / step_seconds(model, given, max(1, steps // 2)))


def measure() -> list[Row]:
    """Attention 64 x 64, 64 melodies of 511 steps, two threads, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        got = pool.apply(train, ("melody/attention", "64,64", 64, 511, 2, 8))
    beside = f"{got.rate / (got.plain_rate or got.rate):.1f} x plain autograd; original: 1.1"
    return [
        Row("training attention 64 x 64, batch 64 x 511", got.rate, "steps/s", 2.0, "higher", beside),
        Row("the same, peak memory", got.peak_mib * 1.048576, "MB", 1000, beside="original: 1,800 MB"),
    ]


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
    got = train(asked.recipe, asked.layers, asked.batch, asked.length, asked.threads, asked.steps)
    print(
        f"{asked.recipe} [{asked.layers}], batch {asked.batch}, {asked.length} steps, {asked.threads} threads"
    )
    print(f"  {got.rate:.2f} steps/s, peak {got.peak_mib:.0f} MiB")
    if got.plain_rate:
        print(f"  plain autograd: {got.plain_rate:.2f} steps/s; ratio {got.rate / got.plain_rate:.2f}")


if __name__ == "__main__":
    main()
