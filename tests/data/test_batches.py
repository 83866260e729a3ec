from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon import recipes
from antiphon.codecs import pitches
from antiphon.codecs.families import FAMILIES
from antiphon.data import batches
from antiphon.data.batches import Batch
from antiphon.data.chunks import TABLE
from antiphon.data.corpus import Corpus
from antiphon.errors import CorpusError, EmptyError
from antiphon.recipes import Recipe

MELODY = FAMILIES["melody"]
MANIFEST = {"steps_per_quarter": 4, "kinds": {"melody": {"options": {}}, "drums": {"options": {}}}}


def made(seed: int, n: int, longest: int) -> Corpus:
    """A corpus of random melodies in several meters."""
    rng = np.random.default_rng(seed)
    table = np.zeros(n, TABLE)
    table["piece"] = table["group"] = np.arange(n)
    table["steps_per_quarter"], table["denominator"] = 4, 4
    table["numerator"] = rng.integers(1, 7, n)
    table["length"] = rng.integers(1, longest + 1, n)
    table["offset"] = np.cumsum(table["length"]) - table["length"]
    table["start_in_bar"] = rng.integers(0, 4 * table["numerator"])
    events = rng.choice([0, 1, *range(40, 90)], table["length"].sum()).astype(np.int16)
    return Corpus(Path("made"), MANIFEST, "melody", events, table)


def recipe(**changes: str) -> Recipe:
    return recipes.find("melody/mono").with_values(
        {name.replace("__", "."): text for name, text in changes.items()}
    )


corpora = st.builds(made, st.integers(0, 1000), st.integers(1, 30), st.sampled_from([3, 40, 150]))
plain = {"training__transpose": "0,0"}


def rows(found: Iterator[Batch]) -> Iterator[tuple[int, np.ndarray, int, int]]:
    """(sequence, ids, steps per bar, start in bar) of all rows of `found`, padding checked and taken off."""
    for batch in found:
        B, T = len(batch.lengths), batch.lengths.max()
        assert batch.events.dtype == batch.lengths.dtype == batch.position.dtype == np.int64
        assert (batch.events.shape, batch.position.shape) == ((B, T, 1), (B, T, 2))
        assert batch.control is batch.value is None
        for row, length in enumerate(batch.lengths):
            assert not batch.events[row, length:].any()
            start, bar = batch.position[row, 0].tolist()
            assert np.array_equal(batch.position[row, :, 0], (start + np.arange(T)) % bar)
            assert (batch.position[row, :, 1] == bar).all()
            yield int(batch.sequences[row]), batch.events[row, :length, 0], bar, start


@given(corpora, st.integers(1, 9))
def test_whole_holds_every_event_of_every_sequence_once(corpus: Corpus, size: int) -> None:
    view = recipes.find("melody/attention")
    indices = np.flatnonzero(np.arange(corpus.n) % 3 > 0)
    found = list(rows(batches.whole(corpus, indices, view, size)))
    assert sorted(sequence for sequence, *_ in found) == indices.tolist()
    assert [len(ids) for _, ids, *_ in found] == sorted(corpus.lengths[indices].tolist())
    for sequence, ids, bar, start in found:
        whole = corpus.ids(sequence)[:, None]
        assert np.array_equal(ids, pitches.to_view(view.alphabet, whole, view.view).ids[:, 0])
        assert (bar, start) == (corpus.steps_per_bar(sequence), corpus.table["start_in_bar"][sequence])


@given(corpora, st.sampled_from([8, 16, 50]))
def test_cuts_are_at_bars_and_lose_nothing(corpus: Corpus, longest: int) -> None:
    cut = batches._cut(corpus, np.arange(corpus.n), recipe(training__max_length=str(longest)))
    for sequence in range(corpus.n):
        mine = cut.sequence == sequence
        begin, end = cut.begin[mine], cut.end[mine]
        covered = np.concatenate([np.arange(a, b) for a, b in zip(begin, end, strict=True)] or [np.arange(0)])
        missing = np.setdiff1d(np.arange(corpus.lengths[sequence]), covered)
        assert len(covered) == len(set(covered.tolist()))
        assert len(missing) <= 2, "a stretch of one event has nothing to predict"
        assert (end - begin <= longest).all()
        bar = corpus.steps_per_bar(sequence)
        if bar <= longest:
            assert not ((begin[begin > 0] + corpus.table["start_in_bar"][sequence]) % bar).any()


@settings(deadline=None)
@given(corpora, st.integers(1, 9), st.booleans())
def test_an_epoch_holds_every_stretch_once(corpus: Corpus, size: int, shuffle: bool) -> None:
    values = recipe(training__batch_size=str(size), training__max_length="24", **plain)
    cut = batches._cut(corpus, np.arange(corpus.n), values)
    expected = Counter(
        (
            s,
            MELODY.excerpt(corpus.ids(s)[:, None], a, b).tobytes()
            if a
            else corpus.ids(s)[:b].astype(np.int64).tobytes(),
        )
        for s, a, b in zip(cut.sequence.tolist(), cut.begin.tolist(), cut.end.tolist(), strict=True)
    )
    found = list(epoch_of(corpus, values, shuffle=shuffle))
    assert Counter((sequence, ids.tobytes()) for sequence, ids, *_ in rows(iter(found))) == expected
    assert len(found) == batches.n_batches(corpus, np.arange(corpus.n), values)


@settings(deadline=None)
@given(corpora, st.integers(1, 5), st.integers(0, 8))
def test_an_epoch_goes_on_at_any_batch(corpus: Corpus, size: int, start: int) -> None:
    values = recipe(training__batch_size=str(size))
    rest = list(islice(epoch_of(corpus, values, epoch=2), start, None))
    again = list(epoch_of(corpus, values, epoch=2, start=start))
    assert len(rest) == len(again)
    for one, other in zip(rest, again, strict=True):
        for name in ("events", "lengths", "position", "sequences"):
            assert np.array_equal(getattr(one, name), getattr(other, name))


def epoch_of(
    corpus: Corpus, values: Recipe, shuffle: bool = True, epoch: int = 0, start: int = 0
) -> Iterator[Batch]:
    indices = np.arange(corpus.n)
    try:
        return batches.epoch(corpus, indices, values, seed=3, epoch=epoch, shuffle=shuffle, start=start)
    except EmptyError:
        assert corpus.lengths.max() == 1
        return iter(())


def test_epochs_differ_and_a_sequence_is_transposed_whatever_its_company() -> None:
    corpus, values = made(1, 40, 30), recipe(training__transpose="-5,6")

    def seen(epoch: int, indices: np.ndarray) -> dict[int, bytes]:
        found = batches.epoch(corpus, indices, values, seed=5, epoch=epoch)
        return {sequence: ids.tobytes() for sequence, ids, *_ in rows(found)}

    first = seen(0, np.arange(40))
    assert seen(0, np.arange(40)) == first
    assert seen(1, np.arange(40)) != first
    some = np.arange(10, 20)
    assert seen(0, some) == {sequence: ids for sequence, ids in first.items() if 10 <= sequence < 20}


def test_transpositions_are_drawn_evenly_from_both_ends() -> None:
    drawn = batches._draw(1, 2, 0, 12_000, -5, 6)
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == list(range(-5, 7))
    assert (np.abs(counts - 1000) < 150).all()
    assert not batches._draw(1, 2, 0, 10, 0, 0).any()


def test_similar_lengths_share_a_batch() -> None:
    corpus = made(2, 400, 150)
    found = list(epoch_of(corpus, recipe(training__batch_size="20", **plain)))
    filled = sum(int(batch.lengths.sum()) for batch in found) / sum(batch.events.size for batch in found)
    assert filled > 0.8
    lengths = [int(batch.lengths.max()) for batch in found]
    assert lengths != sorted(lengths)


def test_bars_that_are_too_long_stay_out() -> None:
    corpus = made(3, 10, 40)
    corpus.table["numerator"][:4] = 13
    assert batches.usable(corpus, np.arange(10)).tolist() == [4, 5, 6, 7, 8, 9]
    assert sum(len(batch.lengths) for batch in batches.whole(corpus, np.arange(10), recipe())) == 6
    with pytest.raises(EmptyError, match="too long"):
        batches.epoch(corpus, np.arange(4), recipe(), seed=0, epoch=0)


def test_another_family_or_resolution_is_refused() -> None:
    corpus = made(4, 3, 20)
    with pytest.raises(CorpusError, match="steps a quarter"):
        batches.whole(corpus, np.arange(3), recipe(view__steps_per_quarter="12"))
    drums = Corpus(corpus.folder, MANIFEST, "drums", corpus.events, corpus.table)
    with pytest.raises(CorpusError, match="learns from 'melody'"):
        batches.whole(drums, np.arange(3), recipe())


def test_nothing_to_evaluate_is_no_batch() -> None:
    assert list(batches.whole(made(5, 3, 20), np.arange(0), recipe())) == []
