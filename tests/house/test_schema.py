"""Settings: checked when they are made, read back from JSON, and from what a person types."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, dataclass
from typing import ClassVar

import pytest

from antiphon import schema
from antiphon.errors import NameNotFound, OptionError
from antiphon.registry import Registry
from antiphon.schema import Opaque, Part, Settings, setting


@dataclass(frozen=True)
class Bell(Part):
    name: ClassVar[str] = "bell"
    group: ClassVar[str] = "bells"
    weights: tuple[int, ...] = setting((3, 4), "Hundredweights.", low=1, high=50)
    pitch: float = setting(1.5, low=0, high=2)
    hung: bool = setting(True)
    metal: str = setting("bronze", choices=("bronze", "steel"))
    ringer: int | None = setting(None, low=0)
    pair: tuple[int, int] = setting((0, 1))


@dataclass(frozen=True)
class Gong(Part):
    name: ClassVar[str] = "gong"
    size: int = setting()


PARTS: Registry[type[Part]] = Registry("instrument", "test.instruments", {"bell": Bell, "gong": Gong})
FIELDS = {field.name: field for field in schema.fields(Bell)}


def test_values_go_to_json_and_back() -> None:
    bell = Bell(weights=(7,), pitch=0.1, hung=False, ringer=2, pair=(3, 4))
    plain = json.loads(json.dumps(schema.plain(bell)))
    assert plain == {
        "name": "bell", "weights": [7], "pitch": 0.1, "hung": False, "metal": "bronze", "ringer": 2,
        "pair": [3, 4],
    }  # fmt: skip
    assert schema.built_part(PARTS, plain, "instrument") == bell
    with pytest.raises(FrozenInstanceError):
        bell.pitch = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"weights": (0,)}, "bells.weights is 0; expected 1 to 50"),
        ({"weights": (3, 51)}, "bells.weights is 51"),
        ({"pitch": float("nan")}, "bells.pitch is nan; expected 0 to 2"),
        ({"pitch": -1.0}, "bells.pitch is -1.0"),
        ({"metal": "tin"}, "bells.metal is 'tin'; expected one of bronze, steel"),
        ({"ringer": -1}, "bells.ringer is -1; expected 0 or more"),
    ],
)
def test_values_out_of_bounds_are_refused_when_they_are_made(values: dict, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        Bell(**values)


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        (3, OptionError, "expected a group of values"),
        ({}, OptionError, "expected a group of values with a name"),
        ({"name": "bel"}, NameNotFound, "Did you mean 'bell'"),
        ({"name": "bell", "colour": 3}, NameNotFound, "'instrument.colour'"),
        ({"name": "bell", "pitch": "high"}, OptionError, "'instrument.pitch' is 'high'; expected float"),
        ({"name": "bell", "weights": 3}, OptionError, "expected a list of int values"),
        ({"name": "bell", "weights": [1.5]}, OptionError, "expected int"),
        ({"name": "bell", "weights": [True]}, OptionError, "expected int"),
        ({"name": "bell", "hung": 1}, OptionError, "expected bool"),
        ({"name": "bell", "pitch": True}, OptionError, "'instrument.pitch' is True; expected float"),
        ({"name": "bell", "pair": [1]}, OptionError, "has 1 values; expected 2"),
        ({"name": "gong"}, OptionError, "lacks instrument.size"),
    ],
)
def test_json_of_other_types_is_refused(values: object, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        schema.built_part(PARTS, values, "instrument")


def test_a_part_that_is_not_installed_is_handed_on_as_it_came() -> None:
    values = {"name": "celesta", "keys": 56, "tuned": [1, 2]}
    part = schema.built_part(PARTS, values, "instrument", lenient=True)
    assert isinstance(part, Opaque)
    assert schema.plain(part) == values


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("weights", "5,6", [5, 6]),
        ("weights", "[5, 6]", [5, 6]),
        ("weights", "", []),
        ("pitch", "0.5", 0.5),
        ("hung", "False", False),
        ("hung", "1", True),
        ("ringer", "none", None),
        ("ringer", "", None),
        ("ringer", "4", 4),
        ("metal", "steel", "steel"),
    ],
)
def test_what_a_person_types(name: str, text: str, value: object) -> None:
    assert schema.parsed(FIELDS[name], text, name) == value


@pytest.mark.parametrize(
    ("name", "text"), [("pitch", "high"), ("hung", "maybe"), ("ringer", "1.5"), ("weights", "1,x")]
)
def test_what_a_person_types_wrongly(name: str, text: str) -> None:
    with pytest.raises(OptionError, match=f"'{name}={text}'"):
        schema.parsed(FIELDS[name], text, name)


def test_names_of_values_have_dots() -> None:
    @dataclass(frozen=True)
    class Tower(Settings):
        bell: Bell = Bell()
        height: int = setting(30)

    assert list(schema.dotted(Tower()))[:2] == ["bell.weights", "bell.pitch"]
    assert list(schema.dotted(Tower()))[-1] == "height"
    celesta = schema.built_part(PARTS, {"name": "celesta", "keys": 56}, "instrument", lenient=True)
    assert list(schema.dotted(Tower(bell=celesta))) == ["height"], "what is not installed has no values"
    numbers = {name for name in FIELDS if schema.is_number(FIELDS[name].hint)}
    assert numbers == {"pitch", "ringer"}
