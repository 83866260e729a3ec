from __future__ import annotations

import numpy as np
import pytest

from antiphon.data.splits import SPLITS, group_of_name, split_of

SAME = [
    ("x/Cooley's Reel.mid", "y/cooleys_reel.abc", "cooleysreel"),
    ("Cooley's Reel (2).mid", "Cooleys_Reel_v2.mid", "cooleysreel"),
    ("cooleys reel copy.mid", "cooleys-reel-copy 3.mid", "cooleysreel"),
    ("Cooley's Reel [transposed].mid", "cooleys reel transposed +5.mid", "cooleysreel"),
    ("cooleys_reel_-3.mid", "cooleys_reel tr+2.mid", "cooleysreel"),
    ("Yesterday.1.mid", "Yesterday.12.mid", "yesterday"),
    ("Für Elise.mid", "fur elise.mid", "furelise"),
    ("tune (version 2) (1).mid", "Tune.mid", "/tune"),
]
APART = [
    ("ashover10.mid", "ashover11.mid"),
    ("Sonata-1.mid", "Sonata-2.mid"),
    ("lc6583477.mid", "lc6583512.mid"),
    ("Henry V.mid", "Henry.mid"),
    ("001/001.mid", "002/001.mid"),
    ("a/track 01.mid", "b/track 01.mid"),
    ("Prelude Op.1.mid", "Prelude Op.2.mid"),
]


@pytest.mark.parametrize(("one", "other", "group"), SAME)
def test_variants_share_a_name(one: str, other: str, group: str) -> None:
    assert group_of_name(one) == group_of_name(other) == group


@pytest.mark.parametrize(("one", "other"), APART)
def test_different_pieces_do_not(one: str, other: str) -> None:
    assert group_of_name(one) != group_of_name(other)


@pytest.mark.parametrize("path", ["", "...", "(2).mid", " copy.mid", "~", "♫.mid"])
def test_there_is_always_a_name(path: str) -> None:
    assert group_of_name(path) or not path


def test_splits_are_of_their_sizes_and_fixed() -> None:
    found = [split_of(f"group {number}") for number in range(4000)]
    shares = [found.count(name) / len(found) for name in SPLITS]
    assert np.allclose(shares, [0.8, 0.1, 0.1], atol=0.02)
    assert [split_of(name) for name in ("a", "b", "g", "h", "i")] == [
        "train", "train", "validation", "train", "validation",
    ]  # fmt: skip
