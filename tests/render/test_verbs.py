"""The verbs render, show, convert and play, as typed."""

from __future__ import annotations

import json
import stat
import sys

import pytest
import soundfile
import typer
from typer.testing import CliRunner

from antiphon import io
from antiphon.cli import convert, play, render, show
from antiphon.errors import (
    AntiphonError,
    EmptyError,
    FormatError,
    MissingDependency,
    OptionError,
    OutputError,
)
from antiphon.render import audio, device, fluid
from antiphon.score.notes import Notes
from antiphon.score.score import Score


@pytest.fixture
def antiphon():
    app = typer.Typer()
    for verb in (render, show, convert, play):
        verb.register(app)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def tune(tmp_path):
    path = tmp_path / "tune.mid"
    io.save(Score(Notes.of([0, 480], [480, 1440], [60, 67], program=40)), path)
    return path


@pytest.fixture
def silent(tmp_path):
    path = tmp_path / "silent.mid"
    io.save(Score(Notes.none()), path)
    return path


@pytest.mark.parametrize("suffix", [".mp3", ".wav", ".ogg", ".flac"])
def test_render_writes_sound_and_says_what_next(antiphon, tune, suffix):
    target = tune.with_suffix(suffix)
    done = antiphon("render", tune, "-o", target, "--synth", "own")
    assert done.exit_code == 0
    assert done.stdout.strip() == str(target)
    assert "built-in synthesiser" in done.stderr
    assert "Next:" in done.stderr
    assert soundfile.info(target).duration == pytest.approx(1.5 + 1.6, abs=0.1)


def test_render_without_a_name_writes_beside_the_file(antiphon, tune):
    assert antiphon("render", tune, "--synth", "own").exit_code == 0
    assert tune.with_suffix(".mp3").exists()


def test_render_without_a_name_calls_a_piece_of_many_after_both(antiphon, tune, tmp_path):
    antiphon("convert", tune, tmp_path / "one.abc")
    text = (tmp_path / "one.abc").read_text()
    (tmp_path / "book.abc").write_text(f"{text}\n{text.replace('X:1', 'X:2', 1)}")
    for number in (1, 2):
        assert antiphon("render", tmp_path / f"book.abc#{number}", "--synth", "own").exit_code == 0
    assert sorted(path.name for path in tmp_path.glob("*.mp3")) == ["book-1.mp3", "book-2.mp3"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("render", "{tune}", "-o", "a.txt"), OptionError),
        (("render", "{silent}", "-o", "{folder}/a.wav"), EmptyError),
        (("render", "{folder}/none.mid", "-o", "{folder}/a.wav"), FormatError),
        (("render", "{tune}", "-o", "{tune}/a.wav", "--synth", "own"), OutputError),
        (("render", "{tune}", "-o", "{folder}/a.mp3", "--rate", "44000"), OptionError),
        (("show", "{tune}", "-o", "{folder}/a.gif"), OptionError),
        (("show", "{silent}", "-o", "{folder}/a.png"), EmptyError),
        (("convert", "{tune}", "{folder}/a.unknown"), FormatError),
    ],
)
def test_what_cannot_be_done_is_one_line(antiphon, tune, silent, tmp_path, words, error):
    done = antiphon(*(word.format(tune=tune, silent=silent, folder=tmp_path) for word in words))
    assert done.exit_code == 1
    assert isinstance(done.exception, error)
    assert isinstance(done.exception, AntiphonError)
    assert "\n" not in str(done.exception)


def test_show_prints_a_summary_and_draws(antiphon, tune, tmp_path):
    done = antiphon("show", tune, "-o", tmp_path / "roll.png")
    assert done.exit_code == 0
    assert "Violin" in done.stdout
    assert (tmp_path / "roll.png").read_bytes().startswith(b"\x89PNG")
    assert "Next:" in done.stderr


def test_show_prints_json(antiphon, tune):
    figures = json.loads(antiphon("show", tune, "--json").stdout)
    assert figures["n_notes"] == 2


def test_convert_keeps_the_music(antiphon, tune, tmp_path):
    done = antiphon("convert", tune, tmp_path / "again.midi")
    assert done.exit_code == 0, done.exception
    assert io.load(tmp_path / "again.midi").notes == io.load(tune).notes


@pytest.fixture
def player(tmp_path, monkeypatch):
    """A machine whose only player is `aplay`: one that keeps what it was given, or fails."""

    def install(status):
        folder = tmp_path / "bin"
        folder.mkdir()
        program = folder / "aplay"
        keep = f"import shutil, sys; shutil.copy(sys.argv[-1], {str(tmp_path / 'heard.wav')!r})"
        fail = "import sys; print('no sound card', file=sys.stderr); sys.exit(1)"
        program.write_text(f"#!{sys.executable}\n{fail if status else keep}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setitem(sys.modules, "sounddevice", None)
        return tmp_path / "heard.wav"

    return install


def test_play_hands_the_sound_to_the_player(antiphon, tune, player):
    heard = player(0)
    done = antiphon("play", tune, "--synth", "own")
    assert done.exit_code == 0, done.exception
    assert soundfile.info(heard).duration == pytest.approx(3.1, abs=0.1)
    assert "aplay" in done.stderr


def test_play_says_why_the_player_failed(antiphon, tune, player):
    player(1)
    done = antiphon("play", tune, "--synth", "own")
    assert done.exit_code == 1
    assert isinstance(done.exception, OutputError)
    assert "no sound card" in str(done.exception)


def test_play_without_a_player_says_what_to_install(antiphon, tune, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert device.find() is None
    done = antiphon("play", tune)
    assert done.exit_code == 1
    assert isinstance(done.exception, MissingDependency)


def test_fluidsynth_is_refused_where_it_is_not(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(fluid.ENVIRONMENT, raising=False)
    score = Score(Notes.of([0], [480], [60]))
    with pytest.raises(MissingDependency, match="SoundFont"):
        audio.sound(score, synth="fluidsynth")
    assert audio.sound(score, 16000)[1] == audio.OWN


def test_a_soundfont_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setenv(fluid.ENVIRONMENT, "/nowhere/piano.sf2")
    with pytest.raises(MissingDependency, match="no file"):
        fluid.find_soundfont()


def test_fluidsynth_plays_where_it_is():
    if fluid.find() is None:
        pytest.skip("needs FluidSynth and a SoundFont")
    samples, player = audio.sound(Score(Notes.of([0], [960], [69])), synth="fluidsynth")
    assert player.startswith("FluidSynth with ")
    assert samples.shape[1] == 2
    assert 0.01 < abs(samples).max() <= 0.95


def test_a_fluidsynth_that_fails_is_said_in_one_line(tmp_path):
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(b"nothing")
    with pytest.raises(OutputError, match="--synth own"):
        fluid.play(Score(Notes.of([0], [960], [69])), fluid.FluidSynth("/bin/false", broken))
