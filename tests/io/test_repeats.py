"""The order in which written bars are played."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import FormatError
from antiphon.io.repeats import RepeatMarks, order


def written(text: str) -> list[RepeatMarks]:
    """Bars from a line such as '|:A B :| C': a letter a bar, its marks in tokens beside it."""
    bars: list[dict[str, object]] = []
    coming: dict[str, object] = {}
    for token in text.split():
        if len(token) == 1 and token.isalpha():
            bars.append(coming)
            coming = {}
        elif token == "|:":
            coming["starts"] = True
        elif token == "||":
            coming["is_section"] = True
        elif token in ("segno", "coda"):
            coming[f"is_{token}"] = True
        elif token.startswith("["):
            coming["endings"] = tuple(int(number) for number in token[1:].split(","))
        elif token.startswith(":|"):
            bars[-1]["ends"] = int(token[2:] or 2)
        else:
            after = {"DC": ("jump", "capo"), "DS": ("jump", "segno"), "fine": ("fine", True)}
            name, value = {**after, "to": ("to_coda", True), "stop": ("ending_stops", True)}[token]
            bars[-1][name] = value
    return [RepeatMarks(**bar) for bar in bars]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "played"),
    [
        ("A B C", "ABC"),
        ("|: A :| |: B :|", "AABB"),
        ("A B :| C", "ABABC"),
        ("A :| B :|", "AABB"),
        ("A || B :|", "ABAB"),
        ("A :| B || C :|", "AABCC"),
        ("A || |: B :| C || D :|", "ABBCDD"),
        ("|: A || B :|", "ABAB"),
        ("A |: B :|4 C", "ABBBBC"),
        ("|: A [1 B :| [2 C", "ABAC"),
        ("|: A [1 B :| [2 C :|", "ABAC"),
        ("|: A [1 B :| [2 C |: D :|", "ABACDD"),
        ("|: A [1 B [2 C stop D", "ABACD"),
        ("|: A [1,3 B :| [2 C :| [4 D", "ABACABAD"),
        ("|: A [1,3 B :| [2 C", "ABACAB"),
        ("|: A [1 B :| C", "ABAC"),
        ("A :| [2 B", "AAB"),
        ("|: A [1 B :| [2 C stop D :| E", "ABACDDE"),
        ("[1 A :| [2 B", "AB"),
        ("A B fine C DC", "ABCAB"),
        ("A segno B C DS D", "ABCBCD"),
        ("A B to C DC coda D E", "ABCABDE"),
        ("|: A :| B DC", "AABAB"),
        ("|: A [1 B :| [2 C DC", "ABACAC"),
        ("A DS", "AA"),
        ("A DC coda B to C DC", "AABCABC"),
        ("|: |: A |: B :| :|", "ABB"),
    ],
)
def test_order(text: str, played: str) -> None:
    names = [token for token in text.split() if len(token) == 1 and token.isalpha()]
    assert "".join(names[bar] for bar, _ in order(written(text))) == played


def test_the_pass_of_a_bar_counts_its_section_only() -> None:
    assert [turn for _, turn in order(written("|: A [1 B :| [2 C |: D :|"))] == [1, 1, 2, 2, 1, 2]


def test_more_bars_than_allowed_are_refused() -> None:
    assert len(order(written("A :|100 B"), most=101)) == 101
    with pytest.raises(FormatError, match="more than 100 bars"):
        order(written("A :|100 B"), most=100)
    with pytest.raises(FormatError):
        order([RepeatMarks(ends=10**12)])


marks = st.builds(
    RepeatMarks,
    starts=st.booleans(),
    is_section=st.booleans(),
    endings=st.lists(st.integers(1, 5), max_size=3).map(tuple),
    ends=st.sampled_from([0, 0, 2, 3]),
    ending_stops=st.booleans(),
    is_segno=st.booleans(),
    is_coda=st.booleans(),
    jump=st.sampled_from(["", "", "capo", "segno"]),
    to_coda=st.booleans(),
    fine=st.booleans(),
)


@given(st.lists(marks, max_size=12))
def test_any_marks_end_and_only_name_bars_that_are_there(bars: list[RepeatMarks]) -> None:
    played = order(bars)
    assert all(0 <= bar < len(bars) and turn >= 1 for bar, turn in played)
    walks = 1 + sum(bool(bar.jump) + bar.to_coda for bar in bars)
    assert len(played) <= len(bars) * 5 * walks


@given(
    st.lists(st.builds(RepeatMarks, starts=st.booleans(), is_section=st.booleans(), ends=st.integers(0, 4)))
)
def test_without_endings_and_jumps_every_bar_is_played_in_order(bars: list[RepeatMarks]) -> None:
    played = [bar for bar, _ in order(bars)]
    assert list(dict.fromkeys(played)) == list(range(len(bars)))
