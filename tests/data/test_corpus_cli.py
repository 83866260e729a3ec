from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from antiphon.cli import corpus as verb
from antiphon.errors import AntiphonError, CorpusError, OptionError

Tunes = Callable[..., Path]


@pytest.fixture
def antiphon() -> Callable[..., Result]:
    app = typer.Typer()
    verb.register(app)
    app.callback()(lambda: None)

    def run(*words: object) -> Result:
        result = CliRunner().invoke(app, ["corpus", *map(str, words)])
        if isinstance(result.exception, AntiphonError):
            raise result.exception
        return result

    return run


def test_build_prints_results_and_says_what_is_next(
    antiphon: Callable[..., Result], tunes: Tunes, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = antiphon("build", tunes(5), "-o", out, "--workers", 1)
    assert result.exit_code == 0
    assert result.stdout.startswith("5 melody sequences of 5 groups")
    assert f"antiphon corpus inspect {out}" in result.stderr


def test_options_reach_the_extraction(antiphon: Callable[..., Result], tunes: Tunes, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("--min-bars", 2, "--max-steps", 0, "--polyphony", "top", "--track", 0, "--gap-bars", 2)
    result = antiphon("build", tunes(3), "-o", out, "--workers", 1, "--json", *words)
    assert json.loads(result.stdout)["sequences"] == 3
    options = json.loads((out / "corpus.json").read_text())["kinds"]["melody"]["options"]
    assert options["max_steps"] is None
    assert (options["min_bars"], options["polyphony"], options["track"], options["gap_bars"]) == (
        2,
        "top",
        0,
        2.0,
    )


def test_inspect_tells_draws_and_warns(antiphon: Callable[..., Result], tunes: Tunes, tmp_path: Path) -> None:
    out, picture = tmp_path / "out", tmp_path / "report.png"
    antiphon("build", tunes(5), "-o", out, "--workers", 1)
    result = antiphon("inspect", out, "-o", picture)
    assert "4/4 5" in result.stdout
    assert "Only 5 groups of pieces" in result.stderr
    assert "--from melody/attention" in result.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    figures = json.loads(antiphon("inspect", out, "--json").stdout)
    assert figures["sequences"] == figures["groups"] == figures["pieces"] == 5
    assert figures["results"] == {"used": 5}
    assert sum(split["sequences"] for split in figures["splits"].values()) == 5
    assert figures["bars"]["median"] == 8
    assert len(figures["pitches"]) == 128


def test_what_was_lost_comes_with_advice(
    antiphon: Callable[..., Result], tunes: Tunes, tmp_path: Path
) -> None:
    from antiphon.io import save
    from antiphon.score.notes import Notes
    from antiphon.score.score import Score

    folder = tunes(2)
    for number in range(3):
        save(Score(Notes.of([0, 0], [480, 480], [60, 64 + number])), folder / f"chord {number}.mid")
    antiphon("build", folder, "-o", tmp_path / "out", "--workers", 1)
    assert "--polyphony top" in antiphon("inspect", tmp_path / "out").stderr


def test_errors_are_ours(antiphon: Callable[..., Result], tunes: Tunes, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no corpus"):
        antiphon("inspect", tmp_path)
    with pytest.raises(OptionError, match="polyphony"):
        antiphon("build", tunes(1), "-o", tmp_path / "out", "--polyphony", "maybe")
    antiphon("build", tunes(1), "-o", tmp_path / "out", "--workers", 1)
    with pytest.raises(OptionError, match=r"\.png"):
        antiphon("inspect", tmp_path / "out", "-o", tmp_path / "report.xyz")
