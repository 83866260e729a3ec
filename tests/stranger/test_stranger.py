"""A package that the house knows nothing of, installed where it runs: its family, extractor, codec, net,
head, control and recipes work from the command line, and what is wrong with others costs one line.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io as stdlib_io
import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antiphon import io
from antiphon.runtime.bundle import Bundle
from antiphon.score.maps import MeterMap
from antiphon.score.notes import Notes
from antiphon.score.score import Score

pytest.importorskip("torch")
pytest.importorskip("onnx")

SOURCE = Path(__file__).parent / "antiphon_bells"
POINTS = {
    "antiphon.kinds": {"bells": "antiphon_bells.music:KIND"},
    "antiphon.families": {"bells": "antiphon_bells.family:FAMILY"},
    "antiphon.controls": {"density": "antiphon_bells.family:Density"},
    "antiphon.codecs": {"again": "antiphon_bells.parts:Again"},
    "antiphon.nets": {"echo": "antiphon_bells.parts:Echo"},
    "antiphon.heads": {"touch": "antiphon_bells.parts:Touch"},
    "antiphon.recipes": {"tower": "antiphon_bells.recipes:TOWER", "hall": "antiphon_bells.recipes:HALL"},
}
Run = Callable[..., subprocess.CompletedProcess[str]]


def wheel(folder: Path, name: str, files: Mapping[str, str], points: Mapping[str, Mapping[str, str]]) -> Path:
    """A wheel of a pure package, made by hand: the files, and what its metadata says."""
    about = f"{name}-1.0.dist-info"
    lines = [
        line
        for group, named in points.items()
        for line in (f"[{group}]", *map(" = ".join, named.items()), "")
    ]
    content = {
        **files,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "\n".join(lines),
    }
    rows = stdlib_io.StringIO()
    for path, text in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        csv.writer(rows).writerow([path, f"sha256={digest}", len(text.encode())])
    target = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(target, "w") as archive:
        for path, text in content.items():
            archive.writestr(path, text)
        archive.writestr(f"{about}/RECORD", rows.getvalue() + f"{about}/RECORD,,\n")
    return target


def environment(folder: Path, *wheels: Path) -> Path:
    """Python of an environment of its own that has these wheels, and sees what the suite runs with."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    (site,) = folder.glob("lib/python*/site-packages")
    suite = [sysconfig.get_path("purelib"), *(path for path in sys.path if path.endswith("src"))]
    lines = [f"import site; site.addsitedir({path!r})" for path in dict.fromkeys(suite)]
    (site / "suite.pth").write_text("\n".join(lines) + "\n")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*pip, *map(str, wheels)], check=True, capture_output=True, timeout=200)
    return python


def running(python: Path, folder: Path) -> Run:
    """`run("generate", ...)` is the command line there; `run(code=...)` is a few lines of Python."""

    def run(*words: object, code: str = "", fails: bool = False) -> subprocess.CompletedProcess[str]:
        asked = ["-c", code] if code else ["-m", "antiphon", *map(str, words)]
        done = subprocess.run(
            [str(python), *asked], cwd=folder, capture_output=True, text=True, timeout=300, check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ""},
        )  # fmt: skip
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done

    return run


def bells() -> dict[str, str]:
    """The package's files."""
    return {f"{SOURCE.name}/{path.name}": path.read_text() for path in sorted(SOURCE.glob("*.py"))}


def peals(folder: Path) -> None:
    """Sixty rounds of six bells, struck hard and softly in turn; some are long, some in 3/4."""
    rng = np.random.default_rng(1)
    for number in range(60):
        order = rng.permutation([60, 62, 64, 65, 67, 69])
        pitch = np.repeat(np.tile(order, 6 + number % 5), 2)
        start = np.cumsum(rng.choice([120, 120, 240, 480], len(pitch)))
        velocity = np.where(np.arange(len(pitch)) % 2, 60, 110)
        meter = MeterMap.of([(0, 4 - number % 2, 4)])
        io.save(Score(Notes.of(start - start[0], start - start[0] + 100, pitch, velocity), meters=meter),
                folder / f"peal {number:02}.mid")  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it all happens: the music lies there."""
    folder = tmp_path_factory.mktemp("stranger")
    peals(folder / "peals")
    return folder


@pytest.fixture(scope="module")
def run(place: Path) -> Run:
    made = wheel(place, "antiphon_bells", bells(), POINTS)
    return running(environment(place / "env", made), place)


@pytest.fixture(scope="module")
def tower(run: Run, place: Path) -> Path:
    """A bundle by the beat: corpus, training, export."""
    built = run("corpus", "build", "peals", "-o", "by-beat", "--for", "bells")
    assert "60 bells sequences" in built.stdout
    trained = run("train", "bells/tower", "--corpus", "by-beat", "-o", "tower", "--device", "cpu")
    assert "peals" in trained.stderr
    run("export", "tower", "-o", "bells-tower.antiphon")
    return place / "bells-tower.antiphon"


@pytest.fixture(scope="module")
def hall(run: Run, place: Path) -> Path:
    """A bundle by the clock, with continuous numbers and a control."""
    run("corpus", "build", "peals", "-o", "by-clock", "--for", "bells", "--set", "steps_per_second=20")
    run("train", "bells/hall", "--corpus", "by-clock", "-o", "hall", "--device", "cpu")
    run("export", "hall", "-o", "bells-hall.antiphon")
    return place / "bells-hall.antiphon"


def figures(run: Run, *words: object) -> dict[str, Any]:
    return json.loads(run("evaluate", *words, "--json").stdout)


@pytest.mark.slow
def test_a_strangers_model_learns_and_is_judged(run: Run, tower: Path) -> None:
    models = json.loads(run("models", "--json").stdout)
    assert {"bells/tower", "bells/hall"} <= set(models["recipes"])
    found = figures(run, tower, "--corpus", "by-beat")
    assert found["nll_per_event"] < found["baselines"]["unigram"]["nll_per_event"]
    assert found["nll_per_event"] != found["nll_per_step"]
    assert found["label_perplexity"] >= found["perplexity"], "labels that mean the same are told apart"
    assert found["label_accuracy"] is not None
    assert set(found["baselines"]) == {"unigram", "kn5"}
    table = run("evaluate", tower, "--corpus", "by-beat", "--structure", "--copying").stdout
    for words in ("NLL/event", "NLL/step", "peals", "bars that repeat", "longest passage"):
        assert words in table
    losses = [
        json.loads(line) for line in (tower.parent / "tower" / "metrics.jsonl").read_text().splitlines()
    ]
    train = [line["loss"] for line in losses if line["kind"] == "train"]
    assert train[-1] < train[0]


@pytest.mark.slow
def test_a_strangers_model_generates_and_streams(run: Run, tower: Path, place: Path) -> None:
    asked = ("generate", "bells", "--bundle", tower, "-n", 3, "--meter", "3/4", "--seed", 4)
    words = (*asked, "--bars", 5)
    run(*words, "--primer-events", "60:4 64:2 67:2", "-o", "one", "--picture")
    run(*words, "--primer-events", "60:4 64:2 67:2", "-o", "two")
    for number in (1, 2, 3):
        assert (place / f"one/{number}.mid").read_bytes() == (place / f"two/{number}.mid").read_bytes()
    pieces = [io.load(place / f"one/{number}.mid") for number in (1, 2, 3)]
    assert all(piece.notes.pitch[:3].tolist() == [60, 64, 67] for piece in pieces)
    assert len({len(piece.notes) for piece in pieces}) > 1, "rows of one batch end after different numbers"
    assert all(piece.notes.start.max() < 15 * piece.ticks_per_quarter for piece in pieces)
    run("generate", "--again", "one/2.json", "--bundle", tower, "-o", "three")
    assert (place / "one/2.mid").read_bytes() == (place / "three/2.mid").read_bytes()
    run(*asked, "--primer", "one/1.mid", "--bars", 9, "-o", "four")
    streamed = run(
        code=f"""
import antiphon
from itertools import islice
model = antiphon.load({str(tower)!r})
piece = model.generate([(60, 4), (64, 2)], bars=4, seed=2, outputs=[1])[0]
stream = model.stream([(60, 4), (64, 2)], bars=4, seed=2, output=1)
events = [sounding.event for sounding in stream]
family, view = model.bundle.recipe.events, model.bundle.recipe.view
assert [list(family.ids(event, view)) for event in events] == piece.ids[2:].tolist()
assert sum(wait for _, wait in events) == 64 - 6
from antiphon.generate.prompt import first_bars, prompt, to_bar_line
given = prompt([(60, 10), (64, 16), (67, 4)], model.bundle.recipe)
short = first_bars(given, 1)
assert short.n_steps == 16 and family.text([family.event(row, view) for row in short.ids]) == "60:10 64:6"
assert to_bar_line(given).n_steps == 32 and to_bar_line(given).ids[-1].tolist() == [0, 2]
(piece,) = model.generate([(60, 10), (64, 16)], primer_bars=1, bars=2, seed=1)
assert piece.ids[:2, 1].tolist() == [10, 6]
try:
    antiphon.load("melody/basic").generate(piece.music)
except antiphon.AntiphonError as error:
    assert "is of peals; 'melody/basic' plays melodies" in str(error)
else:
    raise AssertionError("peals are no melodies")
endless = list(islice(model.stream(seed=2), 500))
print(endless[-1].step, endless[-1].time_s)
"""
    ).stdout.split()
    assert float(streamed[1]) == int(streamed[0]) / 8
    beam = run(*words, "--beam-size", 2, "-o", "no", fails=True)
    assert "leave the beam at 1" in beam.stderr
    assert beam.stderr.count("\n") == 1


@pytest.mark.slow
def test_numbers_controls_and_the_clock(run: Run, hall: Path, place: Path) -> None:
    found = figures(run, hall, "--corpus", "by-clock")
    assert found["nll_per_bar"] is None, "music by the clock has no bars"
    assert found["nll_per_second"] == pytest.approx(20 * found["nll_per_step"])
    assert found["label_perplexity"] == found["perplexity"], "this codec has no labels of its own"
    run("generate", "bells", "--bundle", hall, "-n", 2, "--seconds", 12, "--seed", 1, "-o", "loud")
    for number in (1, 2):
        score = io.load(place / f"loud/{number}.mid")
        assert score.notes.start.max() / score.ticks_per_quarter / 2 < 12.01
        assert len(np.unique(score.notes.velocity)) > 3, "bells are struck hard and softly"
    for text, folder in (("0.05", "sparse"), ("0.9", "dense")):
        run("generate", "bells", "--bundle", hall, "-n", 6, "--control", text, "--seed", 1, "-o", folder)
    strokes = [
        sum(len(io.load(path).notes) for path in (place / folder).glob("*.mid"))
        for folder in ("sparse", "dense")
    ]
    assert strokes[0] != strokes[1], "the control is heard"
    asked = ("generate", "bells", "--bundle", hall, "--seconds", 20, "--seed", 2)
    run(*asked, "--primer", "loud/1.mid", "-o", "on")
    first, longer = (io.load(place / path).notes.sorted() for path in ("loud/1.mid", "on/1.mid"))
    assert np.array_equal(longer.velocity[: len(first)], first.velocity), "a primer keeps its touch"
    run("generate", "--again", "on/1.json", "--bundle", hall, "-o", "on again")
    assert (place / "on/1.mid").read_bytes() == (place / "on again/1.mid").read_bytes()
    bars = run("generate", "bells", "--bundle", hall, "--bars", 4, "-o", "no", fails=True)
    assert "plays by the clock and knows no bars; say how long with --seconds" in bars.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "corpus", "words", "said"),
    [
        ("bells/tower", "by-clock", (), "is counted by the clock, 'bells/tower' wants 4 steps per quarter"),
        ("bells/tower", "by-beat", ("head=touch",), "has no continuous numbers"),
        ("bells/tower", "by-beat", ("view.touch=true",), "'again' would not hear the value"),
        ("bells/tower", "by-beat", ("control=density",), "'again' would not hear the control"),
        ("bells/tower", "by-beat", ("codec=lookback",), "is for events of one number"),
        ("bells/tower", "by-beat", ("codec=none",), "No codec 'none'"),
        ("bells/hall", "by-clock", ("head=categorical",), "does not give; choose another head"),
    ],
)  # fmt: skip
def test_parts_that_do_not_go_together_are_refused(
    run: Run, tower: Path, hall: Path, recipe: str, corpus: str, words: tuple[str, ...], said: str
) -> None:
    sets = [word for change in words for word in ("--set", change)]
    refused = run("train", recipe, "--corpus", corpus, "-o", "no", "--device", "cpu", *sets, fails=True)
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1, refused.stderr


@pytest.mark.slow
def test_what_is_judged_includes_the_numbers(run: Run, hall: Path) -> None:
    lines = [json.loads(line) for line in (hall.parent / "hall" / "metrics.jsonl").read_text().splitlines()]
    judged = [line for line in lines if line["kind"] == "validation"]
    assert {"value_nll_per_step", "value_nll_per_event"} <= judged[0].keys()
    totals = [line["nll_per_step"] + line["value_nll_per_step"] for line in judged]
    best = judged[int(np.argmin(totals))]["step"]
    assert f"at step {best}" in run("compare", "hall").stdout or str(best) in run("compare", "hall").stdout
    trained = [line for line in lines if line["kind"] == "train"]
    assert "loss_touch" in trained[0]
    assert np.log(trained[-1]["perplexity"]) != pytest.approx(trained[-1]["loss"], abs=1e-3)


@pytest.mark.slow
def test_bells_that_a_model_does_not_know_are_heard_an_octave_up(run: Run, tower: Path) -> None:
    words = ("--set", "view.high=true", "--set", "training.max_steps=2", "--set", "training.transpose=-3,3")
    run("train", "bells/tower", "--corpus", "by-beat", "-o", "high", "--device", "cpu", *words)
    run("export", "high", "-o", "high.antiphon")
    found = figures(run, "high.antiphon", "--corpus", "by-beat")
    assert np.isfinite(found["nll_per_event"])


@pytest.mark.slow
def test_memories_are_rings_and_a_long_prompt_is_heard_at_once(run: Run, tower: Path, hall: Path) -> None:
    for path in (tower, hall):
        with zipfile.ZipFile(path) as archive:
            index = json.loads(archive.read("bundle.json"))
        assert index["rings"] == ["keys", "values"]
        assert set(index["graphs"]) == ({"step", "prefill"} if path == hall else {"step"})
        assert len(index["check"]["events"]) == 64
    run(
        code=f"""
import numpy as np, time
from antiphon.codecs.timing import Bars
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.player import Player
from antiphon.runtime.selfcheck import verify
from antiphon.runtime.session import Session
from antiphon.recipes import find

def session(player, **more):
    bundle = player.bundle
    control = bundle.recipe.control.read("0.4") if bundle.recipe.control else None
    return Session(player, bundle.opening, Bars.of(0, 16), more.pop("n", 1), control=control, seed=3, **more)

rng = np.random.default_rng(0)
for path in ({str(tower)!r}, {str(hall)!r}):
    bundle = Bundle.open(path)
    assert verify(bundle) < 1e-5
    player = Player(bundle)
    events = np.stack([rng.integers(0, 25, 40), rng.integers(1, 9, 40)], axis=1)
    value = rng.normal(size=(40, 1)).astype(np.float32) if bundle.alphabet.values else None
    # Rows in company, all of which hear the same, in whatever layout, and numbers for a control.
    several, alone = session(player, n=3), session(player)
    if bundle.recipe.control:
        several.control = [[0.1], [0.4], [0.9]]
        alone.control = [0.4]
    several.hear_all(events, value)
    alone.hear_all(events, value)
    assert np.allclose(several.log_p[1], alone.log_p[0], atol=1e-5)
    for t in range(20):
        heard = np.stack([np.full(3, events[t, 0]), np.full(3, events[t, 1])]).T
        several.hear(heard, None if value is None else np.repeat(value[t][None], 3, axis=0))
        alone.hear(events[t][None], None if value is None else value[t][None])
        assert np.allclose(several.log_p[1], alone.log_p[0], atol=1e-5), t
    for n in (1, 2, 15, 16, 17, 40):
        one, other = session(player), session(player)
        one.hear_all(events[:n], None if value is None else value[:n])
        for t in range(n):
            other.hear(events[t][None], None if value is None else value[t][None])
        assert np.allclose(one.log_p, other.log_p, atol=1e-5), n
        assert (one.time == other.time).all() and one.n_events == other.n_events
        # Forks go ways of their own, and leave the stem as it was.
        forks = [one.fork(outputs=[k]) for k in range(12)]
        ends = [np.concatenate([fork.step() for _ in range(30)]) for fork in forks]
        assert len({{end.tobytes() for end in ends}}) == 12
        together = one.fork(np.zeros(12, int), outputs=range(12))
        both = np.stack([together.step() for _ in range(30)], axis=1)
        assert (both == np.stack(ends)).all()
        for k, end in enumerate(ends):
            alone = session(player, outputs=[k])
            for t in range(n):
                alone.hear(events[t][None], None if value is None else value[t][None])
            assert (np.concatenate([alone.step() for _ in range(30)]) == end).all()
"""
    )


@pytest.mark.slow
def test_a_bundle_plays_where_its_nets_are_not_installed(run: Run, tower: Path, place: Path) -> None:
    """Of the package only what events mean: the codec and the net are in the graph."""
    files = {path: text for path, text in bells().items() if not path.endswith(("nets.py", "recipes.py"))}
    kept = {group: POINTS[group] for group in ("antiphon.families", "antiphon.kinds", "antiphon.controls")}
    made = wheel(place / "peals", "antiphon_bells", files, kept)
    playing = running(environment(place / "playing", made), place)
    words = ("generate", "bells", "--bundle", tower, "--seed", 4, "--bars", 2)
    playing(*words, "-o", "there")
    run(*words, "-o", "here")
    assert (place / "there/1.mid").read_bytes() == (place / "here/1.mid").read_bytes()
    tuning = playing("train", "--from", tower, "--corpus", "by-beat", "-o", "tuned", fails=True)
    assert "No codec 'again'" in tuning.stderr
    with_nothing = subprocess.run(
        [sys.executable, "-m", "antiphon", "generate", "--bundle", str(tower)],
        cwd=place, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert with_nothing.returncode == 1
    assert "No family of events 'bells'" in with_nothing.stderr
    assert with_nothing.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_second_claim_and_a_broken_package_cost_one_line(place: Path, tower: Path) -> None:
    folder = place / "others"
    folder.mkdir()
    claim = "from antiphon_bells.recipes import TOWER\n"
    claiming = wheel(
        folder, "bells_again", {"bells_again.py": claim}, {"antiphon.recipes": {"mine": "bells_again:TOWER"}}
    )
    points = {"antiphon.nets": {"crack": "cracked_bell:X"}, "antiphon.recipes": {"c": "cracked_bell:Y"}}
    broken = wheel(folder, "cracked_bell", {"cracked_bell.py": "import nonsense\n"}, points)
    whole = wheel(folder, "antiphon_bells", bells(), POINTS)
    run = running(environment(place / "crowded", whole, claiming, broken), place)
    asked = run("train", "bells/tower", "--corpus", "by-beat", "-o", "x", fails=True)
    error = asked.stderr.splitlines()[-1]
    assert error.startswith("antiphon: Two packages bring a recipe 'bells/tower': ")
    assert "bells_again" in error.replace("-", "_")
    assert "antiphon_bells" in error.replace("-", "_")
    models = run("models", "--json")
    assert "melody/attention" in models.stdout
    assert "bells/hall" in models.stdout
    said = [line for line in models.stderr.splitlines() if "cracked" in line]
    assert len(said) == len(set(said)) >= 1, "each is said once"
    assert any("brings a recipe 'c' that cannot be loaded (ModuleNotFoundError" in line for line in said)
    assert "Traceback" not in models.stderr
    played = run("generate", "bells", "--bundle", tower, "--bars", 1, "-o", "still")
    assert "Traceback" not in played.stderr
    assert Bundle.open  # the bundle's own recipe is in it: nobody's claim matters to play
