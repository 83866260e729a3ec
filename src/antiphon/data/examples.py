"""Training examples: sequences of a corpus as a recipe sees them, and the stretches that they are cut into,
from bar line to bar line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from antiphon.arrays import Int64
from antiphon.codecs import pitches
from antiphon.codecs.alphabet import Alphabet
from antiphon.codecs.families import Learned
from antiphon.codecs.pitches import PitchView
from antiphon.codecs.timing import Bars
from antiphon.data.corpus import Corpus
from antiphon.recipes import Recipe, Training


@dataclass(frozen=True, eq=False)
class Examples:
    """Stretches of sequences, one a training example: `sequence` (index), events [`begin`, `end`); int64
    [E] each."""

    sequence: Int64
    begin: Int64
    end: Int64

    def __len__(self) -> int:
        return len(self.sequence)

    def take(self, rows: Int64) -> Examples:
        """The examples at `rows`."""
        return Examples(self.sequence[rows], self.begin[rows], self.end[rows])


def in_view(corpus: Corpus, index: int, recipe: Recipe, semitones: int = 0) -> Learned:
    """Sequence `index` as a model of the recipe sees it, moved by `semitones` before. The corpus must fit."""
    family, view = recipe.events, recipe.view
    found = family.sources[corpus.kind](corpus.ids(index), view, recipe.control)
    alphabet = recipe.alphabet
    moved = pitches.moved(alphabet, found.events, semitones)
    if isinstance(view, PitchView):
        moved = pitches.to_view(alphabet, moved, view).ids
    return found._replace(events=moved if alphabet.knows(moved) else alphabet.heard(moved))


def bars_of(corpus: Corpus, sequences: Int64) -> Bars:
    """The bars of `sequences`, step 0 being the first event of each."""
    return Bars.of(corpus.table["start_in_bar"][sequences], corpus.steps_per_bars[sequences])


def time_before(alphabet: Alphabet, events: Int64, begin: int) -> int:
    """Steps gone by before event `begin`."""
    return begin * alphabet.steady or int(alphabet.steps(events[:begin]).sum())


def cut_into_examples(corpus: Corpus, indices: Int64, recipe: Recipe) -> Examples:
    """Every sequence of `indices` in stretches of `window_bars` bars (0: as many as fit) and at most
    `max_length` events, from bar line to bar line; none of one event."""
    if recipe.alphabet.steady == 1:
        found = _cut_steady(corpus, indices, recipe.training)
    else:
        found = _cut_at_bars(corpus, indices, recipe)
    return found.take(np.flatnonzero(found.end - found.begin > 1))


def _cut_steady(corpus: Corpus, indices: Int64, training: Training) -> Examples:
    """Where every event takes a step, bar lines are as many events apart as bars have steps."""
    most, window = training.max_length, training.window_bars
    bar, length = corpus.steps_per_bars[indices], corpus.lengths[indices]
    fits = (bar > 0) & (bar <= most)
    bar = np.where(fits, bar, 1)
    stride = most // bar * bar
    if window:
        stride = np.where(fits, np.minimum(stride, window * bar), stride)
    whole = (length <= most) & ~(fits & (window > 0))
    lead = corpus.table["start_in_bar"][indices].astype(np.int64) % bar
    n = np.where(whole, 1, -(-(length + lead) // stride))
    row = np.repeat(np.arange(len(indices)), n)
    number = np.arange(len(row)) - np.repeat(np.cumsum(n) - n, n)
    begin = np.maximum(number * stride[row] - lead[row], 0)
    end = np.where(n[row] == 1, length[row], np.minimum((number + 1) * stride[row] - lead[row], length[row]))
    return Examples(indices[row], begin, end)


def _cut_at_bars(corpus: Corpus, indices: Int64, recipe: Recipe) -> Examples:
    """Where events take any number of steps."""
    rows: list[tuple[int, int, int]] = []
    most, window = recipe.training.max_length, recipe.training.window_bars
    for index in indices.tolist():
        length = int(corpus.lengths[index])
        needed = length > most or window > 0
        lines = _bar_lines(corpus, index, recipe) if needed else np.zeros(0, np.int64)
        begin = 0
        for end in _ends(lines, length, most, window):
            rows.append((index, begin, end))
            begin = end
    return Examples(*np.array(rows, np.int64).reshape(-1, 3).T)


def _ends(lines: Int64, length: int, most: int, window: int) -> Iterator[int]:
    """Where the stretches of a sequence end, whose bars begin at the events `lines`."""
    begin = 0
    while begin < length:
        after = lines[lines > begin]
        fitting = after[after <= begin + most]
        if window and len(after) >= window:
            fitting = fitting[:window]
        elif length - begin <= most:
            fitting = np.array([length])
        begin = int(fitting[-1]) if len(fitting) else begin + most
        yield begin


def _bar_lines(corpus: Corpus, index: int, recipe: Recipe) -> Int64:
    """The events of a sequence that are the first on a bar line."""
    events = in_view(corpus, index, recipe).events
    times = recipe.alphabet.times(events)
    first = np.diff(times, prepend=-1) > 0
    return np.flatnonzero(first & (bars_of(corpus, np.array([index])).at(times[None])[0, :, 0] == 0))
