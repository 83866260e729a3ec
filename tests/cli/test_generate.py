"""`antiphon generate` and `antiphon arrange` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from antiphon import io
from antiphon.cli import arrange, generate
from antiphon.errors import AntiphonError
from antiphon.score.notes import Notes
from antiphon.score.score import Score

Q = 480


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: object) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    generate.register(app)
    arrange.register(app)
    return CliRunner().invoke(app, [str(word) for word in words])


def done(*words: object) -> Result:
    result = run(*words)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result


def test_with_no_option_it_makes_music(bundle_file: Path) -> None:
    result = done("generate", "melody", "--bundle", bundle_file)
    (path,) = Path("generated").glob("*/1.mid")
    assert result.stdout.split("\t")[0] == str(path)
    assert len(io.load(path).notes) > 0
    assert "Seed" in result.stderr
    assert "Next:" in result.stderr


def test_everything_that_is_written(bundle_file: Path) -> None:
    result = done("generate", "--bundle", bundle_file, "-n", 10, "--steps", 32, "--seed", 4, "-o", "out",
                  "--audio", "wav", "--picture")  # fmt: skip
    names = {path.name for path in Path("out").iterdir()}
    kinds = ("mid", "json", "wav", "png")
    assert names == {f"{k:02d}.{kind}" for k in range(1, 11) for kind in kinds} | {"index.html"}
    lines = [line.split("\t") for line in result.stdout.splitlines()]
    record = json.loads(Path("out/03.json").read_text())
    assert lines[2] == ["out/03.mid", f"{record['log_likelihood']['total']:.2f}", lines[2][2]]
    assert (record["seed"], record["output"], record["bundle"]["name"]) == (4, 2, "mine")
    page = Path("out/index.html").read_text()
    assert all(f"{k:02d}.mid" in page for k in range(1, 11))


def test_the_same_seed_writes_the_same_bytes_and_again_makes_one_of_them(bundle_file: Path) -> None:
    options = ("--bundle", bundle_file, "-n", 3, "--bars", 2, "--seed", 9, "--meter", "3/4",
               "--key", "D minor", "--program", "cello", "--temperature", 0.9, "--top-p", 0.95)  # fmt: skip
    for folder in ("one", "two"):
        done("generate", *options, "-o", folder)
    done("generate", "--again", "one/2.json", "--bundle", bundle_file, "-o", "three")
    for folder, name in (("two", "1"), ("two", "2"), ("three", "2")):
        for kind in ("mid", "json"):
            assert Path(f"one/{name}.{kind}").read_bytes() == Path(f"{folder}/{name}.{kind}").read_bytes()
    score = io.load("one/1.mid")
    assert (score.meters.numerator[0], set(score.notes.program.tolist())) == (3, {42})
    assert str(score.keys[0].key) == "D minor"


def test_a_primer_is_continued_or_left_out(bundle_file: Path) -> None:
    start = np.arange(8) * Q
    io.save(Score(Notes.of(start, start + Q, [60, 62, 64, 65, 67, 65, 64, 62])), "tune.mid")
    words = ("generate", "--bundle", bundle_file, "--primer", "tune.mid", "--bars", 4, "--seed", 1)
    done(*words, "-o", "with")
    done(*words, "-o", "without", "--without-primer")
    whole, rest = io.load("with/1.mid"), io.load("without/1.mid")
    assert whole.notes.pitch[:8].tolist() == [60, 62, 64, 65, 67, 65, 64, 62]
    assert whole.end * rest.ticks_per_quarter <= 16 * whole.ticks_per_quarter * rest.ticks_per_quarter
    assert rest.notes.pitch.tolist() == whole.notes.pitch[8:].tolist()
    done("generate", "--bundle", bundle_file, "--primer-events", "60 -2 62 -2", "--bars", 1, "-o", "events")
    assert io.load("events/1.mid").notes.pitch[:2].tolist() == [60, 62]


WRONG = [
    (("--temperature", "-1"), "temperature is -1.0"),
    (("--bars", "0"), "length is 0 bars"),
    (("--steps", "0"), "length is 0 steps"),
    (("--meter", "waltz"), "Meter 'waltz'"),
    (("--meter", "17/4"), "68 steps"),
    (("--key", "H minor"), "Key 'H minor'"),
    (("--program", "celo"), "Did you mean 'cello'"),
    (("--qpm", "0"), "tempo is 0"),
    (("--top-p", "2"), "top-p is 2.0"),
    (("--top-k", "-1"), "top-k is -1"),
    (("--beam-size", "0"), "beam's size is 0"),
    (("-n", "0"), "0 pieces"),
    (("--seed", "-1"), "seed is -1"),
    (("--audio", "wave"), "Did you mean 'wav'"),
    (("--primer", "nothing.mid"), "nothing.mid"),
    (("--primer-events", "60 c"), "'c' is no number"),
    (("--primer-events", "-2"), "no notes"),
    (("--primer-events", "60 -2 62", "--steps", "3"), "3 steps long"),
    (("--primer-events", "20 -2 100"), "does not fit"),
    (("--primer", "a.mid", "--primer-events", "60"), "one or the other"),
    (("-o", "file/below"), "Cannot write 'file/below"),
    (("--again", "nothing.json"), "nothing.json"),
    (("--again", "file"), "'file' is no JSON"),
]


@pytest.mark.parametrize(("words", "message"), WRONG)
def test_bad_input_is_one_clear_line(bundle_file: Path, words: tuple[str, ...], message: str) -> None:
    Path("file").write_text("not a folder")
    result = run("generate", "melody", "--bundle", bundle_file, *words)
    error = result.exception
    assert isinstance(error, AntiphonError), result.output
    assert "\n" not in str(error)
    with pytest.raises(AntiphonError, match=message):
        raise error


def test_bundles_that_are_none(bundle_file: Path) -> None:
    data = bundle_file.read_bytes()
    Path("short.antiphon").write_bytes(data[: len(data) // 2])
    for name in ("short.antiphon", "absent.antiphon", "melody/atention"):
        error = run("generate", "--bundle", name).exception
        assert isinstance(error, AntiphonError)
        assert name in str(error)
        assert "\n" not in str(error)
    error = run("generate", "drums", "--bundle", bundle_file).exception
    assert isinstance(error, AntiphonError)
    assert "antiphon generate melody" in str(error)


def test_arranging_files_and_sections_that_are_made(bundle_file: Path) -> None:
    start = np.arange(8) * Q
    for name, low in (("a.mid", 60), ("b.mid", 65), ("bass.mid", 40)):
        io.save(Score(Notes.of(start, start + Q, low + np.arange(8) % 5)), name)
    done("arrange", "a.mid", "b.mid", "--form", "AABA", "--over", "bass.mid", "--drums", "auto",
         "--program", "violin", "--program", "bass", "--name", "Lead", "--qpm", 96,
         "-o", "song.mid")  # fmt: skip
    song = io.load("song.mid")
    assert song.end == 32 * song.ticks_per_quarter
    assert song.track_names[0] == "Lead"
    assert song.notes.is_drum.any()
    assert {40, 32} <= set(song.notes.program[~song.notes.is_drum].tolist())
    words = ("arrange", "a.mid", "--form", "AB", "--bundle", bundle_file, "--bars", 2, "--seed", 3)
    for name in ("x.mid", "y.mid"):
        done(*words, "-o", name)
    assert Path("x.mid").read_bytes() == Path("y.mid").read_bytes()
    assert io.load("x.mid").notes.pitch[:8].tolist() == [60, 61, 62, 63, 64, 60, 61, 62]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--form", "A1"), "form is 'A1'"),
        (("--drums", "walz"), "waltz"),
        (("--drums", "beat.mid"), "beat.mid"),
        (("--over", "nothing.mid"), "nothing.mid"),
        (("--qpm", "1"), "tempo is 1"),
        (("--program", "celo"), "cello"),
        (("--meter", "x"), "Meter 'x'"),
        (("-o", "song.xyz"), "song.xyz"),
    ],
)
def test_arranging_badly_is_one_clear_line(words: tuple[str, ...], message: str) -> None:
    io.save(Score(Notes.of([0], [Q], [60])), "a.mid")
    error = run("arrange", "a.mid", *words).exception
    assert isinstance(error, AntiphonError)
    assert "\n" not in str(error)
    assert message in str(error)
