"""`antiphon render`: a file of music to a file of sound."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from antiphon.cli.printing import quoted


class Synth(StrEnum):
    """Who plays."""

    auto = "auto"
    own = "own"
    fluidsynth = "fluidsynth"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("render")(render)


def render(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The music, or a piece of a file of many (book.abc#3).")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Sound file: .wav, .flac, .ogg or .mp3.", show_default="FILE.mp3"
        ),
    ] = None,
    rate: Annotated[int, typer.Option(min=16000, max=48000, help="Samples per second.")] = 44100,
    synth: Annotated[
        Synth, typer.Option(help="auto takes FluidSynth with a SoundFont where both are there, else our own.")
    ] = Synth.auto,
) -> None:
    """Make sound of a file of music."""
    from antiphon import io
    from antiphon.data import conversion
    from antiphon.errors import EmptyError
    from antiphon.render import audio

    piece = io.find(file)
    target = output or Path(piece.path).with_name(f"{piece.stem}.mp3")
    audio.check(target, rate)
    score = conversion.load(piece)
    if not len(score.notes):
        raise EmptyError(f"'{file}' has no notes to sound.")
    samples, player = audio.sound(score, rate, synth=synth.value)
    audio.write(target, samples, rate)
    typer.echo(f"{len(samples) / rate:.0f} s, played by {player}.", err=True)
    typer.echo(target)
    typer.echo(f"Next: antiphon show {quoted(file)} -o roll.png", err=True)
