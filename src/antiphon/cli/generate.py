"""`antiphon generate`: new music from a model, as files, with a page to choose among them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antiphon.errors import NameNotFound, OptionError

if TYPE_CHECKING:
    from antiphon.generate import Piece
    from antiphon.generate.model import Model, Prompt
    from antiphon.render.sheet import Entry

_DEFAULT_BUNDLES = {"melody": "melody/attention"}
"""The bundle that plays where only a kind of music is named."""

_What = Annotated[str, typer.Argument(help="A kind of music ('melody') or a bundle ('melody/lookback').")]
_Bundle = Annotated[
    str | None, typer.Option("--bundle", help="A bundle, by name or file; see `antiphon models`.")
]
_Primer = Annotated[Path | None, typer.Option("--primer", help="Continue the first melody of this file.")]
_Events = Annotated[
    str | None,
    typer.Option("--primer-events", help="Continue '60 -2 62 -2': pitches, -2 goes on, -1 ends a note."),
]
_PrimerBars = Annotated[
    int | None, typer.Option("--primer-bars", help="Continue only the first so many bars of the primer.")
]
_Bars = Annotated[int | None, typer.Option("--bars", help="Length in bars, primer included. [default: 16]")]
_Steps = Annotated[
    int | None, typer.Option("--steps", help="Length in steps, primer included, instead of bars.")
]
_Meter = Annotated[
    str | None, typer.Option("--meter", help="Such as 3/4 or 6/8; the primer's where there is one.")
]
_Key = Annotated[
    str | None, typer.Option("--key", help="Such as 'D minor', Bb or 'E dorian'; everything moves there.")
]
_InKey = Annotated[bool, typer.Option("--in-key", help="Play only notes of the key.")]
_Program = Annotated[
    str | None, typer.Option("--program", help="Instrument, by name ('cello') or number 0-127.")
]
_Qpm = Annotated[
    float | None, typer.Option("--qpm", help="Quarters per minute. [default: the primer's, or 120]")
]
_Temperature = Annotated[
    float, typer.Option("--temperature", help="Higher is more adventurous; 0 takes the likeliest.")
]
_TopK = Annotated[int, typer.Option("--top-k", help="Choose among the k likeliest events only; 0 is all.")]
_TopP = Annotated[
    float, typer.Option("--top-p", help="Choose among the likeliest events with this share; 1 is all.")
]
_Beam = Annotated[
    int, typer.Option("--beam-size", help="Pieces followed side by side, of which the likeliest stays.")
]
_Branch = Annotated[int, typer.Option("--branch-factor", help="Continuations tried of each of them.")]
_Iteration = Annotated[
    int, typer.Option("--steps-per-iteration", help="Events between two choices among them.")
]
_Without = Annotated[bool, typer.Option("--without-primer", help="Leave the primer out of the result.")]
_Transpose = Annotated[int, typer.Option("--transpose", help="Semitones to move the primer by.")]
_N = Annotated[int, typer.Option("-n", "--number", help="How many pieces.")]
_Seed = Annotated[
    int | None, typer.Option("--seed", help="The same seed gives the same music. [default: drawn]")
]
_Out = Annotated[Path | None, typer.Option("-o", "--output", help="Folder. [default: generated/DATE_SEED]")]
_Audio = Annotated[str | None, typer.Option("--audio", help="Also as sound: wav, flac, ogg or mp3.")]
_Picture = Annotated[bool, typer.Option("--picture", help="Also as a picture: a piano roll as PNG.")]
_Again = Annotated[
    Path | None, typer.Option("--again", metavar="JSON", help="Make the piece of this record again.")
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("generate")(generate)


def generate(
    what: _What = "melody",
    bundle: _Bundle = None,
    primer: _Primer = None,
    primer_events: _Events = None,
    primer_bars: _PrimerBars = None,
    bars: _Bars = None,
    steps: _Steps = None,
    meter: _Meter = None,
    key: _Key = None,
    in_key: _InKey = False,
    program: _Program = None,
    qpm: _Qpm = None,
    temperature: _Temperature = 1.0,
    top_k: _TopK = 0,
    top_p: _TopP = 1.0,
    beam_size: _Beam = 1,
    branch_factor: _Branch = 1,
    steps_per_iteration: _Iteration = 1,
    without_primer: _Without = False,
    transpose: _Transpose = 0,
    n: _N = 1,
    seed: _Seed = None,
    output: _Out = None,
    audio: _Audio = None,
    picture: _Picture = False,
    again: _Again = None,
) -> None:
    """Make new music, or continue yours. With no option at all it makes a melody."""
    written = _Written(audio and _sound_suffix(audio), picture)
    if again is not None:
        _again(again, bundle, written, output)
        return
    options: dict[str, Any] = {
        "bars": bars,
        "steps": steps,
        "meter": meter,
        "key": key,
        "in_key": in_key,
        "program": program,
        "qpm": qpm,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "beam_size": beam_size,
        "branch_factor": branch_factor,
        "steps_per_iteration": steps_per_iteration,
        "with_primer": not without_primer,
        "transpose": transpose,
        "primer_bars": primer_bars,
    }
    pieces = _model(what, bundle).generate(_prompt(primer, primer_events), n=n, seed=seed, **options)
    written.write(pieces, output or _folder(pieces[0]))


def _model(what: str, bundle: str | None) -> Model:
    from antiphon.generate import load

    model = load(bundle or _DEFAULT_BUNDLES.get(what, what))
    family = model.bundle.recipe.family
    if what.partition("/")[0] != family:
        raise OptionError(f"'{model.name}' makes a {family}, not a {what}: say `antiphon generate {family}`.")
    return model


def _prompt(file: Path | None, events: str | None) -> Prompt:
    from antiphon.generate import notation

    if file is not None and events is not None:
        raise OptionError("Both --primer and --primer-events are given; a primer is one or the other.")
    return notation.events(events) if events is not None else file


def _again(record: Path, bundle: str | None, written: _Written, output: Path | None) -> None:
    from antiphon.generate.model import again

    piece = again(record, bundle)
    written.write([piece], output or _folder(piece), names=[record.stem])


def _sound_suffix(name: str) -> str:
    from antiphon.render import audio

    suffix = f".{name.removeprefix('.').lower()}"
    if suffix not in audio.FORMATS:
        raise NameNotFound("sound format", name, (known.removeprefix(".") for known in audio.FORMATS))
    return suffix


def _folder(piece: Piece) -> Path:
    import datetime

    return Path("generated") / f"{datetime.date.today().isoformat()}_{piece.request.seed}"


@dataclass(frozen=True)
class _Written:
    """What is written of each piece: always MIDI and its record, sound and picture where asked for."""

    sound_suffix: str | None
    picture: bool

    def write(self, pieces: list[Piece], folder: Path, names: list[str] | None = None) -> None:
        """All pieces into `folder`, with the page that shows them."""
        from antiphon.render import sheet

        digits = len(str(len(pieces)))
        names = names or [f"{number:0{digits}d}" for number in range(1, len(pieces) + 1)]
        entries = [self._one(piece, folder, name) for piece, name in zip(pieces, names, strict=True)]
        typer.echo("Each line: file, log-likelihood in nats, and the same an event.", err=True)
        first = pieces[0]
        about = f"{first.bundle['name']}, seed {first.request.seed}"
        page = sheet.write(folder, entries, title="New music", about=about)
        typer.echo(f"Seed {first.request.seed}: with the same options it makes the same music.", err=True)
        typer.echo(f"Next: open {page}, or antiphon play {entries[0].midi}", err=True)

    def _one(self, piece: Piece, folder: Path, name: str) -> Entry:
        """One piece's files, and its entry on the page."""
        from antiphon.render import sheet

        midi, record = folder / f"{name}.mid", folder / f"{name}.json"
        piece.save(midi)
        piece.save_record(record)
        typer.echo(f"{midi}\t{piece.log_likelihood:.2f}\t{piece.per_event:.4f}")
        return sheet.Entry(
            name=name,
            score=piece.score,
            midi=midi,
            audio=self._sound(piece, folder / name),
            picture=self._picture(piece, folder / f"{name}.png"),
            details=record,
            log_likelihood=piece.log_likelihood,
            n_events=len(piece.log_p),
            primer_end=piece.primer_end,
        )

    def _sound(self, piece: Piece, stem: Path) -> Path | None:
        if self.sound_suffix is None or not len(piece.score.notes):
            return None
        from antiphon.render import audio
        from antiphon.render.sound import sound
        from antiphon.render.synth import SAMPLE_RATE

        path = stem.with_name(stem.name + self.sound_suffix)
        audio.write(path, sound(piece.score)[0], SAMPLE_RATE)
        return path

    def _picture(self, piece: Piece, path: Path) -> Path | None:
        if not self.picture or not len(piece.score.notes):
            return None
        from antiphon.render import roll

        roll.draw(piece.score, path, primer_end=piece.primer_end)
        return path
