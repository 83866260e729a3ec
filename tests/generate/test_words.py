"""What people write, and the values and records it becomes."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from antiphon import recipes
from antiphon.codecs.families import FAMILIES
from antiphon.codecs.pitches import PitchView
from antiphon.errors import AntiphonError, FormatError, NameNotFound, OptionError, PromptError
from antiphon.generate import Options, notation
from antiphon.generate.notation import MODES
from antiphon.generate.options import Keywords, fields
from antiphon.generate.prompt import Prompt, prompt
from antiphon.generate.tonality import relative_major, scale, tonic_chord, way_to
from antiphon.score.maps import Key, Meter


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("D minor", Key(2, "minor")),
        ("d minor", Key(2, "minor")),
        ("Em", Key(4, "minor")),
        ("Bb", Key(10)),
        ("B", Key(11)),
        ("b minor", Key(11, "minor")),
        ("bb", Key(10)),
        ("F# major", Key(6)),
        ("C♯ min", Key(1, "minor")),
        ("A flat major", Key(8)),
        ("Cb", Key(11)),
        ("E Dorian", Key(4, "dorian")),
        ("Gmaj", Key(7)),
    ],
)
def test_keys(text: str, key: Key) -> None:
    assert notation.key(text) == key
    assert notation.key(str(key)) == key


@pytest.mark.parametrize("text", ["H", "", "D x", "D minor 7", "do", "#F"])
def test_no_keys(text: str) -> None:
    with pytest.raises(AntiphonError, match=r"Key|mode"):
        notation.key(text)


@pytest.mark.parametrize(
    ("text", "meter"), [("3/4", Meter(3, 4)), (" 6 / 8 ", Meter(6, 8)), ("12/16", Meter(12, 16))]
)
def test_meters(text: str, meter: Meter) -> None:
    assert notation.meter(text) == meter


@pytest.mark.parametrize("text", ["\x1b[2J", "3", "3/5", "0/4", "3/4/4", "-3/4", "waltz", "100/4", "4/0"])
def test_no_meters(text: str) -> None:
    with pytest.raises(OptionError, match="Meter") as caught:
        notation.meter(text)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("text", ["60 -2 62", "[60, -2, 62]", "60,-2,62", "(60 -2 62)"])
def test_events(text: str) -> None:
    assert FAMILIES["melody"].read(text, PitchView()) == [60, -2, 62]


@pytest.mark.parametrize("text", ["60 c4", "1.5", "--2"])
def test_no_events(text: str) -> None:
    with pytest.raises(PromptError, match="no number"):
        FAMILIES["melody"].read(text, PitchView())


def test_programs() -> None:
    assert notation.program("cello") == notation.program("42") == notation.program(42) == 42
    with pytest.raises(NameNotFound, match="cello"):
        notation.program("celo")


def test_scales_and_chords() -> None:
    d_minor, e_dorian = Key(2, "minor"), Key(4, "dorian")
    assert relative_major(d_minor) == 5
    assert relative_major(e_dorian) == 2
    assert scale(d_minor) == {2, 4, 5, 7, 9, 10, 0}
    assert tonic_chord(d_minor) == {2, 5, 9}
    assert tonic_chord(e_dorian) == {4, 7, 11}
    assert tonic_chord(Key(0)) == {0, 4, 7}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("near", [-24, -7, 0, 5, 19])
def test_the_way_to_a_key_is_the_nearest(mode: str, near: int) -> None:
    for tonic in range(12):
        key = Key(tonic, mode)
        way = way_to(key, home=3, near=near)
        assert (3 + way) % 12 == relative_major(key)
        assert -6 <= way - near <= 6


@pytest.mark.parametrize(
    ("grid", "is_one"),
    [
        ({"steps_per_quarter": 4}, True),
        ({"steps_per_quarter": 0, "steps_per_second": 10}, True),
        ({"steps_per_quarter": 4, "steps_per_second": 10}, False),
        ({"steps_per_quarter": 0, "steps_per_second": 0}, False),
    ],
)
def test_a_recorded_primer_is_counted_in_one_way(grid: dict[str, int], is_one: bool) -> None:
    recipe = recipes.find("melody/basic")
    record = prompt([60, -2, 62], recipe).as_dict() | grid
    if is_one:
        assert Prompt.from_dict(record, recipe).as_dict() == record
    else:
        with pytest.raises(PromptError, match="expected one of the two"):
            Prompt.from_dict(record, recipe)


@pytest.mark.parametrize(
    "value", [[[1.0]], [[1.0], [math.nan]], [[1.0], [10**400]], [1.0, 2.0], "loud", [[], []]]
)
def test_a_recorded_primers_numbers_are_one_for_each_event(touching: Any, value: Any) -> None:
    recipe = recipes.find("melody/basic")
    record = prompt([60, -2], recipe).as_dict()
    assert Prompt.from_dict(record | {"value": [[1.0], [-2]]}, recipe).numbers.tolist() == [[1], [-2]]
    with pytest.raises(FormatError, match="does not go with 2 events of 'melody/basic'"):
        Prompt.from_dict(record | {"value": value}, recipe)


OPTIONS: list[dict[str, Any]] = [
    {},
    {"bars": 4, "meter": "3/4", "key": "Bb", "program": "cello", "qpm": 90, "in_key": True},
    {"steps": 40, "temperature": 0, "top_k": 3, "top_p": 0.5, "with_primer": False, "transpose": -3},
    {"beam_size": 3, "branch_factor": 4, "steps_per_iteration": 5, "key": "E dorian"},
    {"seconds": 2.5, "control": "density 3", "primer_bars": 2},
]


@pytest.mark.parametrize("values", OPTIONS)
def test_options_survive_json(values: dict[str, Any]) -> None:
    options = Options.of(**values)
    assert Options.from_dict(json.loads(json.dumps(options.as_dict()))) == options


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"bars": 0}, "length is 0 bars"),
        ({"steps": -1}, "length is -1 steps"),
        ({"steps": 10**9}, "up to 100000"),
        ({"bars": 2, "steps": 2}, "Both bars and steps are given"),
        ({"steps": 2, "seconds": 2}, "Both steps and seconds are given"),
        ({"seconds": 0}, "length is 0 seconds"),
        ({"seconds": float("inf")}, "length is inf seconds"),
        ({"qpm": 0}, "tempo is 0"),
        ({"qpm": float("nan")}, "tempo is nan"),
        ({"transpose": 200}, "transposition is 200"),
        ({"in_key": True}, "needs a key"),
        ({"temperature": -1}, "temperature is -1"),
        ({"top_p": 0}, "top-p is 0"),
        ({"beam_size": 0}, "beam's size is 0"),
    ],
)
def test_options_outside_their_range(values: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Options.of(**values)


def test_options_that_are_mistyped() -> None:
    with pytest.raises(NameNotFound, match="Did you mean 'temperature'"):
        Options.of(temprature=1)
    with_all = Options.of(key="D", meter="3/4", temperature=2.0)
    assert with_all.without("key", "meter") == Options.of(temperature=2.0)


def test_options_of_a_newer_version() -> None:
    with pytest.raises(OptionError, match="'swing'"):
        Options.from_dict({"swing": 1})


def test_every_option_is_a_keyword_of_python_and_the_other_way_round() -> None:
    names = [field.name for _, field in fields()]
    assert list(Keywords.__annotations__) == names
    assert len(set(names)) == len(names)
    for group, field in fields():
        assert field.setting.help, f"{group}.{field.name} says nothing"


def test_options_that_were_given() -> None:
    assert Options.of(key="D", temperature=1.0).given("key", "temperature", "transpose") == ["key"]
