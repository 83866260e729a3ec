"""Batches: sequences of a corpus as a recipe sees them, cut, gathered by length and padded.

Which melody stands in which batch, and how it is transposed, follows from (seed, epoch, sequence) alone, so
that training can be taken up at any batch of any epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon import codecs
from antiphon.data.corpus import Corpus
from antiphon.errors import CorpusError, EmptyError
from antiphon.recipes import MAX_STEPS_PER_BAR, Recipe
from antiphon.score.notes import Int

_BIN = 32
"""Lengths, in steps, that are alike enough to be shuffled among each other."""


@dataclass(frozen=True, eq=False)
class Batch:
    """B sequences padded with id 0 to the longest, T."""

    events: Int
    """Ids [B, T] in the recipe's view."""
    lengths: Int
    """Events that count, [B]."""
    steps_per_bar: Int
    """[B]."""
    start_in_bar: Int
    """Step of the bar that event 0 falls on, [B]."""
    sequences: Int
    """Index in the corpus, [B]."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Stretches of sequences, one a training example: `sequence` (index), events [`begin`, `end`); int64
    [E] each."""

    sequence: Int
    begin: Int
    end: Int

    def __len__(self) -> int:
        return len(self.sequence)

    def take(self, rows: Int) -> Examples:
        """The examples at `rows`."""
        return Examples(self.sequence[rows], self.begin[rows], self.end[rows])


def usable(corpus: Corpus, indices: Int) -> Int:
    """Those of `indices` that a net can take: bars of at most `MAX_STEPS_PER_BAR` steps. The rest is left
    out."""
    return indices[corpus.steps_per_bars[indices] <= MAX_STEPS_PER_BAR]


def n_batches(corpus: Corpus, indices: Int, recipe: Recipe) -> int:
    """Batches that `epoch` yields."""
    return -(
        -len(_cut(corpus, usable(corpus, indices), recipe.training.max_length)) // recipe.training.batch_size
    )


def epoch(
    corpus: Corpus,
    indices: Int,
    recipe: Recipe,
    *,
    seed: int,
    epoch: int,
    shuffle: bool = True,
    start: int = 0,
) -> Iterator[Batch]:
    """One pass over the sequences `indices`, from batch `start` on.

    Each is transposed by an interval drawn from `recipe.training.transpose`, moved into the recipe's view
    and cut into stretches of at most `max_length` steps that begin at bar lines (of a bar longer than that,
    anywhere). Sequences of similar length share a batch; `shuffle` draws which, and the order of the
    batches. Raises `CorpusError` where corpus and recipe do not fit, `EmptyError` where nothing is left to
    train on.
    """
    check(corpus, recipe)
    examples = _cut(corpus, usable(corpus, indices), recipe.training.max_length)
    if not len(examples):
        raise EmptyError(
            f"None of {len(indices)} sequences can be trained on; bars of more than {MAX_STEPS_PER_BAR} "
            "steps are too long."
        )
    moved = _draw(seed, epoch, 0, corpus.n, *recipe.training.transpose)
    batches = _batches(examples, recipe.training.batch_size, (seed, epoch) if shuffle else None)
    return (_gather(corpus, examples.take(rows), recipe, moved) for rows in batches[start:])


def whole(corpus: Corpus, indices: Int, recipe: Recipe, batch_size: int = 64) -> Iterator[Batch]:
    """The sequences `indices`, each once, whole and untransposed in the recipe's view, ordered by length,
    to evaluate.

    Raises `CorpusError` where corpus and recipe do not fit.
    """
    check(corpus, recipe)
    indices = usable(corpus, indices)
    order = indices[np.argsort(corpus.lengths[indices], kind="stable")]
    examples = Examples(order, np.zeros(len(order), np.int64), corpus.lengths[order])
    still = np.zeros(corpus.n, np.int64)
    rows = np.arange(len(examples))
    cuts = range(0, len(rows), batch_size)
    return (_gather(corpus, examples.take(rows[cut : cut + batch_size]), recipe, still) for cut in cuts)


def opening(corpus: Corpus, recipe: Recipe) -> npt.NDArray[np.float64]:
    """How often each event begins a sequence of the training split in the recipe's view: float64 [V], sums
    to 1."""
    check(corpus, recipe)
    family = codecs.family(recipe.family)
    chosen = usable(corpus, corpus.split("train"))
    return family.opening(family.to_view(corpus.ids(index), recipe.view).ids for index in chosen.tolist())


def check(corpus: Corpus, recipe: Recipe) -> None:
    """Raises `CorpusError` unless a model of `recipe` can learn from `corpus`."""
    if corpus.kind != recipe.family:
        raise CorpusError(
            f"'{corpus.folder}' holds sequences of the kind '{corpus.kind}'; '{recipe.name}' learns from "
            f"'{recipe.family}': build one with --for {recipe.family}."
        )
    if corpus.steps_per_quarter != recipe.view.steps_per_quarter:
        raise CorpusError(
            f"'{corpus.folder}' has {corpus.steps_per_quarter} steps a quarter, '{recipe.name}' wants "
            f"{recipe.view.steps_per_quarter}: build it with --steps-per-quarter, or set "
            "view.steps_per_quarter."
        )


def _cut(corpus: Corpus, indices: Int, max_length: int) -> Examples:
    """Every sequence of `indices` in stretches of at most `max_length`, from bar line to bar line; none of
    one event."""
    bar, length = corpus.steps_per_bars[indices], corpus.lengths[indices]
    fits = bar <= max_length
    stride = np.where(fits, max_length // bar * bar, max_length)
    lead = np.where(fits, corpus.table["start_in_bar"][indices].astype(np.int64) % bar, 0)
    n = np.where(length <= max_length, 1, -(-(length + lead) // stride))
    row = np.repeat(np.arange(len(indices)), n)
    number = np.arange(len(row)) - np.repeat(np.cumsum(n) - n, n)
    begin = np.maximum(number * stride[row] - lead[row], 0)
    end = np.where(n[row] == 1, length[row], np.minimum((number + 1) * stride[row] - lead[row], length[row]))
    return Examples(indices[row], begin, end).take(np.flatnonzero(end - begin > 1))


def _batches(examples: Examples, size: int, draw: tuple[int, int] | None) -> Sequence[Int]:
    """Rows of every batch, of examples of similar length."""
    bins = (examples.end - examples.begin) // _BIN
    if draw is None:
        order = np.argsort(bins, kind="stable")
        return [order[cut : cut + size] for cut in range(0, len(order), size)]
    order = np.lexsort((_raw(*draw, 1, len(bins)), bins))
    batches = [order[cut : cut + size] for cut in range(0, len(order), size)]
    return [batches[place] for place in np.argsort(_raw(*draw, 2, len(batches)), kind="stable")]


def _gather(corpus: Corpus, examples: Examples, recipe: Recipe, moved: Int) -> Batch:
    """The batch of these examples; `moved` are the semitones of each sequence of the corpus."""
    family = codecs.family(recipe.family)
    lengths = examples.end - examples.begin
    events = np.zeros((len(examples), int(lengths.max(initial=0))), np.int64)
    stretches = zip(examples.sequence.tolist(), examples.begin.tolist(), examples.end.tolist(), strict=True)
    for row, (sequence, begin, end) in enumerate(stretches):
        ids: npt.NDArray[Any] = corpus.ids(sequence)
        ids = family.transpose(ids, int(moved[sequence])) if moved[sequence] else ids
        seen = family.to_view(ids, recipe.view).ids
        events[row, : end - begin] = family.excerpt(seen, begin, end) if begin else seen[:end]
    bar = corpus.steps_per_bars[examples.sequence]
    start = (corpus.table["start_in_bar"][examples.sequence] + examples.begin) % bar
    return Batch(events, lengths, bar, start, examples.sequence)


def _draw(seed: int, epoch: int, stream: int, n: int, low: int, high: int) -> Int:
    """n integers from `low` to `high`, both included; the i-th depends on (seed, epoch, stream, i) only."""
    span = np.uint64(max(high - low, 0) + 1)
    return low + ((_raw(seed, epoch, stream, n) >> np.uint64(32)) * span >> np.uint64(32)).astype(np.int64)


def _raw(seed: int, epoch: int, stream: int, n: int) -> npt.NDArray[np.uint64]:
    """n numbers of 64 random bits from a counter-based generator (Philox 4x64; Salmon et al., 2011)."""
    key = np.array([seed % 2**64, epoch % 2**64], np.uint64)
    return np.random.Philox(key=key, counter=[0, 0, 0, stream]).random_raw(n)
