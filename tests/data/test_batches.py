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
from antiphon.codecs.alphabet import Span, restricted, single
from antiphon.codecs.families import FAMILIES, Learned
from antiphon.data import batches, examples
from antiphon.data.batches import Batch, epoch_batches
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
    cut = examples.cut_into_examples(corpus, np.arange(corpus.n), recipe(training__max_length=str(longest)))
    for sequence in range(corpus.n):
        mine = cut.sequence == sequence
        begin, end = cut.begin[mine], cut.end[mine]
        covered = np.concatenate([np.arange(a, b) for a, b in zip(begin, end, strict=True)] or [np.arange(0)])
        missing = np.setdiff1d(np.arange(corpus.lengths[sequence]), covered)
        assert len(covered) == len(set(covered.tolist()))
        assert len(missing) <= 2, "a stretch of one event has nothing to predict"
        assert ((end - begin > 1) & (end - begin <= longest)).all()
        bar = corpus.steps_per_bar(sequence)
        if bar <= longest:
            assert not ((begin[begin > 0] + corpus.table["start_in_bar"][sequence]) % bar).any()


@given(corpora, st.integers(1, 3), st.sampled_from([16, 50]))
def test_a_window_is_so_many_bars(corpus: Corpus, window: int, longest: int) -> None:
    values = recipe(training__max_length=str(longest), training__window_bars=str(window))
    cut = examples.cut_into_examples(corpus, np.arange(corpus.n), values)
    for sequence, begin, end in zip(cut.sequence, cut.begin, cut.end, strict=True):
        bar, start = corpus.steps_per_bar(sequence), int(corpus.table["start_in_bar"][sequence])
        if bar <= longest:
            bars = min(window, longest // bar)
            first, last = (begin + start) // bar, (end - 1 + start) // bar
            assert first % bars == 0
            assert last - first < bars
            assert end == corpus.lengths[sequence] or (end + start) % (bars * bar) == 0


def test_a_window_of_events_that_take_uneven_time() -> None:
    """A bar is counted where an event begins on its line."""
    assert list(examples._ends(np.array([0, 3, 7, 12, 20]), 25, 100, 2)) == [7, 20, 25]
    assert list(examples._ends(np.array([3, 7, 12, 20]), 25, 100, 1)) == [3, 7, 12, 20, 25]
    assert list(examples._ends(np.array([0, 3, 30]), 40, 10, 2)) == [3, 13, 23, 30, 40]
    assert list(examples._ends(np.array([0, 3, 7]), 9, 100, 0)) == [9]


@settings(deadline=None)
@given(corpora, st.integers(1, 9), st.booleans())
def test_an_epoch_holds_every_stretch_once(corpus: Corpus, size: int, shuffle: bool) -> None:
    values = recipe(training__batch_size=str(size), training__max_length="24", **plain)
    cut = examples.cut_into_examples(corpus, np.arange(corpus.n), values)
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
    assert len(found) == -(-len(cut) // size)


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
        return epoch_batches(corpus, indices, values, seed=3, epoch=epoch, shuffle=shuffle, start=start)
    except EmptyError:
        assert corpus.lengths.max() == 1
        return iter(())


def test_epochs_differ_and_a_sequence_is_transposed_whatever_its_company() -> None:
    corpus, values = made(1, 40, 30), recipe(training__transpose="-5,6")

    def seen(epoch: int, indices: np.ndarray) -> dict[int, bytes]:
        found = epoch_batches(corpus, indices, values, seed=5, epoch=epoch)
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
    corpus.table["numerator"][:5] = [13, 13, 13, 13, 12]
    assert batches.usable(corpus, np.arange(10)).tolist() == [4, 5, 6, 7, 8, 9]
    assert sum(len(batch.lengths) for batch in batches.whole(corpus, np.arange(10), recipe())) == 6
    with pytest.raises(EmptyError, match="too long"):
        epoch_batches(corpus, np.arange(4), recipe(), seed=0, epoch=0)


def by_the_clock(corpus: Corpus) -> Corpus:
    """The same music on a grid of ten steps per second."""
    corpus.table["steps_per_quarter"], corpus.table["steps_per_second"] = 0, 10
    corpus.table["start_in_bar"] = 0
    return corpus


def test_music_without_bars_is_cut_by_length_alone() -> None:
    corpus = by_the_clock(made(4, 20, 150))
    cut = examples.cut_into_examples(corpus, np.arange(20), recipe(training__max_length="32"))
    n_events = (cut.end - cut.begin)[cut.sequence == corpus.lengths.argmax()]
    assert n_events[:-1].tolist() == [32] * (len(n_events) - 1)
    longer = np.arange(20)[corpus.lengths % 32 > 1]
    assert [(cut.end - cut.begin)[cut.sequence == s].sum() for s in longer] == corpus.lengths[longer].tolist()


def test_a_model_by_the_beat_does_not_learn_from_music_by_the_clock() -> None:
    with pytest.raises(CorpusError, match="is counted by the clock, 'melody/mono' wants 4 steps per quarter"):
        batches.check(by_the_clock(made(4, 3, 9)), recipe())


def test_what_a_model_does_not_know_is_learnt_as_it_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    notes = restricted(Span("on", 128, steps=1, onset=True, pitch=0), 60, 72)
    narrow = single(Span("hold", steps=1), Span("off", steps=1), notes)
    monkeypatch.setattr("antiphon.recipes.recipe._alphabet", lambda family, view: narrow)
    corpus = made(5, 4, 40)
    seen = [batches.in_view(corpus, index, recipe()).events for index in range(4)]
    assert all(map(narrow.knows, seen))


def slowly_cut(times: list[int], start: int, bar: int, most: int) -> list[tuple[int, int]]:
    """Stretches of events at `times`, each as long as it may be and up to the first event on a bar line."""
    found, begin = [], 0
    while len(times) - begin > most:
        ends = [
            t
            for t in range(begin + 1, begin + most + 1)
            if times[t] > times[t - 1] and (times[t] + start) % bar == 0
        ]
        found.append((begin, ends[-1] if ends else begin + most))
        begin = found[-1][1]
    return [(a, b) for a, b in [*found, (begin, len(times))] if b - a > 1]


@pytest.mark.parametrize("longest", [3, 8, 30])
def test_cuts_of_events_that_take_uneven_time_are_at_the_first_on_a_bar_line(
    longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    uneven = single(Span("hold", steps=1), Span("off", steps=2), Span("on", 128, onset=True))
    monkeypatch.setattr("antiphon.recipes.recipe._alphabet", lambda family, view: uneven)
    corpus = made(6, 40, 120)
    corpus.events[:] = np.random.default_rng(2).choice([0, 0, 1, 60, 62], len(corpus.events))
    cut = examples.cut_into_examples(corpus, np.arange(corpus.n), recipe(training__max_length=str(longest)))
    for sequence in range(corpus.n):
        times = uneven.times(corpus.ids(sequence)[:, None]).tolist()
        start, bar = int(corpus.table["start_in_bar"][sequence]), corpus.steps_per_bar(sequence)
        mine = cut.sequence == sequence
        found = list(zip(cut.begin[mine].tolist(), cut.end[mine].tolist(), strict=True))
        assert found == slowly_cut(times, start, bar, longest)


def test_what_goes_with_events_is_cut_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    plainly = batches.in_view

    def seen(corpus: Corpus, index: int, *more: object) -> Learned:
        found = plainly(corpus, index, *more)  # type: ignore[arg-type]
        count = np.arange(len(found.events), dtype=np.float32)[:, None]
        return found._replace(control=count, value=-count)

    monkeypatch.setattr(batches, "in_view", seen)
    corpus = made(7, 20, 100)
    values = recipe(training__max_length="16", training__batch_size="4", **plain)
    cut = examples.cut_into_examples(corpus, np.arange(corpus.n), values)
    expected = Counter(zip(cut.sequence.tolist(), cut.begin.tolist(), cut.end.tolist(), strict=True))
    found: Counter[tuple[int, int, int]] = Counter()
    for batch in epoch_batches(corpus, np.arange(corpus.n), values, seed=3, epoch=0):
        assert batch.control is not None
        assert np.array_equal(batch.value, -batch.control)
        for row, length in enumerate(batch.lengths.tolist()):
            begin = int(batch.control[row, 0, 0])
            assert batch.control[row, :length, 0].tolist() == list(range(begin, begin + length))
            assert not batch.control[row, length:].any()
            found[int(batch.sequences[row]), begin, begin + length] += 1
    assert found == expected


def test_openings_are_counted_in_the_training_split(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, values = made(8, 6, 20), recipe(view__key="none")
    corpus.events[corpus.table["offset"]] = [60, 60, 0, 62, 62, 62]
    monkeypatch.setattr(Corpus, "split", lambda self, name: np.arange(4 if name == "train" else self.n))
    found = batches.opening(corpus, values)
    assert {int(k): found[k] for k in np.flatnonzero(found)} == {0: 0.25, 60: 0.5, 62: 0.25}


def test_another_family_or_resolution_is_refused() -> None:
    corpus = made(4, 3, 20)
    with pytest.raises(CorpusError, match="steps per quarter"):
        batches.whole(corpus, np.arange(3), recipe(view__steps_per_quarter="12"))
    drums = Corpus(corpus.folder, MANIFEST, "drums", corpus.events, corpus.table)
    with pytest.raises(CorpusError, match="learns from 'melody'"):
        batches.whole(drums, np.arange(3), recipe())


def test_nothing_to_evaluate_is_no_batch() -> None:
    assert list(batches.whole(made(5, 3, 20), np.arange(0), recipe())) == []


@settings(deadline=None)
@given(corpora, st.integers(1, 9), st.integers(1, 4), st.integers(1, 5))
def test_parts_and_chunks_are_the_whole_batch(corpus: Corpus, size: int, n: int, most: int) -> None:
    """Each row once, with its number; weights add up to 1; nothing longer than its longest row."""
    values = recipe(training__batch_size=str(size), training__max_length="24", **plain)
    if not len(examples.cut_into_examples(corpus, np.arange(corpus.n), values)):
        return

    def epoch(rank: int, n: int) -> list[Batch]:
        return list(epoch_batches(corpus, np.arange(corpus.n), values, seed=3, epoch=0, part=(rank, n)))

    for whole, *parts in zip(epoch(0, 1), *(epoch(rank, n) for rank in range(n)), strict=True):
        chunks = [chunk for part in parts for chunk in part.micro_batches(most)]
        assert sum(chunk.weight for chunk in chunks) == pytest.approx(1.0)
        assert all(len(chunk.lengths) <= most for chunk in chunks)
        assert sorted(row for chunk in chunks for row in chunk.numbers) == whole.numbers
        for chunk in chunks:
            assert chunk.events.shape[1] == chunk.lengths.max()
            for row, number in enumerate(chunk.numbers):
                length = whole.lengths[number]
                assert chunk.lengths[row] == length
                assert np.array_equal(chunk.events[row, :length], whole.events[number, :length])
                assert np.array_equal(chunk.position[row, :length], whole.position[number, :length])
