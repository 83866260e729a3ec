from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.codecs.kinds import Kind, Profile, Standing, kind
from antiphon.data import likeness
from antiphon.data.fingerprints import PRINT, prints
from antiphon.data.grouping import (
    ASTRIDE,
    LIKENESS,
    NEARLY,
    RETEMPOED,
    SAME,
    TRANSPOSED,
    UNLIKE,
    Marks,
    Verdict,
    judge,
)
from antiphon.data.likeness import OF_NOTES, OF_RHYTHMS, links, related
from antiphon.data.splits import SPLITS, split_of

Tune = tuple[int, int, int]
"""Number, transposition, changed notes."""
Piece = tuple[str, list[Tune]]

MELODY = kind("melody")
tunes = st.tuples(st.integers(0, 5), st.integers(-2, 2), st.sampled_from([0, 0, 2, 8, 15]))
pieces = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.lists(tunes, max_size=3)), max_size=12)


def profile(number: int, transpose: int, changed: int, factor: int = 1) -> Profile:
    rng = np.random.default_rng([1, number])
    time = np.sort(rng.choice(240, 80, replace=False))
    pitch = rng.integers(55, 80, 80)
    pitch[np.random.default_rng([2, number, changed]).choice(80, changed, replace=False)] += 1
    return Profile(factor * time, pitch + transpose)


def marks(corpus: list[list[Profile]], of: Kind[object] = MELODY) -> tuple[Marks, np.ndarray]:
    found = [one for several in corpus for one in several]
    ids = [np.stack([one.time, one.pitch]).ravel() for one in found]
    owner = np.repeat(np.arange(len(corpus), dtype=np.int32), [len(several) for several in corpus])
    made = prints(of, ids, found, [Standing()] * len(found))
    return Marks(owner, links(made, OF_NOTES if of.transposable else OF_RHYTHMS)), made


def judged(corpus: list[Piece], drop: bool = True) -> Verdict:
    found, _ = marks([[profile(*tune) for tune in several] for _, several in corpus])
    return judge([name for name, _ in corpus], [found], drop=drop)


@settings(max_examples=60, deadline=None)
@given(pieces, pieces, st.booleans())
def test_pieces_added_later_move_nothing(first: list[Piece], more: list[Piece], drop: bool) -> None:
    before, after = judged(first, drop), judged(first + more, drop)
    n = len(before.rulings[0].keep)
    assert after.group[: len(first)] == before.group
    for name in ("likeness", "keep", "original"):
        assert np.array_equal(getattr(after.rulings[0], name)[:n], getattr(before.rulings[0], name))


@settings(max_examples=60, deadline=None)
@given(pieces, st.booleans())
def test_nothing_that_is_kept_is_related_across_splits(corpus: list[Piece], drop: bool) -> None:
    found, made = marks([[profile(*tune) for tune in several] for _, several in corpus])
    verdict = judge([name for name, _ in corpus], [found], drop=drop)
    split = [split_of(verdict.group[piece]) for piece in found.piece.tolist()]
    keep = verdict.rulings[0].keep
    for later, earlier, _ in related(made["sketch"]):
        for one, other in zip(later.tolist(), earlier.tolist(), strict=True):
            assert not (keep[one] and keep[other]) or split[one] == split[other]


@given(pieces)
def test_a_name_stands_in_one_group(corpus: list[Piece]) -> None:
    verdict = judged(corpus)
    with_music = [
        (name, group) for (name, several), group in zip(corpus, verdict.group, strict=True) if several
    ]
    assert len({name for name, _ in with_music}) == len(set(with_music))


@settings(max_examples=60, deadline=None)
@given(st.lists(tunes, max_size=30), st.integers(1, 7))
def test_links_do_not_depend_on_how_many_are_looked_at_together(found: list[Tune], block: int) -> None:
    _, made = marks([[profile(*tune)] for tune in found])
    whole = links(made)
    usual, likeness._BLOCK = likeness._BLOCK, block
    try:
        cut = links(made)
    finally:
        likeness._BLOCK = usual
    for name in ("begin", "earlier", "degree", "ties"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name))


def test_kinds_of_likeness() -> None:
    same, several = profile(0, 0, 0), profile(0, 0, 0, factor=2)
    corpus = [same, same, profile(0, 5, 0), several, profile(0, 0, 1)]
    found, _ = marks([[one] for one in corpus])
    verdict = judge("abcde", [found], drop=True)
    assert verdict.group == ["a"] * 5
    ruling = verdict.rulings[0]
    assert ruling.likeness.tolist() == [UNLIKE, SAME, TRANSPOSED, RETEMPOED, NEARLY]
    assert ruling.keep.tolist() == [True, False, False, False, False]
    assert ruling.original.tolist() == [-1, 0, 0, 0, 0]
    assert ruling.counts() == dict.fromkeys(LIKENESS[1:5], 1)
    assert judge("abcde", [found], drop=False).rulings[0].keep.all()


def test_a_variant_joins_the_group_but_is_kept() -> None:
    verdict = judged([("a", [(0, 0, 0)]), ("b", [(0, 3, 4)]), ("c", [(1, 0, 0)])])
    assert verdict.group == ["a", "a", "c"]
    assert verdict.rulings[0].keep.all()


def test_a_piece_that_links_two_splits_loses_what_is_on_the_wrong_side() -> None:
    names = _in_different_splits()
    corpus: list[Piece] = [(names[0], [(0, 0, 0)]), (names[1], [(1, 0, 0)]), ("new", [(0, 0, 4), (1, 0, 4)])]
    verdict = judged(corpus, drop=False)
    assert verdict.group == [names[0], names[1], names[0]]
    assert verdict.rulings[0].likeness.tolist() == [UNLIKE, UNLIKE, UNLIKE, ASTRIDE]
    assert verdict.rulings[0].keep.tolist() == [True, True, True, False]


def test_a_group_holds_over_all_kinds() -> None:
    """The second piece is like the first in one kind, the third like the second in the other."""
    one, _ = marks([[profile(0, 0, 0)], [profile(0, 0, 3)], []])
    other, _ = marks([[], [profile(3, 0, 0)], [profile(3, 2, 3)]])
    assert judge("abc", [one], drop=True).group == ["a", "a", "c"]
    assert judge("abc", [other], drop=True).group == ["a", "b", "b"]
    assert judge("abc", [one, other], drop=True).group == ["a", "a", "a"]


def test_a_plain_pattern_ties_no_pieces_together() -> None:
    beat = Profile(np.arange(0, 256, 2), np.tile([0, 2, 1, 2], 32))
    found, _ = marks([[beat], [profile(1, 0, 0), beat], [beat]])
    verdict = judge("abc", [found], drop=True)
    assert verdict.group == ["a", "b", "c"]
    assert verdict.rulings[0].likeness.tolist() == [UNLIKE, UNLIKE, SAME, SAME]


def _in_different_splits() -> tuple[str, str]:
    words = [f"tune {number}" for number in range(100)]
    return next(word for word in words if split_of(word) == "train"), next(
        word for word in words if split_of(word) == "test"
    )


def test_many_of_a_kind_are_all_found() -> None:
    corpus: list[Piece] = [(f"piece {n}", [(0, n % 5, 0)]) for n in range(60)]
    verdict = judged(corpus)
    assert verdict.rulings[0].keep.sum() == 1
    assert set(verdict.group) == {"piece 0"}


def test_windows_that_hundreds_share_leave_few_links() -> None:
    found, _ = marks([[profile(0, 0, n % 12)] for n in range(600)])
    assert len(found.links.earlier) < 600 * 100
    assert set(judge([f"piece {n}" for n in range(600)], [found], drop=False).group) == {"piece 0"}


def test_nothing_at_all_can_be_judged() -> None:
    verdict = judge(["a"], [Marks(np.zeros(0, np.int32), links(np.zeros(0, PRINT)))], drop=True)
    assert (verdict.group, len(verdict.rulings[0].keep)) == (["a"], 0)


def test_splits_are_of_their_sizes_and_fixed() -> None:
    found = [split_of(f"group {number}") for number in range(4000)]
    shares = [found.count(name) / len(found) for name in SPLITS]
    assert np.allclose(shares, [0.8, 0.1, 0.1], atol=0.02)
    assert [split_of(name) for name in ("a", "b", "g", "h", "i")] == [
        "train", "train", "validation", "train", "validation",
    ]  # fmt: skip


def test_thresholds_are_in_order() -> None:
    assert 0 < OF_NOTES.related < OF_RHYTHMS.related < likeness.NEAR <= 1
