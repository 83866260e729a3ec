"""`antiphon arrange`: sections into a form, melodies over one another, drums underneath."""

from __future__ import annotations

import string
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antiphon.cli.printing import quoted
from antiphon.errors import OptionError

if TYPE_CHECKING:
    from antiphon.score.score import Score

_Files = Annotated[list[Path] | None, typer.Argument(help="Sections A, B, C... in this order.")]
_Form = Annotated[str | None, typer.Option("--form", help="Such as AABA. [default: each section once]")]
_Over = Annotated[
    list[Path] | None, typer.Option("--over", help="Layer this file over it all, repeated to its end.")
]
_Drums = Annotated[
    str | None, typer.Option("--drums", help="auto, rock, disco, ballad, waltz, or a file that is looped.")
]
_Bundle = Annotated[str, typer.Option("--bundle", help="What makes the sections that no file gives.")]
_Bars = Annotated[int, typer.Option("--bars", help="Length of each section that is made.")]
_Temperature = Annotated[
    float, typer.Option("--temperature", help="Higher is more adventurous; 0 takes the likeliest.")
]
_Key = Annotated[
    str | None, typer.Option("--key", help="Key of the sections that are made, such as 'D minor'.")
]
_Meter = Annotated[
    str | None, typer.Option("--meter", help="Meter of what is made; files get their bars drawn so too.")
]
_Program = Annotated[
    list[str] | None, typer.Option("--program", help="Instrument of the next part ('cello' or 0-127).")
]
_Name = Annotated[list[str] | None, typer.Option("--name", help="Name of the next part.")]
_Qpm = Annotated[float | None, typer.Option("--qpm", help="Quarters per minute, for all of it.")]
_Seed = Annotated[
    int | None, typer.Option("--seed", help="The same seed makes the same sections. [default: drawn]")
]
_Out = Annotated[Path, typer.Option("-o", "--output", help="The file to write.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("arrange")(arrange)


def arrange(
    files: _Files = None,
    form: _Form = None,
    over: _Over = None,
    drums: _Drums = None,
    bundle: _Bundle = "melody/attention",
    bars: _Bars = 8,
    temperature: _Temperature = 1.0,
    key: _Key = None,
    meter: _Meter = None,
    program: _Program = None,
    name: _Name = None,
    qpm: _Qpm = None,
    seed: _Seed = None,
    output: _Out = Path("arranged.mid"),
) -> None:
    """Put sections into a form, layer melodies, add drums. Sections of the form without a file are made by a
    model.
    """
    from antiphon import io
    from antiphon.generate import arrange as arranging
    from antiphon.generate import notation

    drawn = notation.meter(meter) if meter else None
    sections = _sections(files or [], drawn)
    form = form or "".join(sections) or "AABA"
    programs = [notation.program(word) for word in program or []]
    options = {"bars": bars, "temperature": temperature, "key": key, "meter": drawn}
    music = arranging.in_form(_completed(sections, form, bundle, seed, options), form)
    if over:
        music = arranging.layered(music, [_load(path, drawn) for path in over])
    music = arranging.dressed(music, programs, name or [])
    if drums:
        music = _with_drums(music, drums, drawn)
    music = music if qpm is None else arranging.at_tempo(music, qpm)
    io.save(music.replace(title=form), output)
    typer.echo(str(output))
    typer.echo(f"Next: antiphon show {quoted(output)}, or antiphon play {quoted(output)}", err=True)


def _sections(files: list[Path], meter: Any) -> dict[str, Score]:
    if len(files) > len(string.ascii_uppercase):
        raise OptionError(f"{len(files)} sections; a form has letters for 26 at most.")
    return {letter: _load(path, meter) for letter, path in zip(string.ascii_uppercase, files, strict=False)}


def _load(path: Path, meter: Any) -> Score:
    from antiphon import io
    from antiphon.generate.arrange import in_meter

    score = io.load(path)
    return score if meter is None else in_meter(score, meter)


def _completed(
    sections: dict[str, Score], form: str, bundle: str, seed: int | None, options: dict[str, Any]
) -> dict[str, Score]:
    """With the sections that the form has and no file gives made by the bundle's model."""
    from antiphon.generate.arrange import letters

    missing = [letter for letter in letters(form) if letter not in sections]
    if not missing:
        return sections
    from antiphon.generate.model import load, new_seed
    from antiphon.generate.sections import complete

    seed = new_seed() if seed is None else seed
    made = complete(sections, sorted(letters(form)), load(bundle), seed=seed, **options)
    typer.echo(f"{', '.join(missing)} made with {bundle}, seed {seed}.", err=True)
    return made


def _with_drums(music: Score, drums: str, meter: Any) -> Score:
    from antiphon.generate import arrange as arranging
    from antiphon.generate.drums import STYLES

    if drums != "auto" and drums not in STYLES and Path(drums).suffix:
        return arranging.layered(music, [_load(Path(drums), meter)])
    return arranging.with_drums(music, None if drums == "auto" else drums)
