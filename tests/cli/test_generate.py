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
from antiphon.score.maps import MeterMap
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


def test_a_bundles_file_can_stand_in_the_place_of_its_name(bundle_file: Path, drum_file: Path) -> None:
    done("generate", bundle_file, "--bars", 1, "-o", "out")
    done("generate", drum_file, "--bars", 1, "-o", "beat")
    assert io.load("beat/1.mid").notes.is_drum.all()


@pytest.mark.parametrize(
    "words", [("-n", 3), ("--temperature", 2), ("--key", "D"), ("--seed", 0), ("--primer-events", "60")]
)
def test_nothing_is_changed_silently_beside_a_record(bundle_file: Path, words: tuple[object, ...]) -> None:
    done("generate", "melody", "--bundle", bundle_file, "--bars", 1, "--seed", 3, "-o", "out")
    done("generate", "melody", "--again", "out/1.json", "--bundle", bundle_file, "-o", "again")
    error = run("generate", "--again", "out/1.json", "--bundle", bundle_file, *words).exception
    assert isinstance(error, AntiphonError)
    assert str(error).startswith(f"{words[0]} cannot be changed with --again")


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
    (("--seconds", "0"), "length is 0.0 seconds"),
    (("--seconds", "0.02"), "0.02 seconds are less than a step"),
    (("--bars", "8,"), "--bars is '8,'; expected a number"),
    (("--temperature", "1e-40"), "temperature is 1e-40"),
    (("--temperature", "1e39"), "temperature is 1e"),
    (("--audio", ""), "sound format"),
    (("--bars", "2", "--seconds", "9"), "Both bars and seconds"),
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


def test_lists_and_repeated_options_are_a_sweep(bundle_file: Path) -> None:
    words = ("generate", "--bundle", bundle_file, "--bars", 2, "--seed", 3, "-n", 2)
    primers = ("--primer-events", "60", "--primer-events", "60 -2 62 -2")
    result = done(*words, "--temperature", "0.6,1,1.2", *primers, "-o", "sweep")
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert len(rows) == 12
    assert [row[3:] for row in rows[::2]] == [
        [f"temperature {t}", f"primer {primer}"]
        for t in ("0.6", "1.0", "1.2")
        for primer in ("60", "60 -2 62 -2")
    ]
    page = Path("sweep/index.html").read_text()
    assert 'class="sweep" style="--columns: 2"' in page
    assert [page.count(f'<h2 class="row">temperature {t}</h2>') for t in ("0.6", "1.0", "1.2")] == [1, 1, 1]
    assert page.count('<h3 class="column">primer 60 -2 62 -2</h3>') == 3
    done(*words, "--temperature", 1.2, "--primer-events", "60 -2 62 -2", "-o", "one")
    assert [Path(f"one/{k}.mid").read_bytes() for k in (1, 2)] == [
        Path(f"sweep/{k}.mid").read_bytes() for k in (11, 12)
    ], "each cell is what it is when made alone"


def test_a_sweep_over_meters_and_keys_and_more_than_two_options(bundle_file: Path) -> None:
    words = ("generate", "--bundle", bundle_file, "--bars", 1, "--seed", 3)
    result = done(*words, "--meter", "3/4", "--meter", "4/4", "--key", "D", "--key", "Eb", "--top-k", "3,9",
                  "-o", "out")  # fmt: skip
    assert len(result.stdout.splitlines()) == 8
    page = Path("out/index.html").read_text()
    assert 'style="--columns: 4"' in page or 'style="--columns: 2"' in page
    too_many = run(*words, "--temperature", ",".join(["1"] * 600), "-n", 40)
    assert isinstance(too_many.exception, AntiphonError)
    assert "\n" not in str(too_many.exception)


GRIDS = {
    "kick x---x---x---x--- snare ----x-------x---": [(36,), (), (), (), (36, 38), (), (), ()],
    "36+42 - 42 - 38+42 - 42 -": [(36, 42), (), (42,), (), (38, 42), (), (42,), ()],
    "[(36, 42), (), (38,), ()]": [(36, 42), (), (38,), ()],
}


@pytest.mark.parametrize("text", GRIDS)
def test_drums_are_prompted_as_text(drum_file: Path, text: str) -> None:
    words = ("generate", "drums", "--bundle", drum_file, "--bars", 2, "--seed", 1, "-o", "out")
    done(*words, "--primer-events", text, "--picture")
    score = io.load("out/1.mid")
    assert score.notes.is_drum.all()
    step = score.ticks_per_quarter // 4
    for at, pitches in enumerate(GRIDS[text]):
        assert tuple(sorted(score.notes.pitch[score.notes.start == at * step].tolist())) == pitches
    assert json.loads(Path("out/1.json").read_text())["events"].split()[: len(GRIDS[text])] == [
        "+".join(map(str, event)) or "-" for event in GRIDS[text]
    ]
    assert Path("out/1.png").stat().st_size > 1000


def test_drums_are_prompted_by_a_file(drum_file: Path) -> None:
    start = np.arange(16) * Q // 2
    drums = Notes.of(start, start + 60, np.where(np.arange(16) % 4, 42, 36), is_drum=True, track=1)
    tune = Notes.of(start, start + 60, 60)
    io.save(Score(Notes.join([tune, drums]), Q, track_names=("Tune", "Kit")), "song.mid")
    words = ("generate", "drums", "--bundle", drum_file, "--primer", "song.mid", "--bars", 4, "--seed", 2)
    done(*words, "-o", "out")
    notes = io.load("out/1.mid").notes
    assert notes.pitch[:16].tolist() == [36, 42, 42, 42] * 4
    done(*words, "-o", "again")
    assert Path("out/1.mid").read_bytes() == Path("again/1.mid").read_bytes()
    done("generate", "--again", "out/1.json", "--bundle", drum_file, "-o", "third")
    assert Path("out/1.mid").read_bytes() == Path("third/1.mid").read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--key", "D"), "which have no pitches: leave out --key"),
        (("--transpose", "3"), "which have no pitches: leave out --transpose"),
        (("--primer-events", "kick"), "has no steps after it"),
        (("--primer-events", "kick x---q"), "The row 'x---q' has other signs than steps"),
        (("--primer-events", "cowbell x---"), "No drum 'cowbell'"),
        (("--primer-events", "36+ 38"), "step '36\\+' is none"),
        (("--primer-events", "36 12"), "sound 12 is of no class"),
        (("--primer-events", "----"), "no notes"),
        (("--primer-events", "[{[1]: 2}]"), "is no list of drums"),
        (("--primer", "tune.mid"), "has no drums to continue"),
        (("--control", "dense"), "conditioned on nothing"),
    ],
)
def test_drums_asked_for_badly_are_answered_in_one_line(
    drum_file: Path, words: tuple[str, ...], message: str
) -> None:
    io.save(Score(Notes.of([0], [Q], [60])), "tune.mid")
    error = run("generate", "drums", "--bundle", drum_file, *words).exception
    assert isinstance(error, AntiphonError)
    assert "\n" not in str(error)
    with pytest.raises(AntiphonError, match=message):
        raise error


def test_arranging_with_generated_drums(bundle_file: Path, drum_file: Path) -> None:
    start = np.arange(13) * Q
    meters = MeterMap.of([(0, 1, 4), (Q, 3, 4), (7 * Q, 4, 4)])
    io.save(Score(Notes.of(start, start + Q, 60 + np.arange(13) % 5), Q, meters=meters), "a.mid")
    for name in ("x.mid", "y.mid"):
        done("arrange", "a.mid", "--drums", drum_file, "--seed", 4, "-o", name)
    assert Path("x.mid").read_bytes() == Path("y.mid").read_bytes()
    song = io.load("x.mid")
    played = song.notes[song.notes.is_drum]
    assert played.start.min() >= song.ticks_per_quarter, "the pick-up is left alone"
    assert len(np.unique(played.pitch)) > 3, "a kit, not a loop"
    done("arrange", "a.mid", "--drums", "generated", "--seed", 4, "-o", "z.mid")
    assert io.load("z.mid").notes.is_drum.any()
    error = run("arrange", "a.mid", "--drums", bundle_file).exception
    assert isinstance(error, AntiphonError)
    assert "plays melody, not drums" in str(error)
    error = run("arrange", "a.mid", "--form", "AB", "--temperature", "1,2").exception
    assert isinstance(error, AntiphonError)
    assert "--temperature has several values" in str(error)


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
