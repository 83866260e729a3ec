"""FluidSynth with a SoundFont, where both are on this machine; it sounds better than the built-in
synthesiser.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from antiphon.errors import MissingDependency, OutputError
from antiphon.io import dumps_midi
from antiphon.render.room import limit
from antiphon.render.synth import SAMPLE_RATE
from antiphon.render.tones import Samples
from antiphon.score.score import Score

ENVIRONMENT = "ANTIPHON_SOUNDFONT"
_FOLDERS = (
    "~/.local/share/soundfonts", "~/.local/share/sounds/sf2", "~/Library/Audio/Sounds/Banks",
    "/usr/share/soundfonts", "/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/local/share/soundfonts",
    "/usr/local/share/sounds/sf2", "/opt/homebrew/share/soundfonts",
)  # fmt: skip
_PREFERRED = ("fluidr3", "generaluser", "musescore", "arachno", "sgm", "timgm6mb")
_GAIN = "1.0"
_SECONDS_ALLOWED = 600
_TOLERANCE_S = 0.1
"""By how much sound may be shorter than the music: it is written by blocks."""


class FluidSynth(NamedTuple):
    """The program and the SoundFont that will play."""

    program: str
    soundfont: Path

    @property
    def name(self) -> str:
        """What to call it when saying who played."""
        return f"FluidSynth with {self.soundfont.name}"


def find() -> FluidSynth | None:
    """FluidSynth and a SoundFont, or None where one is missing.

    The SoundFont is the file that `ANTIPHON_SOUNDFONT` names, else one in the usual folders (well-known large
    ones first). Raises `MissingDependency` where the variable names a file that is not there.
    """
    program, soundfont = shutil.which("fluidsynth"), find_soundfont()
    return FluidSynth(program, soundfont) if program and soundfont else None


def find_soundfont() -> Path | None:
    """The SoundFont `find` would use, whether FluidSynth is there or not."""
    chosen = os.environ.get(ENVIRONMENT)
    if chosen:
        if not Path(chosen).is_file():
            raise MissingDependency(
                f"{ENVIRONMENT} is '{chosen}', which is no file. Set it to an .sf2 file, or unset it."
            )
        return Path(chosen)
    found = [path for folder in _FOLDERS for path in sorted(Path(folder).expanduser().glob("*.sf[23]"))]
    return min(found, key=_preference, default=None)


def play(score: Score, player: FluidSynth, sample_rate: int = SAMPLE_RATE) -> Samples:
    """The sound of `score` by FluidSynth, float32 [n, 2], peaks under full scale. Raises `OutputError` where
    it fails.
    """
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        midi, sound = Path(folder, "score.mid"), Path(folder, "score.wav")
        midi.write_bytes(dumps_midi(score))
        command = [player.program, "-ni", "-g", _GAIN, "-r", str(sample_rate), "-O", "float", "-T", "wav"]
        _run([*command, "-F", str(sound), str(player.soundfont), str(midi)])
        if not sound.exists():
            raise OutputError(f"{player.name} wrote no sound. Choose --synth own.")
        samples = soundfile.read(sound, dtype="float32", always_2d=True)[0]
    if len(samples) < (score.duration_s - _TOLERANCE_S) * sample_rate:  # it does not tell of a full disk
        raise OutputError(
            f"{player.name} wrote only part of the sound. Is the disk full? Or choose --synth own."
        )
    mix = np.ascontiguousarray(samples.T)
    limit(mix)
    return np.ascontiguousarray(mix.T)


def _preference(path: Path) -> tuple[int, str]:
    name = path.name.lower()
    rank = next((i for i, known in enumerate(_PREFERRED) if known in name), len(_PREFERRED))
    return rank, name


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS_ALLOWED, check=False)
    except subprocess.TimeoutExpired as error:
        raise OutputError(
            f"FluidSynth did not finish in {_SECONDS_ALLOWED} s. Choose --synth own."
        ) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise OutputError(f"FluidSynth failed ({said[-1] if said else done.returncode}). Choose --synth own.")
