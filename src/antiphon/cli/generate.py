"""`antiphon generate`: new music from a model, as files, with a page to choose among them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antiphon.cli import flags
from antiphon.errors import NameNotFound, OptionError
from antiphon.files import claimed

if TYPE_CHECKING:
    from antiphon.generate import Piece
    from antiphon.generate.model import Model
    from antiphon.render.sheet import SheetEntry

_DEFAULT_FAMILY = "melody"
"""What is made where nothing is named."""

_What = Annotated[
    str | None,
    typer.Argument(help="A kind of music (melody, drums), a bundle (melody/lookback) or its file."),
]
_Bundle = Annotated[
    str | None, typer.Option("--bundle", help="A bundle, by name or file; see `antiphon models`.")
]
_Primer = Annotated[
    list[Path] | None, typer.Option("--primer", help="Continue what the model can play of this file.")
]
_Events = Annotated[
    list[str] | None,
    typer.Option(
        "--primer-events",
        help="Continue '60 -2 62 -2' (pitches, -2 goes on, -1 ends), 'kick x---x---' or '36+42 - 38 -'.",
    ),
]
_N = Annotated[int, typer.Option("-n", "--number", help="How many pieces.")]
_Seed = Annotated[
    int | None, typer.Option("--seed", help="The same seed gives the same music. (default: drawn)")
]
_Out = Annotated[Path | None, typer.Option("-o", "--output", help="Folder. (default: generated/DATE_SEED)")]
_Audio = Annotated[str | None, typer.Option("--audio", help="Also as sound: wav, flac, ogg or mp3.")]
_Picture = Annotated[bool, typer.Option("--picture", help="Also as a picture: a piano roll as PNG.")]
_Again = Annotated[
    Path | None, typer.Option("--again", metavar="JSON", help="Make the piece of this record again.")
]


def register(app: typer.Typer) -> None:
    """Add the verb; its signature has a flag for every option of music."""
    app.command("generate")(flags.with_flags(generate, flags.options()))


def generate(
    what: _What = None,
    bundle: _Bundle = None,
    primer: _Primer = None,
    primer_events: _Events = None,
    n: _N = 1,
    seed: _Seed = None,
    output: _Out = None,
    audio: _Audio = None,
    picture: _Picture = False,
    again: _Again = None,
    **typed: Any,
) -> None:
    """Make new music, or continue yours. With no option at all it makes a melody.

    Numbers may be lists (--temperature 0.6,1,1.2), and primers, meters, keys and instruments may be given
    several times: everything is made with each, and the page shows them side by side."""
    written = _Written(None if audio is None else _sound_suffix(audio), picture)
    if again is not None:
        others = {"--primer": primer, "--primer-events": primer_events, "--seed": seed}
        said = [name for name, value in others.items() if value is not None] + ["-n"] * (n != 1)
        _check_alone([*said, *flags.given(flags.options(), typed)])
        _again(again, bundle, written, output)
        return
    from antiphon.generate.model import new_seed
    from antiphon.generate.sweep import Sweep

    asked = flags.values(flags.options(), typed)
    if primer and primer_events:
        raise OptionError("Both --primer and --primer-events are given; a primer is one or the other.")
    asked["primer"] = primer or primer_events or [None]
    sweep = Sweep.of(asked)
    sweep.check(n)
    model, seed = _model(what, bundle), new_seed() if seed is None else seed
    given = {name: values[0] for name, values in asked.items()}
    pieces: list[Piece] = []
    cells: list[tuple[str, str]] = []
    for chosen, cell in sweep.combinations():
        made = _made(model, {**given, **chosen}, bool(primer_events), n, seed)
        pieces += made
        cells += [cell] * len(made)
    written.write(pieces, output or _folder(pieces[0]), cells=cells)


def _made(model: Model, options: dict[str, Any], is_text: bool, n: int, seed: int) -> list[Piece]:
    """The pieces of one combination of options; its primer is text as it was typed, or a file."""
    given = options.pop("primer")
    recipe = model.bundle.recipe
    primer = recipe.events.read(given, recipe.view) if is_text else given
    return model.generate(primer, n=n, seed=seed, **options)


def _model(what: str | None, bundle: str | None) -> Model:
    """The model that plays: the bundle, where one is named, else the kind of music, the bundle or the file
    that WHAT is."""
    from antiphon.generate import load
    from antiphon.runtime import bundle as bundles

    chosen = what if what is not None or bundle is not None else _DEFAULT_FAMILY
    model = load(bundle or bundles.default(chosen or "") or chosen or "")
    family = model.bundle.recipe.family
    if bundle is not None and what is not None and what.partition("/")[0] != family:
        raise OptionError(f"'{model.name}' plays {family}, not {what}: say `antiphon generate {family}`.")
    return model


def _check_alone(others: list[str]) -> None:
    """Raises `OptionError` for options beside a record, which holds all that decides its piece."""
    if others:
        raise OptionError(
            f"{', '.join(others)} cannot be changed with --again: the record says it all. Leave --again out "
            "to make another piece."
        )


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

    def write(
        self,
        pieces: list[Piece],
        folder: Path,
        names: list[str] | None = None,
        cells: list[tuple[str, str]] | None = None,
    ) -> None:
        """All pieces into `folder`, with the page that shows them, each in its cell of a sweep.

        What belongs together is written together: where another process writes there, this one waits."""
        with claimed(folder, wait=lambda line: typer.echo(line, err=True)):
            self._all(pieces, folder, names, cells)

    def _all(
        self,
        pieces: list[Piece],
        folder: Path,
        names: list[str] | None,
        cells: list[tuple[str, str]] | None,
    ) -> None:
        from antiphon.render import sheet

        digits = len(str(len(pieces)))
        names = names or [f"{number:0{digits}d}" for number in range(1, len(pieces) + 1)]
        cells = cells or [("", "")] * len(pieces)
        rows = zip(pieces, names, cells, strict=True)
        entries = [self._one(piece, folder, name, cell) for piece, name, cell in rows]
        typer.echo("Each line: file, log-likelihood in nats, and the same per event.", err=True)
        first = pieces[0]
        about = f"{first.bundle['name']}, seed {first.request.seed}"
        page = sheet.write(folder, entries, title="New music", about=about)
        typer.echo(f"Seed {first.request.seed}: with the same options it makes the same music.", err=True)
        typer.echo(f"Next: open {page}, or antiphon play {entries[0].midi}", err=True)

    def _one(self, piece: Piece, folder: Path, name: str, cell: tuple[str, str]) -> SheetEntry:
        """One piece's files, and its entry on the page."""
        from antiphon.render import sheet

        midi, record = folder / f"{name}.mid", folder / f"{name}.json"
        piece.save(midi)
        piece.save_record(record)
        place = "".join(f"\t{word}" for word in cell if word)
        typer.echo(f"{midi}\t{piece.log_likelihood:.2f}\t{piece.per_event:.4f}{place}")
        return sheet.SheetEntry(
            name=name,
            score=piece.score,
            midi=midi,
            audio=self._sound(piece, folder / name),
            picture=self._picture(piece, folder / f"{name}.png"),
            details=record,
            log_likelihood=piece.log_likelihood,
            n_events=len(piece.log_p),
            primer_end=piece.primer_end,
            cell=cell,
        )

    def _sound(self, piece: Piece, stem: Path) -> Path | None:
        if self.sound_suffix is None or not len(piece.score.notes):
            return None
        from antiphon.render import audio
        from antiphon.render.synth import SAMPLE_RATE

        path = stem.with_name(stem.name + self.sound_suffix)
        audio.write(path, audio.sound(piece.score)[0], SAMPLE_RATE)
        return path

    def _picture(self, piece: Piece, path: Path) -> Path | None:
        if not self.picture or not len(piece.score.notes):
            return None
        from antiphon.render import roll

        roll.draw(piece.score, path, primer_end=piece.primer_end)
        return path
