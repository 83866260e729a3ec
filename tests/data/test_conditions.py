from __future__ import annotations

from collections.abc import Sequence

import pytest

from antiphon.data.conditions import PieceRecord, check_names, parse
from antiphon.errors import OptionError

PIECE = PieceRecord(
    "sets/folk/b.abc#12",
    "cooleys",
    {
        "style": ["Funk/Groove1"],
        "genre": ["Folk", "Dance, slow"],
        "bpm": ["98.5"],
        "notes": ["7"],
        "key": ["D"],
    },
    {
        "tempo": 120.0,
        "notes": 512,
        "meter": "6/8",
        "key": "Db minor",
        "programs": [0, 33],
        "lowest": 40,
    },
)


def holds(text: str) -> bool:
    return all(condition.holds(PIECE) for condition in parse([text]))


@pytest.mark.parametrize(
    "text",
    [
        "style=funk/groove1", "style = FUNK/groove1", "style=jazz,Funk/Groove1", "style~funk",
        "style~jazz,FUNK",
        "style!=funk", "genre=folk", 'genre="dance, slow"', "artist!=anybody", "tempo=120", "tempo=120.0,90",
        "tempo>=120", "tempo<=120", "tempo>119.5", "tempo<121", "notes>500", "notes=512", "notes!=7",
        "bpm>98", "bpm<1e3", "bpm=98.5", "meter=3/4,6/8", "key=C# minor", "key=db Minor", "key~minor",
        "key=D",
        "key=d major", "programs=33", "programs=fingered electric bass", "programs=bass", "programs~PIANO",
        "path~folk", "folder=sets", "folder=folk", "file=b.abc#12", "file~b.abc", "group=Cooleys",
    ],
)  # fmt: skip
def test_what_holds(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "style=funk", "style!=jazz,funk/groove1", "style~jazz", "artist=anybody", "artist~a", "tempo=121",
        "tempo>120", "tempo<120", "notes<512", "notes=7", "highest>0", "bpm>99", "style>1", "meter=6",
        "key=minor",
        "key=C minor", "programs=3", "programs=organ", "folder=folk/b.abc", "folder=fol", "group=cooley",
    ],
)  # fmt: skip
def test_what_does_not_hold(text: str) -> None:
    assert not holds(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("style", "no condition"),
        ("=funk", "no condition"),
        ("style=", "no condition"),
        ("style=a,,b", "no condition"),
        ("", "no condition"),
        ("tempo=fast", "expected a number"),
        ("tempo>nan", "expected a number"),
        ("style<rock", "expected a number"),
        ("tempo<1,2", "'<' takes one"),
    ],
)
def test_what_is_no_condition_says_so(text: str, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        parse([text])


def test_a_name_that_no_piece_has_is_refused_with_the_nearest_and_all() -> None:
    def checked(where: Sequence[str]) -> None:
        check_names(parse(where), {"style", "genre"})

    checked(["style=a", "tempo>1", "path~x", "Genre=b"])
    with pytest.raises(
        OptionError, match=r"has a 'stile'\. Did you mean 'style'\? There are: .*genre.*tempo"
    ):
        checked(["tempo>1", "stile=funk"])
    with pytest.raises(OptionError, match=r"has a 'qqqq'\. There are: "):
        checked(["qqqq=1"])
