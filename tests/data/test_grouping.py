from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.data import grouping
from antiphon.data.fingerprints import sketches, whole
from antiphon.data.grouping import ASTRIDE, EXACT, NEARLY, TRANSPOSED, Prints, Verdict, judge
from antiphon.data.likeness import RELATED, related
from antiphon.data.splits import SPLITS, split_of

Piece = tuple[str, list[tuple[int, int, int]]]
"""A name, and its melodies: (tune, transposition, changed notes)."""

melodies = st.tuples(st.integers(0, 5), st.integers(-2, 2), st.sampled_from([0, 0, 2, 8, 15]))
pieces = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.lists(melodies, max_size=3)), max_size=12)


def melody(tune: int, transpose: int, changed: int) -> np.ndarray:
    rng = np.random.default_rng([1, tune])
    events = np.full(240, -2, np.int16)
    onsets = np.sort(rng.choice(240, 80, replace=False))
    events[onsets] = rng.integers(55, 80, 80)
    events[onsets[np.random.default_rng([2, tune, changed]).choice(80, changed, replace=False)]] += 1
    return np.where(events >= 0, events + transpose, events).astype(np.int16)


def prints(corpus: list[Piece]) -> Prints:
    found = [melody(*values) for _, several in corpus for values in several]
    owner = [place for place, (_, several) in enumerate(corpus) for _ in several]
    hashes = np.array([whole(events, (4, 4)) for events in found], np.uint64).reshape(-1, 2)
    return Prints(np.array(owner, np.int64), hashes[:, 0], hashes[:, 1], sketches(found))


def judged(corpus: list[Piece], drop: bool = True) -> Verdict:
    return judge([name for name, _ in corpus], prints(corpus), drop=drop)


@settings(max_examples=60, deadline=None)
@given(pieces, pieces, st.booleans())
def test_pieces_added_later_move_nothing(first: list[Piece], more: list[Piece], drop: bool) -> None:
    before, after = judged(first, drop), judged(first + more, drop)
    n = len(before.likeness)
    assert after.group[: len(first)] == before.group
    assert after.likeness[:n] == before.likeness
    assert np.array_equal(after.keep[:n], before.keep)


@settings(max_examples=60, deadline=None)
@given(pieces, st.booleans())
def test_nothing_that_is_kept_is_related_across_splits(corpus: list[Piece], drop: bool) -> None:
    verdict, marks = judged(corpus, drop), prints(corpus)
    split = [split_of(verdict.group[piece]) for piece in marks.piece.tolist()]
    pairs = related(marks.sketch)
    for later, earlier in zip(pairs.later.tolist(), pairs.earlier.tolist(), strict=True):
        if verdict.keep[later] and verdict.keep[earlier]:
            assert split[later] == split[earlier]


@given(pieces)
def test_a_name_stands_in_one_group(corpus: list[Piece]) -> None:
    verdict = judged(corpus)
    with_music = [
        (name, group) for (name, several), group in zip(corpus, verdict.group, strict=True) if several
    ]
    assert len({name for name, _ in with_music}) == len(set(with_music))


def test_kinds_of_likeness() -> None:
    corpus: list[Piece] = [("a", [(0, 0, 0)]), ("b", [(0, 0, 0)]), ("c", [(0, 5, 0)]), ("d", [(0, 0, 1)])]
    verdict = judged(corpus)
    assert verdict.group == ["a"] * 4
    assert verdict.likeness == ["", EXACT, TRANSPOSED, NEARLY]
    assert verdict.keep.tolist() == [True, False, False, False]
    assert verdict.original.tolist() == [-1, 0, 0, 0]
    assert judged(corpus, drop=False).keep.all()


def test_a_variant_joins_the_group_but_is_kept() -> None:
    verdict = judged([("a", [(0, 0, 0)]), ("b", [(0, 3, 4)]), ("c", [(1, 0, 0)])])
    assert verdict.group == ["a", "a", "c"]
    assert verdict.keep.all()


def test_a_piece_that_links_two_splits_loses_what_is_on_the_wrong_side() -> None:
    names = _in_different_splits()
    corpus: list[Piece] = [(names[0], [(0, 0, 0)]), (names[1], [(1, 0, 0)]), ("new", [(0, 0, 4), (1, 0, 4)])]
    verdict = judged(corpus, drop=False)
    assert verdict.group == [names[0], names[1], names[0]]
    assert verdict.likeness == ["", "", "", ASTRIDE]
    assert verdict.keep.tolist() == [True, True, True, False]


def _in_different_splits() -> tuple[str, str]:
    words = [f"tune {number}" for number in range(100)]
    return next(word for word in words if split_of(word) == "train"), next(
        word for word in words if split_of(word) == "test"
    )


def test_many_of_a_kind_are_all_found() -> None:
    corpus: list[Piece] = [(f"piece {n}", [(0, n % 5, 0)]) for n in range(60)]
    verdict = judged(corpus)
    assert verdict.keep.sum() == 1
    assert set(verdict.group) == {"piece 0"}


def test_splits_are_of_their_sizes_and_fixed() -> None:
    found = [split_of(f"group {number}") for number in range(4000)]
    shares = [found.count(name) / len(found) for name in SPLITS]
    assert np.allclose(shares, [0.8, 0.1, 0.1], atol=0.02)
    assert [split_of(name) for name in ("a", "b", "g", "h", "i")] == [
        "train", "train", "validation", "train", "validation",
    ]  # fmt: skip


def test_thresholds_are_in_order() -> None:
    assert 0 < RELATED < grouping.NEAR <= 1
