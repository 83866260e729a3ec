"""Batches: training examples of a corpus, gathered by length and padded.

Which sequence stands in which batch, and how it is transposed, follows from (seed, epoch, sequence) alone, so
that training can be taken up at any batch of any epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from antiphon.arrays import Float32, Float64, Int64
from antiphon.codecs.families import Learned
from antiphon.data.corpus import Corpus
from antiphon.data.examples import Examples, bars_of, cut_into_examples, in_view, time_before
from antiphon.errors import CorpusError, EmptyError
from antiphon.recipes import MAX_STEPS_PER_BAR, Recipe

_BIN = 32
"""Lengths, in events, that are alike enough to be shuffled among each other."""


@dataclass(frozen=True, eq=False)
class Batch:
    """B sequences of F fields, padded with the default event to the longest, T."""

    events: Int64
    """Ids [B, T, F] in the recipe's view."""
    position: Int64
    """The step in its bar on which each event stands, and the steps of that bar, [B, T, 2]."""
    lengths: Int64
    """Events that count, [B]."""
    sequences: Int64
    """Index in the corpus, [B]."""
    control: Float32 | None = None
    """What each event is conditioned on, [B, T, C]."""
    value: Float32 | None = None
    """The continuous numbers that go with each event, [B, T, G]."""
    rows: Int64 | None = None
    """Which rows of a whole batch these are, [B]; None: all."""
    weight: float = 1.0
    """The scored events here per scored event of the whole batch."""

    @property
    def numbers(self) -> list[int]:
        """`rows`, counted out."""
        return list(range(len(self.lengths))) if self.rows is None else self.rows.tolist()

    def micro_batches(self, most: int) -> list[Batch]:
        """The same rows in the fewest batches of at most `most`, of nearly equal size, each as long as its
        longest row."""
        n = len(self.lengths)
        if n <= most:
            return [self] if n else []
        total = _scored(self.lengths)
        cuts = np.array_split(np.arange(n), -(-n // most))
        return [self._take(rows, self.weight * _scored(self.lengths[rows]) / max(total, 1)) for rows in cuts]

    def _take(self, rows: Int64, weight: float) -> Batch:
        T = int(self.lengths[rows].max())
        events, position = self.events[rows, :T], self.position[rows, :T]
        control, value = (None if a is None else a[rows, :T] for a in (self.control, self.value))
        return Batch(
            events, position, self.lengths[rows], self.sequences[rows], control, value,
            np.array(self.numbers)[rows], weight,
        )  # fmt: skip


def usable(corpus: Corpus, indices: Int64) -> Int64:
    """Those of `indices` that a net can take: bars of at most `MAX_STEPS_PER_BAR` steps. The rest is left
    out."""
    return indices[corpus.steps_per_bars[indices] <= MAX_STEPS_PER_BAR]


def epoch_batches(
    corpus: Corpus,
    indices: Int64,
    recipe: Recipe,
    *,
    seed: int,
    epoch: int,
    shuffle: bool = True,
    start: int = 0,
    part: tuple[int, int] = (0, 1),
) -> Iterator[Batch]:
    """One pass over the sequences `indices`, from batch `start` on; `part` (r, n) takes each n-th row of
    every batch from row r on, of which a small batch may have none.

    Each is transposed by an interval drawn from `recipe.training.transpose`, moved into the recipe's view and
    cut into stretches of at most `max_length` events that begin at bar lines (of a bar longer than that,
    anywhere). Sequences of similar length share a batch; `shuffle` draws which, and the order of the batches.
    Raises `CorpusError` where corpus and recipe do not fit, `EmptyError` where
    nothing is left to train on.
    """
    check(corpus, recipe)
    examples = cut_into_examples(corpus, usable(corpus, indices), recipe)
    if not len(examples):
        raise EmptyError(
            f"None of {len(indices)} sequences can be trained on; bars of more than {MAX_STEPS_PER_BAR} "
            "steps are too long."
        )
    semitones = _draw(seed, epoch, 0, corpus.n, *recipe.training.transpose)
    batches = _batch_rows(examples, recipe.training.batch_size, (seed, epoch) if shuffle else None)
    return (_make_part(corpus, examples.take(rows), recipe, semitones, part) for rows in batches[start:])


def whole(corpus: Corpus, indices: Int64, recipe: Recipe, batch_size: int = 64) -> Iterator[Batch]:
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
    return (_make_batch(corpus, examples.take(rows[cut : cut + batch_size]), recipe, still) for cut in cuts)


def opening(corpus: Corpus, recipe: Recipe) -> Float64:
    """How often each id begins a sequence of the training split in the recipe's view: float64 [V], those of
    each field sum to 1; all ids alike where there is no sequence."""
    check(corpus, recipe)
    chosen = usable(corpus, corpus.split("train")).tolist()
    first = [in_view(corpus, index, recipe).events[0] for index in chosen if corpus.lengths[index]]
    sizes = recipe.alphabet.sizes
    if not first:
        return np.concatenate([np.full(size, 1 / size) for size in sizes])
    counts = [np.bincount(ids, minlength=size) for ids, size in zip(np.array(first).T, sizes, strict=True)]
    return np.concatenate([count / count.sum() for count in counts])


def check(corpus: Corpus, recipe: Recipe) -> None:
    """Raises `CorpusError` unless a model of `recipe` can learn from `corpus`."""
    kind = recipe.learns_from
    if kind not in recipe.events.sources:
        known = ", ".join(recipe.events.sources)
        raise CorpusError(
            f"'{recipe.name}' learns from '{kind}', of which its family can make nothing; only of {known}."
        )
    if corpus.kind != kind:
        raise CorpusError(
            f"'{corpus.folder}' holds sequences of the kind '{corpus.kind}'; '{recipe.name}' learns from "
            f"'{kind}': build one with --for {kind}."
        )
    quarter, second = recipe.view.grid
    found = corpus.table["steps_per_quarter"]
    if quarter and (found != quarter).any():
        by_the_clock = (
            "is counted by the clock" if not found.any() else f"has {found.max()} steps per quarter"
        )
        raise CorpusError(
            f"'{corpus.folder}' {by_the_clock}, '{recipe.name}' wants {quarter} steps per quarter: build it "
            f"with --steps-per-quarter {quarter}, or set view.steps_per_quarter."
        )
    if second and (corpus.table["steps_per_second"] != second).any():
        raise CorpusError(
            f"'{corpus.folder}' is on another grid than the {second} steps per second that '{recipe.name}' "
            f"wants: build it with --set steps_per_second={second}."
        )
    problem = recipe.events.misfit(corpus.options, recipe.view)
    if problem:
        raise CorpusError(f"'{corpus.folder}' does not fit '{recipe.name}': {problem}.")


def _batch_rows(examples: Examples, size: int, draw: tuple[int, int] | None) -> Sequence[Int64]:
    """Rows of every batch, of examples of similar length."""
    bins = (examples.end - examples.begin) // _BIN
    if draw is None:
        order = np.argsort(bins, kind="stable")
        return [order[cut : cut + size] for cut in range(0, len(order), size)]
    order = np.lexsort((_raw(*draw, 1, len(bins)), bins))
    batches = [order[cut : cut + size] for cut in range(0, len(order), size)]
    return [batches[place] for place in np.argsort(_raw(*draw, 2, len(batches)), kind="stable")]


def _make_part(
    corpus: Corpus, examples: Examples, recipe: Recipe, semitones: Int64, part: tuple[int, int]
) -> Batch:
    """Part (r, n) of the batch of these examples."""
    rank, n = part
    rows = np.arange(rank, len(examples), n)
    mine = examples.take(rows)
    if not len(mine):
        none, n_fields = np.zeros(0, np.int64), len(recipe.alphabet.sizes)
        return Batch(none.reshape(0, 1, n_fields), none.reshape(0, 1, 2), none, none, rows=rows, weight=0.0)
    weight = _scored(mine.end - mine.begin) / max(_scored(examples.end - examples.begin), 1)
    return replace(_make_batch(corpus, mine, recipe, semitones), rows=rows, weight=weight)


def _scored(lengths: Int64) -> int:
    """Events of sequences of these lengths that a loss scores: all but the first of each."""
    return int(np.maximum(lengths - 1, 0).sum())


def _make_batch(corpus: Corpus, examples: Examples, recipe: Recipe, semitones: Int64) -> Batch:
    """The batch of these examples; `semitones` are those of each sequence of the corpus."""
    family, alphabet = recipe.events, recipe.alphabet
    rows, before = [], []
    stretches = zip(examples.sequence.tolist(), examples.begin.tolist(), examples.end.tolist(), strict=True)
    for sequence, begin, end in stretches:
        found = in_view(corpus, sequence, recipe, int(semitones[sequence]))
        part = family.excerpt(found.events, begin, end) if begin else found.events[:end]
        rows.append(Learned(part, *(None if a is None else a[begin:end] for a in found[1:])))
        before.append(time_before(alphabet, found.events, begin))
    lengths = examples.end - examples.begin
    events = _padded([row.events for row in rows], np.int64)
    steps = alphabet.times(events) + np.array(before)[:, None]
    return Batch(
        events,
        bars_of(corpus, examples.sequence).at(steps),
        lengths,
        examples.sequence,
        _padded([row.control for row in rows], np.float32),
        _padded([row.value for row in rows], np.float32),
    )


def _padded(rows: Sequence[npt.NDArray[Any] | None], dtype: npt.DTypeLike) -> Any:
    """Rows [T_i, n] as one array [B, T, n], zeros at the end; None where the rows are."""
    there = [row for row in rows if row is not None]
    if not there:
        return None
    padded = np.zeros((len(there), max(map(len, there)), *there[0].shape[1:]), dtype)
    for target, row in zip(padded, there, strict=True):
        target[: len(row)] = row
    return padded


def _draw(seed: int, epoch: int, stream: int, n: int, low: int, high: int) -> Int64:
    """n integers from `low` to `high`, both included; the i-th depends on (seed, epoch, stream, i) only."""
    span = np.uint64(max(high - low, 0) + 1)
    return low + ((_raw(seed, epoch, stream, n) >> np.uint64(32)) * span >> np.uint64(32)).astype(np.int64)


def _raw(seed: int, epoch: int, stream: int, n: int) -> npt.NDArray[np.uint64]:
    """n numbers of 64 random bits from a counter-based generator (Philox 4x64; Salmon et al., 2011)."""
    key = np.array([seed % 2**64, epoch % 2**64], np.uint64)
    return np.random.Philox(key=key, counter=[0, 0, 0, stream]).random_raw(n)
