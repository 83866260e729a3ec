"""`antiphon arrange`: sections into a form, melodies over one another, drums underneath."""

from __future__ import annotations

import string
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antiphon.cli import flags
from antiphon.cli.printing import quoted
from antiphon.errors import OptionError

if TYPE_CHECKING:
    from antiphon.schema import Named
    from antiphon.score.score import Score

_SECTIONS, _DRUMS = "melody", "drums"
"""Families whose bundles make sections and drums where none is named."""

_Files = Annotated[list[Path] | None, typer.Argument(help="Sections A, B, C... in this order.")]
_Form = Annotated[str | None, typer.Option("--form", help="Such as AABA. (default: each section once)")]
_Over = Annotated[
    list[Path] | None, typer.Option("--over", help="Layer this file over it all, repeated to its end.")
]
_Drums = Annotated[
    str | None,
    typer.Option(
        "--drums",
        help="auto, rock, disco, ballad, waltz; generated, or a bundle that does it; or a file, looped.",
    ),
]
_Bundle = Annotated[
    str | None,
    typer.Option("--bundle", help="What makes the sections that no file gives. (default: a melody bundle)"),
]
_Bars = Annotated[int, typer.Option("--bars", help="Length of each section that is made.")]
_Meter = Annotated[
    str | None, typer.Option("--meter", help="Meter of what is made; files get their bars drawn so too.")
]
_Program = Annotated[
    list[str] | None, typer.Option("--program", help="Instrument of the next part ('cello' or 0-127).")
]
_Name = Annotated[list[str] | None, typer.Option("--name", help="Name of the next part.")]
_Qpm = Annotated[float | None, typer.Option("--qpm", help="Quarters per minute, for all of it.")]
_Seed = Annotated[
    int | None, typer.Option("--seed", help="The same seed makes the same sections. (default: drawn)")
]
_Out = Annotated[Path, typer.Option("-o", "--output", help="The file to write.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("arrange")(flags.with_flags(arrange, _made_with()))


def _made_with() -> list[Named]:
    """Options of what a model makes."""
    return flags.options("temperature", "top_k", "top_p", "key", "in_key")


def arrange(
    files: _Files = None,
    form: _Form = None,
    over: _Over = None,
    drums: _Drums = None,
    bundle: _Bundle = None,
    bars: _Bars = 8,
    meter: _Meter = None,
    program: _Program = None,
    name: _Name = None,
    qpm: _Qpm = None,
    seed: _Seed = None,
    output: _Out = Path("arranged.mid"),
    **typed: Any,
) -> None:
    """Put sections into a form, layer melodies, add drums. Sections of the form without a file are made by a
    model.
    """
    from antiphon import io
    from antiphon.arrange import form as arranging
    from antiphon.generate import notation

    drawn = notation.meter(meter) if meter else None
    sections = _sections(files or [], drawn)
    form = form or "".join(sections) or "AABA"
    programs = [notation.program(word) for word in program or []]
    made_with = flags.single(_made_with(), typed)
    options = {"bars": bars, "meter": drawn, **made_with}
    music = arranging.in_form(_completed(sections, form, bundle, seed, options), form)
    if over:
        music = arranging.layered(music, [_load(path, drawn) for path in over])
    music = arranging.dressed(music, programs, name or [])
    if drums:
        sampling = {name: value for name, value in made_with.items() if "key" not in name}
        music = _with_drums(music, drums, drawn, seed, sampling)
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
    from antiphon.arrange.form import in_meter

    score = io.load(path)
    return score if meter is None else in_meter(score, meter)


def _completed(
    sections: dict[str, Score], form: str, bundle: str | None, seed: int | None, options: dict[str, Any]
) -> dict[str, Score]:
    """With the sections that the form has and no file gives made by the bundle's model."""
    from antiphon.arrange.form import letters

    missing = [letter for letter in letters(form) if letter not in sections]
    if not missing:
        return sections
    from antiphon.generate.model import load, new_seed
    from antiphon.generate.parts import complete_form
    from antiphon.runtime.bundle import default

    model, seed = load(bundle or default(_SECTIONS) or _SECTIONS), new_seed() if seed is None else seed
    made = complete_form(sections, sorted(letters(form)), model, seed=seed, **options)
    typer.echo(f"{', '.join(missing)} made with {model.name}, seed {seed}.", err=True)
    return made


def _with_drums(music: Score, drums: str, meter: Any, seed: int | None, sampling: dict[str, Any]) -> Score:
    from antiphon.arrange import form as arranging
    from antiphon.arrange.loops import STYLES

    if drums in ("auto", *STYLES):
        return arranging.with_drums(music, None if drums == "auto" else drums)
    from antiphon.runtime.bundle import shipped, shown_name
    from antiphon.runtime.container import SUFFIX

    if drums == "generated" or drums.endswith(SUFFIX) or drums in map(shown_name, shipped()):
        return _with_generated_drums(music, drums, seed, sampling)
    if Path(drums).suffix:
        return arranging.layered(music, [_load(Path(drums), meter)])
    return arranging.with_drums(music, drums)


def _with_generated_drums(music: Score, drums: str, seed: int | None, sampling: dict[str, Any]) -> Score:
    """`music` with a part by a model of drums under all its whole bars."""
    from antiphon.generate.model import load, new_seed
    from antiphon.generate.parts import part_for
    from antiphon.runtime.bundle import default
    from antiphon.score.join import merge

    seed = new_seed() if seed is None else seed
    model = load(default(_DRUMS) or _DRUMS if drums == "generated" else drums)
    if model.bundle.recipe.family != _DRUMS:
        raise OptionError(
            f"'{model.name}' plays {model.bundle.recipe.family}, not {_DRUMS}; choose another bundle."
        )
    typer.echo(f"Drums made with {model.name}, seed {seed}.", err=True)
    return merge([music, part_for(music, model, seed=seed, **sampling)])
