"""Sound of a score, by whoever plays it, and sound files: WAV, FLAC, OGG (Vorbis) and MP3, by the suffix."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np

from antiphon.errors import EmptyError, MissingDependency, OptionError, OutputError
from antiphon.files import atomic_write
from antiphon.render import fluid
from antiphon.render.synth import SAMPLE_RATE, synthesize
from antiphon.render.tones import Samples
from antiphon.score.score import Score

FORMATS: dict[str, tuple[str, str]] = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_CHUNK = 65536  # frames: libsndfile 1.2 crashes on a long OGG written at once
SYNTHS = ("auto", "own", "fluidsynth")
OWN = "the built-in synthesiser"


def sound(score: Score, sample_rate: int = SAMPLE_RATE, *, synth: str = "auto") -> tuple[Samples, str]:
    """The sound of `score`, float32 [n, 2] below full scale, and the name of what played it.

    `synth` "own" or "fluidsynth" insists on one. Raises `OptionError` for another word, `MissingDependency`
    where FluidSynth is asked for and not there, and what `synthesize` raises.
    """
    player = _player(synth)
    if player is None or not len(score.notes):
        return synthesize(score, sample_rate), OWN
    return fluid.play(score, player, sample_rate), player.name


def _player(synth: str) -> fluid.FluidSynth | None:
    if synth not in SYNTHS:
        raise OptionError(f"No synthesiser '{synth}': choose {', '.join(SYNTHS)}.")
    player = None if synth == "own" else fluid.find()
    if player is None and synth == "fluidsynth":
        raise MissingDependency(
            "FluidSynth needs its program and a SoundFont: install fluidsynth and fluid-soundfont-gm, "
            f"or set {fluid.ENVIRONMENT} to an .sf2 file."
        )
    return player


def check(path: Path, sample_rate: int) -> tuple[str, str]:
    """libsndfile's names of container and encoding for `path`.

    Raises `OptionError` for an unknown suffix, or a rate that MP3 files cannot have.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise OptionError(
            f"Cannot write sound as '{path.name}': use a name that ends in {', '.join(FORMATS)}."
        )
    if suffix == ".mp3" and sample_rate not in MP3_RATES:
        known = ", ".join(map(str, MP3_RATES))
        raise OptionError(
            f"MP3 cannot have {sample_rate} samples per second: choose {known}, or another format."
        )
    return FORMATS[suffix]


def write(path: str | Path, samples: Samples, sample_rate: int) -> None:
    """Write float samples [n] or [n, channels] between -1 and 1, whole or not at all.

    Raises `OptionError` for an unknown suffix, `EmptyError` without samples, `OutputError` where the folder
    cannot be written.
    """
    import soundfile

    target = Path(path)
    container, encoding = check(target, sample_rate)
    if not len(samples):
        raise EmptyError(f"Nothing to write to '{target}': the music has no notes.")
    frames = np.atleast_2d(np.asarray(samples, np.float32).T).T
    how = {"samplerate": sample_rate, "channels": frames.shape[1], "format": container, "subtype": encoding}
    encoded = BytesIO()  # libsndfile does not tell that a file of its own could not be written to its end
    try:
        with soundfile.SoundFile(encoded, "w", **how) as file:
            for start in range(0, len(frames), _CHUNK):
                file.write(frames[start : start + _CHUNK])
    except soundfile.LibsndfileError as error:
        raise OutputError(f"Cannot write '{target}': {error.error_string} Choose another format.") from error
    atomic_write(target, encoded.getvalue())
