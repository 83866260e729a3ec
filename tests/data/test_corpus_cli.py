from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from antiphon.cli.corpus.options import extraction_options
from antiphon.cli.corpus.progress import line
from antiphon.data.build import Progress
from antiphon.errors import AntiphonError, CorpusError, NameNotFound, OptionError
from antiphon.io import load, save
from antiphon.score.notes import Notes

Tunes = Callable[..., Path]


@pytest.fixture
def antiphon(told: Callable[..., Result]) -> Callable[..., Result]:
    """As `told`, but errors are raised."""

    def run(*words: object) -> Result:
        result = told(*words)
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
    assert result.stdout.startswith("5 melody sequences of 5 groups\npieces: 5 used\n")
    assert f"antiphon corpus inspect {out}" in result.stderr


def test_options_reach_the_extraction(antiphon: Callable[..., Result], tunes: Tunes, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("--min-bars", 2, "--max-steps", 0, "--polyphony", "top", "--track", 0, "--gap-bars", 2)
    result = antiphon("build", tunes(3), "-o", out, "--workers", 1, "--json", *words)
    assert json.loads(result.stdout)["kinds"]["melody"]["sequences"] == 3
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
    melody = figures["kinds"]["melody"]
    assert melody["sequences"] == melody["groups"] == melody["pieces"] == figures["pieces"] == 5
    assert figures["results"] == {"used": 5}
    assert sum(split["sequences"] for split in melody["splits"].values()) == 5
    assert (melody["lengths"]["median"], melody["unit"]) == (8, "bars")
    assert len(melody["sounds"]) == 128
    assert figures["music"]["seconds"]["median"] == 16


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
    with pytest.raises(OptionError, match=r"\.html, \.png"):
        antiphon("inspect", tmp_path / "out", "-o", tmp_path / "report.xyz")


@pytest.fixture
def several(antiphon: Callable[..., Result], tunes: Tunes, tmp_path: Path) -> Path:
    """A corpus of melodies and drums: of six tunes three have drums, and a table tells two styles apart."""
    folder = tunes(6)
    names = sorted(path.name for path in folder.iterdir())
    rows = [f"{name},{('reel', 'jig')[place % 2]}" for place, name in enumerate(names)]
    (folder / "list.csv").write_text("\n".join(["file,style", *rows]) + "\n")
    for number, name in enumerate(names[::2]):
        score, draw = load(folder / name), np.random.default_rng([9, number])
        beats = np.flatnonzero(draw.random(8 * 16) < 0.6) * 120
        pitch = draw.choice([36, 38, 42], len(beats))
        drums = Notes.of(beats, beats + 60, pitch, is_drum=True, track=1)
        save(score.replace(notes=Notes.join([score.notes, drums])), folder / name)
    out = tmp_path / "several"
    words = ("--for", "melody,drums", "--min-bars", 6, "--polyphony", "top", "--set", "drums.hits=false")
    result = antiphon("build", folder, "-o", out, "--workers", 1, "--duplicates", "keep", *words)
    assert "6 melody sequences" in result.stdout
    assert "3 drums sequences" in result.stdout
    return out


def test_an_option_goes_to_every_kind_that_has_it(several: Path) -> None:
    kinds = json.loads((several / "corpus.json").read_text())["kinds"]
    assert [kinds[kind]["options"]["min_bars"] for kind in ("melody", "drums")] == [6, 6]
    assert kinds["melody"]["options"]["polyphony"] == "top"
    assert kinds["drums"]["options"]["hits"] is False


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--for", "drums", "--polyphony", "top"), "--polyphony means nothing for drums"),
        (("--for", "melody", "--drums-from", "track:1"), "--drums-from means nothing for melody"),
        (("--for", "drums", "--drums-from", "channel 3"), "expected track:N, track:NAME or program:N"),
        (("--for", ""), "names no kind"),
        (("--for", "melody,drumms"), "Did you mean 'drums'"),
        (("--set", "min_bars"), "expected NAME=VALUE"),
        (("--set", "drums.min_bars=1"), "with a kind of melody"),
        (("--set", "min_bar=1"), "Did you mean 'min_bars'"),
        (("--set", "min_bars=few"), "expected int"),
        (("--set", "min_bars=true"), "expected int"),
        (("--set", "pad_end=1"), "expected bool"),
        (("--engine", "spark"), "engine is 'spark'"),
        (("--duplicates", "maybe"), "duplicates is 'maybe'"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    antiphon: Callable[..., Result], tunes: Tunes, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    with pytest.raises(AntiphonError, match=re.escape(message)):
        antiphon("build", tunes(1), "-o", tmp_path / "out", "--workers", 1, *words)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("max_steps=none", "max_steps", None),
        ("max_steps=64", "max_steps", 64),
        ("gap_bars=2", "gap_bars", 2.0),
        ("melody.polyphony=top", "polyphony", "top"),
        ("track=3", "track", 3),
        ("track=Lead = 1", "track", "Lead = 1"),
        ("pad_end=True", "pad_end", True),
    ],
)
def test_values_have_the_type_of_their_option(text: str, name: str, value: object) -> None:
    options = extraction_options(["melody"], {}, [text])["melody"]
    assert getattr(options, name) == value
    assert type(getattr(options, name)) is type(value)


def test_inspect_tells_of_every_kind_or_of_one(antiphon: Callable[..., Result], several: Path) -> None:
    result = antiphon("inspect", several)
    assert "melody: 6 sequences of 6 pieces in 6 groups" in result.stdout
    assert "drums: 3 sequences of 3 pieces in 3 groups" in result.stdout
    assert "kick" in result.stdout
    assert "drums: Only 3 groups" in result.stderr
    assert "Next: antiphon train melody/attention" in result.stderr
    alone = antiphon("inspect", several, "--for", "drums")
    assert "melody:" not in alone.stdout
    assert "Next: antiphon train drums/drum-kit" in alone.stderr
    assert "transpose" not in alone.stderr, "drums have no keys"
    with pytest.raises(NameNotFound, match="Did you mean 'drums'"):
        antiphon("inspect", several, "--for", "drum")


def test_inspect_makes_a_page_that_can_be_heard(
    antiphon: Callable[..., Result], several: Path, tmp_path: Path
) -> None:
    target = tmp_path / "report.html"
    antiphon("inspect", several, "-o", target)
    page = target.read_text(encoding="utf-8")
    assert page.count('src="data:audio/mpeg;base64,') == 7
    assert len(page) < 2_000_000
    for words in ("Hits of each drum", "Notes at each pitch", "Tempo", "Style", "What to mind", "townXX"):
        assert (words in page) is (words != "townXX")
    antiphon("inspect", several, "-o", tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == page


def test_select_lists_or_writes(antiphon: Callable[..., Result], several: Path, tmp_path: Path) -> None:
    listed = antiphon("select", several, "--where", "style=jig")
    assert len(listed.stdout.splitlines()) == 3
    assert "3 pieces; sequences: 3 melody, 0 drums" in listed.stderr
    out = tmp_path / "part"
    written = antiphon("select", several, "--where", "style=reel", "--where", "notes>5", "-o", out)
    assert "3 pieces; sequences: 3 melody, 3 drums" in written.stdout
    assert json.loads(antiphon("inspect", out, "--json").stdout)["pieces"] == 3
    figures = json.loads(antiphon("select", several, "--where", "style=jig", "--json").stdout)
    assert figures["pieces"] == len(figures["paths"]) == figures["sequences"]["melody"] == 3
    with pytest.raises(OptionError, match="Did you mean 'style'"):
        antiphon("select", several, "--where", "stile=jig")


def test_progress_in_a_log_is_a_line_with_speed_and_time_left() -> None:
    assert line(Progress(1280, 4000), 640, 10.0) == "1,280 of 4,000 pieces, 64 per second, 42 s left"
    assert line(Progress(10, 100_000), 10, 1.0) == "10 of 100,000 pieces, 10 per second, 2.8 h left"
    assert line(Progress(640, 4000), 640, 60.0).endswith("11 per second, 5 min left")
    assert line(Progress(0, 4000), 0, 0.0) == "0 of 4,000 pieces"
