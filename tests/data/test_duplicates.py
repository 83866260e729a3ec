from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.codecs.kinds import Kind, Profile, Standing, kind
from antiphon.data import similarity
from antiphon.data.duplicates import RELATION_NAMES, Deduplication, KindLinks, Relation, deduplicate
from antiphon.data.fingerprints import FINGERPRINT, fingerprints
from antiphon.data.similarity import NOTE_THRESHOLDS, RHYTHM_THRESHOLDS, find_links, related_pairs
from antiphon.data.splits import split_of

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


def linked(corpus: list[list[Profile]], of: Kind[object] = MELODY) -> tuple[KindLinks, np.ndarray]:
    found = [one for several in corpus for one in several]
    ids = [np.stack([one.time, one.pitch]).ravel() for one in found]
    owner = np.repeat(np.arange(len(corpus), dtype=np.int32), [len(several) for several in corpus])
    made = fingerprints(of, ids, found, [Standing()] * len(found))
    return KindLinks(owner, find_links(made, NOTE_THRESHOLDS if of.transposable else RHYTHM_THRESHOLDS)), made


def deduplicated(corpus: list[Piece], drop: bool = True) -> Deduplication:
    found, _ = linked([[profile(*tune) for tune in several] for _, several in corpus])
    return deduplicate([name for name, _ in corpus], [found], drop=drop)


@settings(max_examples=60, deadline=None)
@given(pieces, pieces, st.booleans())
def test_pieces_added_later_move_nothing(first: list[Piece], more: list[Piece], drop: bool) -> None:
    before, after = deduplicated(first, drop), deduplicated(first + more, drop)
    n = len(before.duplicates[0].keep)
    assert after.groups[: len(first)] == before.groups
    for name in ("relation", "keep", "original"):
        assert np.array_equal(getattr(after.duplicates[0], name)[:n], getattr(before.duplicates[0], name))


@settings(max_examples=60, deadline=None)
@given(pieces, st.booleans())
def test_nothing_that_is_kept_is_related_across_splits(corpus: list[Piece], drop: bool) -> None:
    found, made = linked([[profile(*tune) for tune in several] for _, several in corpus])
    result = deduplicate([name for name, _ in corpus], [found], drop=drop)
    split = [split_of(result.groups[piece]) for piece in found.piece.tolist()]
    keep = result.duplicates[0].keep
    for later, earlier, _ in related_pairs(made["sketch"]):
        for one, other in zip(later.tolist(), earlier.tolist(), strict=True):
            assert not (keep[one] and keep[other]) or split[one] == split[other]


@given(pieces)
def test_a_name_stands_in_one_group(corpus: list[Piece]) -> None:
    result = deduplicated(corpus)
    with_music = [
        (name, group) for (name, several), group in zip(corpus, result.groups, strict=True) if several
    ]
    assert len({name for name, _ in with_music}) == len(set(with_music))


@settings(max_examples=60, deadline=None)
@given(st.lists(tunes, max_size=30), st.integers(1, 7))
def test_links_do_not_depend_on_the_block_size(found: list[Tune], block: int) -> None:
    _, made = linked([[profile(*tune)] for tune in found])
    whole = find_links(made)
    usual, similarity._BLOCK = similarity._BLOCK, block
    try:
        cut = find_links(made)
    finally:
        similarity._BLOCK = usual
    for name in ("begin", "earlier", "score", "same_piece"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name))


def test_every_relation_is_found() -> None:
    same, several = profile(0, 0, 0), profile(0, 0, 0, factor=2)
    corpus = [same, same, profile(0, 5, 0), several, profile(0, 0, 1)]
    found, _ = linked([[one] for one in corpus])
    result = deduplicate("abcde", [found], drop=True)
    assert result.groups == ["a"] * 5
    duplicates = result.duplicates[0]
    assert duplicates.relation.tolist() == [*Relation][:5]
    assert duplicates.keep.tolist() == [True, False, False, False, False]
    assert duplicates.original.tolist() == [-1, 0, 0, 0, 0]
    assert duplicates.counts() == dict.fromkeys(RELATION_NAMES[1:5], 1)
    assert deduplicate("abcde", [found], drop=False).duplicates[0].keep.all()


def test_a_variant_joins_the_group_but_is_kept() -> None:
    result = deduplicated([("a", [(0, 0, 0)]), ("b", [(0, 3, 4)]), ("c", [(1, 0, 0)])])
    assert result.groups == ["a", "a", "c"]
    assert result.duplicates[0].keep.all()


def test_a_piece_that_links_two_splits_loses_what_is_on_the_wrong_side() -> None:
    names = _in_different_splits()
    corpus: list[Piece] = [(names[0], [(0, 0, 0)]), (names[1], [(1, 0, 0)]), ("new", [(0, 0, 4), (1, 0, 4)])]
    result = deduplicated(corpus, drop=False)
    assert result.groups == [names[0], names[1], names[0]]
    assert result.duplicates[0].relation.tolist() == [
        Relation.NONE,
        Relation.NONE,
        Relation.NONE,
        Relation.CROSS_SPLIT,
    ]
    assert result.duplicates[0].keep.tolist() == [True, True, True, False]


def test_a_group_holds_over_all_kinds() -> None:
    """The second piece is like the first in one kind, the third like the second in the other."""
    one, _ = linked([[profile(0, 0, 0)], [profile(0, 0, 3)], []])
    other, _ = linked([[], [profile(3, 0, 0)], [profile(3, 2, 3)]])
    assert deduplicate("abc", [one], drop=True).groups == ["a", "a", "c"]
    assert deduplicate("abc", [other], drop=True).groups == ["a", "b", "b"]
    assert deduplicate("abc", [one, other], drop=True).groups == ["a", "a", "a"]


def test_a_plain_pattern_links_no_pieces() -> None:
    beat = Profile(np.arange(0, 256, 2), np.tile([0, 2, 1, 2], 32))
    found, _ = linked([[beat], [profile(1, 0, 0), beat], [beat]])
    result = deduplicate("abc", [found], drop=True)
    assert result.groups == ["a", "b", "c"]
    assert result.duplicates[0].relation.tolist() == [
        Relation.NONE,
        Relation.NONE,
        Relation.EXACT,
        Relation.EXACT,
    ]


def _in_different_splits() -> tuple[str, str]:
    words = [f"tune {number}" for number in range(100)]
    return next(word for word in words if split_of(word) == "train"), next(
        word for word in words if split_of(word) == "test"
    )


def test_many_of_a_kind_are_all_found() -> None:
    corpus: list[Piece] = [(f"piece {n}", [(0, n % 5, 0)]) for n in range(60)]
    result = deduplicated(corpus)
    assert result.duplicates[0].keep.sum() == 1
    assert set(result.groups) == {"piece 0"}


def test_windows_that_hundreds_share_leave_few_links() -> None:
    found, _ = linked([[profile(0, 0, n % 12)] for n in range(600)])
    assert len(found.links.earlier) < 600 * 100
    assert set(deduplicate([f"piece {n}" for n in range(600)], [found], drop=False).groups) == {"piece 0"}


def test_a_corpus_without_sequences_can_be_deduplicated() -> None:
    result = deduplicate(
        ["a"], [KindLinks(np.zeros(0, np.int32), find_links(np.zeros(0, FINGERPRINT)))], drop=True
    )
    assert (result.groups, len(result.duplicates[0].keep)) == (["a"], 0)


def test_thresholds_are_in_order() -> None:
    assert 0 < NOTE_THRESHOLDS.related < RHYTHM_THRESHOLDS.related < similarity.NEAR_THRESHOLD <= 1
