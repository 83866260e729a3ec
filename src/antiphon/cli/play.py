"""`antiphon play`: a file of music, heard now."""

from __future__ import annotations

from typing import Annotated

import typer

from antiphon.cli.printing import quoted
from antiphon.cli.render import Synth


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("play")(play)


def play(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The music, or a piece of a file of many (book.abc#3).")
    ],
    synth: Annotated[
        Synth, typer.Option(help="auto takes FluidSynth with a SoundFont where both are there, else our own.")
    ] = Synth.auto,
) -> None:
    """Sound a file of music now, where this machine has a loudspeaker."""
    from antiphon.data import conversion
    from antiphon.errors import EmptyError
    from antiphon.render import device
    from antiphon.render.audio import sound
    from antiphon.render.describe import clock_text
    from antiphon.render.synth import SAMPLE_RATE

    speaker = device.find_or_say()
    score = conversion.load(file)
    if not len(score.notes):
        raise EmptyError(f"'{file}' has no notes to play.")
    samples, player = sound(score, synth=synth.value)
    typer.echo(
        f"Playing {clock_text(len(samples) / SAMPLE_RATE)} by {player} through {speaker.name}; Ctrl-C stops.",
        err=True,
    )
    speaker.play(samples, SAMPLE_RATE)
    typer.echo(f"Next: antiphon render {quoted(file)} -o out.mp3", err=True)
