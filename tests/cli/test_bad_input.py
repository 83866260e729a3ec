"""What is wrong with the input is said in one line through the real entry point, and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from antiphon import io
from antiphon.cli import app
from antiphon.data.build import build
from antiphon.score.notes import Notes
from antiphon.score.score import Score

Q = 480
SCALE = np.array([60, 62, 64, 65, 67, 69, 71, 72])
Heard = tuple[int, str, str]


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory, bundle_file: Path) -> Path:
    """A folder of everything that can be wrong, and of what is right."""
    folder = tmp_path_factory.mktemp("material")
    _music(folder)
    _bundles(folder, bundle_file)
    for name in ("empty", "folder.mid", "silent"):
        (folder / name).mkdir()
    for name in ("nothing", "drums", "text", "short"):
        shutil.copy(folder / f"{name}.mid", folder / "silent")
    build([folder / "tunes"], folder / "corpus", workers=1)
    return folder


def _music(folder: Path) -> None:
    for name, pitches in {"long": np.tile(SCALE, 8), "short": SCALE, "wide": [20, 110, 60, 62]}.items():
        io.save(_tune(pitches), folder / f"{name}.mid")
    for number in range(24):
        pitches = np.random.default_rng(number).choice(SCALE, 64)
        io.save(_tune(pitches), folder / "tunes" / f"tune {number}.mid")
    io.save(Score(Notes.none()), folder / "nothing.mid")
    io.save(Score(Notes.of([0], [Q], [36], is_drum=True)), folder / "drums.mid")
    (folder / "text.mid").write_text("hello\n" * 9)
    (folder / "cut.mid").write_bytes((folder / "long.mid").read_bytes()[:90])
    (folder / "record.json").write_text("{}")
    with (folder / "zeros.mid").open("wb") as file:
        file.truncate(500 << 20)
    shutil.copy(folder / "short.mid", os.fsencode(folder) + b"/caf\xe9.mid")


def _tune(pitches: Sequence[int] | np.ndarray) -> Score:
    start = np.arange(len(pitches)) * Q
    return Score(Notes.of(start, start + Q, pitches))


def _bundles(folder: Path, bundle: Path) -> None:
    data = bytearray(bundle.read_bytes())
    (folder / "good.antiphon").write_bytes(data)
    (folder / "short.antiphon").write_bytes(data[: len(data) // 2])
    data[len(data) // 2] ^= 255
    (folder / "altered.antiphon").write_bytes(data)
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(folder / "newer.antiphon", "w") as new:
        for name in old.namelist():
            content = old.read(name)
            index = json.loads(content) if name == "bundle.json" else {}
            new.writestr(name, json.dumps({**index, "version": 99}) if index else content)


@pytest.fixture
def heard(
    material: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Heard]:
    """`heard("show", "x.mid")` is the command's exit status, stdout and stderr."""
    monkeypatch.chdir(material)

    def run(*words: str) -> Heard:
        monkeypatch.setattr(sys, "argv", ["antiphon", *words])
        with pytest.raises(SystemExit) as end:
            app.main()
        return int(end.value.code or 0), *capsys.readouterr()

    return run


MAKE = "generate --bundle good.antiphon -o out"
TRAIN = "train melody/basic --corpus corpus -o run --device cpu"
WRONG = {
    "corpus build empty -o out": "no file in 'empty'",
    "corpus build silent -o out": "silent/drums.mid: only drums .* | silent/nothing.mid: no notes",
    "corpus build absent -o out": "'absent' is not there",
    "corpus build zeros.mid -o none": "too large (500 MiB)",
    "corpus build long.mid -o long.mid": "Cannot write",
    "corpus build long.mid -o out --for waltzes": "Known: drums, leadsheet, melody",
    "corpus build long.mid -o out --duplicates some": "drop, keep",
    "corpus inspect empty": "no corpus in 'empty'",
    "corpus inspect corpus -o health.gif": ".png",
    "show absent.mid": "Cannot read 'absent.mid'",
    "show folder.mid": "Cannot read 'folder.mid'",
    "show text.mid": "no MIDI file (it begins with 'hell')",
    "show cut.mid": "Damaged MIDI",
    "show zeros.mid": "too large (500 MiB)",
    "show nothing.mid -o roll.png": "no notes",
    "show long.mid -o roll.gif": ".png",
    "render nothing.mid": "no notes",
    "render long.mid -o out.aiff": ".mp3",
    "render short.mid --synth own -o short.mid/out.wav": "'short.mid' is no folder",
    "convert long.mid out.xyz": ".mid",
    "convert long.mid short.mid/out.mid": "'short.mid' is no folder",
    f"{MAKE} --primer nothing.mid": "no melody to continue: no notes",
    f"{MAKE} --primer wide.mid": "G#0 (20), D8 (110)",
    f"{MAKE} --primer long.mid --bars 4": "(16 bars), and 64 (4 bars) are asked for",
    f"{MAKE} --primer text.mid": "no MIDI file",
    f"{MAKE} --temperature -1": "temperature is -1.0",
    f"{MAKE} --temperature nan": "temperature is nan",
    f"{MAKE} --bars 0": "length is 0 bars",
    f"{MAKE} --meter 3/5": "Meter '3/5'",
    f"{MAKE} --key H": "Key 'H'",
    f"{MAKE} --program celo": "Did you mean 'cello'",
    f"{MAKE} --transpose 2": "no primer to transpose",
    f"{MAKE} --audio aiff": "sound format 'aiff'",
    f"{MAKE} -n 100 --beam-size 100 --branch-factor 10": "at most 16384",
    "generate --bundle good.antiphon --bars 1 -o long.mid": "'long.mid' is no folder",
    "generate --bundle melody/atention": "Did you mean",
    "generate --bundle short.antiphon": "truncated",
    "generate --bundle altered.antiphon": "altered",
    "generate --bundle newer.antiphon": "format version 99",
    "generate --bundle folder.mid": "bundle",
    "generate --again record.json": "names no bundle",
    "arrange long.mid short.mid --form AA -o out.mid": "The form AA has no B",
    "arrange nothing.mid -o out.mid": "Section A ('nothing.mid') has no notes",
    "models absent.antiphon": "no bundle at 'absent.antiphon'",
    "evaluate good.antiphon --corpus empty": "no corpus in 'empty'",
    "compare empty": "not a training run",
    "compare long.mid": "'long.mid' is a file",
    "export empty -o out.antiphon": "not a training run",
    "train melody/atention --corpus corpus -o run": "Did you mean 'melody/attention'",
    "train melody/basic --corpus empty -o run": "no corpus in 'empty'",
    "train melody/basic --corpus corpus -o long.mid": "'long.mid' is a file",
    "train melody/basic --corpus corpus -o silent": "holds other files",
    f"{TRAIN} --device tpu": "Did you mean 'cpu'",
    f"{TRAIN} --set sizes.layers=8": "'sizes.layers' any more: it is called 'net.layers' now",
    f"{TRAIN} --set net.layers=0": "net.layers is 0; expected 1 to 8192",
    f"{TRAIN} --set net.layers=": "net.layers",
    f"{TRAIN} --set view.min_pitch=90": "less than view.max_pitch",
    f"{TRAIN} --set codec=lookback --set codec.clock_bits=200": "expected 0 to 16",
    f"{TRAIN} --set codec.clock_bits=5": "No recipe value 'codec.clock_bits'",
    f"{TRAIN} --set net=attention --set net.around=both": "expected one of first, stack",
    f"{MAKE} --temperature 1,hot": "--temperature is '1,hot'; expected a number, or several",
}


@pytest.mark.parametrize("words", WRONG)
def test_one_clear_line_and_nothing_lost(heard: Callable[..., Heard], words: str) -> None:
    before = _inventory()
    status, out, err = heard(*words.split(" "))
    assert (status, out) == (1, "")
    assert err.startswith("antiphon: ")
    assert err.count("\n") == 1
    for part in WRONG[words].split(" .* "):
        assert part in err
    assert {path: size for path, size in _inventory().items() if path in before} == before


def _inventory() -> dict[Path, int]:
    return {path: path.stat().st_size for path in Path().rglob("*") if path.is_file()}


def test_a_greedy_choice_is_the_same_for_every_seed(heard: Callable[..., Heard], tmp_path: Path) -> None:
    for seed in ("1", "2"):
        words = f"{MAKE} --primer-events 60 --temperature 0 --bars 2 --seed {seed}".split(" ")
        assert heard(*words, "-o", str(tmp_path / seed))[0] == 0
    one, two = (json.loads((tmp_path / seed / "1.json").read_text())["events"] for seed in "12")
    assert one == two


def test_names_that_are_no_text_are_files_too(material: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mid")
    done = subprocess.run(
        [sys.executable, "-m", "antiphon", "convert", name, tmp_path / name],
        cwd=material, capture_output=True, check=True, env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
    )  # fmt: skip
    assert done.stdout.strip() == os.fsencode(tmp_path / name)
    assert io.load(tmp_path / name).notes.pitch.tolist() == SCALE.tolist()


def test_a_full_disk_is_said(heard: Callable[..., Heard], monkeypatch: pytest.MonkeyPatch) -> None:
    import soundfile

    def full(*_: object, **__: object) -> None:
        raise soundfile.LibsndfileError(2, "Error opening: ")

    monkeypatch.setattr(soundfile, "SoundFile", full)
    status, _, err = heard("render", "short.mid", "--synth", "own", "-o", "out.wav")
    assert (status, err.count("\n")) == (1, 1)
    assert "Cannot write 'out.wav'" in err
    assert not Path("out.wav").exists()
