"""Registries: what other packages bring is found; what two claim, and what is broken, costs itself only."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from antiphon import registry
from antiphon.codecs.families import FAMILIES
from antiphon.codecs.kinds import KINDS
from antiphon.errors import ConflictError, NameNotFound, PluginWarning
from antiphon.io.formats import FORMATS
from antiphon.recipes import RECIPES
from antiphon.recipes.parts import CODECS, CONTROLS, HEADS, NETS
from antiphon.registry import Registry

EVERY = (RECIPES, FAMILIES, KINDS, FORMATS, CODECS, NETS, HEADS, CONTROLS)
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """`install("package", 'x = ...', bell="x")` puts a package with this source and these entry points where
    Python finds it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(package: str, source: str, **points: str) -> None:
        (tmp_path / f"{package}.py").write_text(source)
        about = tmp_path / f"{package}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [f"{name} = {package}:{attribute}" for name, attribute in points.items()]
        (about / "entry_points.txt").write_text("\n".join(["[test.bells]", *lines, ""]))
        registry._installed.cache_clear()

    yield put
    registry._installed.cache_clear()
    for name in ("rings", "tolls", "cracked"):
        sys.modules.pop(name, None)


BELL = """
class Bell:
    def __init__(self, name):
        self.name = name

{lines}
"""


def bells(*names: str) -> str:
    return BELL.format(lines="\n".join(f"{name} = Bell('{name}')" for name in names))


def made(**ours: Any) -> Registry[Any]:
    return Registry("bell", "test.bells", ours, fits=lambda thing: hasattr(thing, "name"))


class Own:
    name = "own"


def test_ours_come_first_and_other_packages_follow(install: Install) -> None:
    install("rings", bells("treble", "tenor"), first="treble", second="tenor")
    found = made(own=Own)
    assert list(found) == ["own", "treble", "tenor"]
    assert (found["tenor"].name, found["own"], len(found)) == ("tenor", Own, 3)
    assert [thing.name for thing in found.things()] == ["own", "treble", "tenor"]
    assert "treble" in found
    assert "first" not in found, "a thing goes by its own name"
    with pytest.raises(NameNotFound, match=r"No bell 'trebel'\. Did you mean 'treble'"):
        found.find("trebel")


def test_a_name_that_two_packages_claim_names_both(install: Install) -> None:
    install("rings", bells("tenor", "treble"), a="tenor", b="treble")
    install("tolls", bells("tenor"), c="tenor")
    found = made(own=Own)
    with pytest.raises(
        ConflictError, match=r"Two packages bring a bell 'tenor': rings and tolls\. Uninstall"
    ):
        found.find("tenor")
    assert found["treble"].name == "treble", "everything else stays"
    with pytest.warns(PluginWarning, match="'tenor': rings and tolls"):
        assert [thing.name for thing in found.things()] == ["own", "treble"]


def test_nobody_replaces_ours(install: Install) -> None:
    install("rings", bells("own"), mine="own")
    found = made(own=Own)
    with pytest.raises(ConflictError, match="'own': antiphon and rings"):
        found.find("own")


@pytest.mark.parametrize(
    ("source", "point", "said"),
    [
        ("import nonsense_that_is_not_there", "x", "ModuleNotFoundError: No module named 'nonsense_that"),
        ("x = 1", "y", "AttributeError"),
        ("x = 1", "x", "TypeError: that is no bell"),
        ("def f(:", "x", "SyntaxError"),
        ("raise RuntimeError('two\\nlines')", "x", "RuntimeError: two lines"),
        ("{}['a key']", "x", "KeyError: 'a key'"),
        ("import os\nos.remove('not there')", "x", "FileNotFoundError"),
    ],
)
def test_a_broken_entry_point_costs_itself_and_a_warning(
    install: Install, source: str, point: str, said: str
) -> None:
    install("cracked", source, bell=point)
    install("rings", bells("tenor"), a="tenor")
    found = made(own=Own)
    with pytest.warns(PluginWarning, match="package 'cracked' brings a bell 'bell' that cannot") as warned:
        assert list(found) == ["own", "tenor"]
    [message] = [str(warning.message) for warning in warned]
    assert said in message
    assert "\n" not in message
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert found["tenor"].name == "tenor", "it is said once"


def test_what_has_a_name_but_does_not_fit_is_left_out(install: Install) -> None:
    install("rings", bells("treble", "tenor"), a="treble", b="tenor")
    found: Registry[Any] = Registry("bell", "test.bells", {"own": Own}, fits=lambda thing: "b" in thing.name)
    with pytest.warns(PluginWarning, match="'tenor'|'b' that cannot be loaded .TypeError: that is no bell"):
        assert list(found) == ["own", "treble"]


def test_every_registry_holds_things_by_their_own_names() -> None:
    for each in EVERY:
        assert [thing.name for thing in each.things()] == list(each)
        assert each.group.startswith("antiphon.")
    assert len({each.group for each in EVERY}) == len({each.sort for each in EVERY}) == len(EVERY)
