"""Who plays: FluidSynth with a SoundFont where both are there, else the built-in synthesiser."""

from __future__ import annotations

from antiphon.errors import MissingDependency, OptionError
from antiphon.render import fluid
from antiphon.render.synth import SAMPLE_RATE, synthesize
from antiphon.render.tones import Samples
from antiphon.score.score import Score

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
