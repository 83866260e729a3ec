"""The loudspeaker: sound played now, by whatever can play on this machine."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from antiphon.errors import MissingDependency, OutputError
from antiphon.render import audio
from antiphon.render.tones import Samples

_INSTEAD = "antiphon render FILE -o out.wav"


class AudioOutput(NamedTuple):
    """A way to play: its name, and a function that plays samples [n, 2] at a rate and returns at their end.

    The function raises `OutputError` where it fails, as it does without a sound card.
    """

    name: str
    play: Callable[[Samples, int], None]


# Programs that play a WAV file and end, with their options: macOS, ALSA, PulseAudio and PipeWire, FFmpeg,
# SoX.
_PROGRAMS: tuple[tuple[str, ...], ...] = (
    ("afplay",), ("pw-play",), ("paplay",), ("aplay", "-q"), ("ffplay", "-nodisp", "-autoexit", "-loglevel",
    "error"),
    ("play", "-q"),
)  # fmt: skip


def find() -> AudioOutput | None:
    """The `sounddevice` package where it finds an output, else the first player program; None where there is
    neither.
    """
    return _sounddevice() or next(
        (_program(command) for command in _PROGRAMS if shutil.which(command[0])), None
    )


def find_or_say() -> AudioOutput:
    """What `find` finds; raises `MissingDependency` with what to install where nothing can play."""
    device = find()
    if device is None:
        raise MissingDependency(
            "Nothing here can play sound: pip install 'antiphon[sound]', or install alsa-utils or ffmpeg, "
            f"or write a file: {_INSTEAD}"
        )
    return device


def _sounddevice() -> AudioOutput | None:
    try:
        import sounddevice
    except (ImportError, OSError):  # OSError: the package is there, the PortAudio library is not
        return None
    try:
        sounddevice.query_devices(kind="output")
    except (sounddevice.PortAudioError, ValueError):
        return None

    def play_now(samples: Samples, rate: int) -> None:
        try:
            sounddevice.play(samples, rate, blocking=True)
        except sounddevice.PortAudioError as error:
            raise OutputError(f"The sound card refused ({error}). Write a file: {_INSTEAD}") from error

    return AudioOutput("sounddevice", play_now)


def _program(command: tuple[str, ...]) -> AudioOutput:
    def play_file(samples: Samples, rate: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "antiphon.wav")
            audio.write(file, samples, rate)
            done = subprocess.run([*command, str(file)], capture_output=True, check=False)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            reason = said[-1] if said else f"exit status {done.returncode}"
            raise OutputError(f"{command[0]} could not play ({reason}). Write a file: {_INSTEAD}")

    return AudioOutput(command[0], play_file)
