"""`antiphon models` and `antiphon export`, as a person calls them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import typer
from safetensors.numpy import save
from typer.testing import CliRunner

from antiphon import recipes
from antiphon.cli import export, models
from antiphon.runtime import bundle
from antiphon.runtime.bundle import Bundle, Graph, write

CARD = "# Basic\n\nGood.\n\n## What it is bad at\n\nLong forms,\nand *rests*.\n\nMore.\n"


@pytest.fixture
def app():
    made = typer.Typer()
    models.register(made)
    export.register(made)
    return made


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A shelf of shipped bundles with one on it, and one that is broken."""
    monkeypatch.setattr(bundle, "_SHIPPED", tmp_path)
    made = Bundle(
        name="melody/basic",
        recipe=recipes.find("melody/basic"),
        opening=np.eye(130)[62],
        state={},
        safetensors=save({"w": np.zeros(2, np.float32)}),
        graphs={
            "step": Graph(
                b"",
                {"event": ("int64", (1,)), "temperature": ("float32", ())},
                {"log_p": ("float32", (130,))},
            )
        },
        card=CARD,
        provenance={"licence": "public domain"},
        metrics={"nll_per_step": 1.25, "perplexity": 3.49},
    )
    write(tmp_path / "melody-basic.antiphon", made)
    (tmp_path / "melody-broken.antiphon").write_bytes(b"PK")
    return tmp_path


def test_models_as_json(app, shelf):
    result = CliRunner().invoke(app, ["models", "--json"])
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    basic, broken = found["bundles"]
    assert basic["name"] == "melody/basic"
    assert (basic["nll_per_step"], basic["licence"]) == (1.25, "public domain")
    assert basic["bad_at"] == "Long forms, and *rests*."
    assert "no bundle" in broken["error"]
    assert set(found["recipes"]) == set(recipes.RECIPES)


def test_models_as_tables(app, shelf):
    (shelf / "melody-broken.antiphon").unlink()
    result = CliRunner().invoke(app, ["models"])
    assert result.exit_code == 0
    assert "melody/attention" in result.stdout
    assert "public domain" in result.stdout
    assert "1.250" in result.stdout
    assert "Next:" in result.stderr


@pytest.mark.parametrize("name", ["melody/basic", "{shelf}/melody-basic.antiphon"])
def test_a_named_bundle_shows_its_card(app, shelf, name):
    result = CliRunner().invoke(app, ["models", name.format(shelf=shelf)])
    assert (result.exit_code, result.stdout.strip()) == (0, CARD.strip())


def test_a_card_without_limits_has_none():
    assert models.bad_at("# Basic\n\nGood.") == ""
