"""`antiphon corpus build` and `antiphon corpus inspect`: folders of music to corpora, and a look at their
health."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antiphon.cli.printing import print_json, quoted

if TYPE_CHECKING:
    from antiphon.data.build import Progress, Report
    from antiphon.data.health import Health

_MOST = 12

_Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SRC...", help="Files, folders (all below them), or lists of files (.txt, or @NAME)."
    ),
]
_Out = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of the corpus.")]
_Kind = Annotated[str, typer.Option("--for", metavar="KIND", help="What to extract: melody.")]
_Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes; one a core by default. 1 reads in this process, unguarded."),
]
_Duplicates = Annotated[
    str, typer.Option(help="drop or keep: what becomes of exact, transposed and near duplicates.")
]
_TimeLimit = Annotated[float, typer.Option(metavar="SECONDS", help="Longest time one file may take.")]
_Resolution = Annotated[int, typer.Option(help="Steps a quarter note is divided into; 4 are sixteenths.")]
_Json = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]
_MinBars = Annotated[int | None, typer.Option(min=0, help="Leave out what is shorter; 7 by default.")]
_MaxSteps = Annotated[
    int | None, typer.Option(min=0, help="Cut what is longer; 512 by default, 0 keeps all.")
]
_MinPitchClasses = Annotated[
    int | None,
    typer.Option(min=0, max=12, help="Leave out what has fewer different pitch classes; 5 by default."),
]
_GapBars = Annotated[float | None, typer.Option(help="A rest of so many bars ends a melody; 1 by default.")]
_Polyphony = Annotated[
    str | None,
    typer.Option(help="drop (default), top, bottom or highest: what becomes of chords in a melody."),
]
_Track = Annotated[str | None, typer.Option(help="Only this part of each file, by number (from 0) or name.")]
_Drums = Annotated[bool | None, typer.Option("--drums", help="Let percussion parts count.")]
_PadEnd = Annotated[bool | None, typer.Option("--pad-end", help="Fill up the last bar.")]
_Picture = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="PICTURE", help="Draw the report here (PNG, SVG, PDF)."),
]


def register(app: typer.Typer) -> None:
    """Add the verb and its two parts."""
    corpus = typer.Typer(
        help="Make a corpus of a folder of music, and see whether it is healthy.", no_args_is_help=True
    )
    corpus.command("build")(build)
    corpus.command("inspect")(inspect)
    app.add_typer(corpus, name="corpus")


def build(
    sources: _Sources,
    out: _Out,
    kind: _Kind = "melody",
    workers: _Workers = None,
    duplicates: _Duplicates = "drop",
    steps_per_quarter: _Resolution = 4,
    time_limit: _TimeLimit = 30.0,
    min_bars: _MinBars = None,
    max_steps: _MaxSteps = None,
    min_pitch_classes: _MinPitchClasses = None,
    gap_bars: _GapBars = None,
    polyphony: _Polyphony = None,
    track: _Track = None,
    drums: _Drums = None,
    pad_end: _PadEnd = None,
    as_json: _Json = False,
) -> None:
    """Read music into a corpus. The same command goes on where it was stopped, and takes in what is new.

    Each file's fate stands in DIR/ledger.tsv.
    """
    from antiphon.data.build import build as run

    given = {
        "min_bars": min_bars,
        "max_steps": max_steps,
        "min_pitch_classes": min_pitch_classes,
        "gap_bars": gap_bars,
        "polyphony": polyphony,
        "track": int(track) if track is not None and track.isdigit() else track,
        "drums": drums,
        "pad_end": pad_end,
    }
    with _progress() as progress:
        report = run(
            sources,
            out,
            kinds=(kind,),
            options={kind: _options(kind, {name: value for name, value in given.items() if value is not None})},
            steps_per_quarter=steps_per_quarter,
            workers=workers,
            duplicates=duplicates,  # type: ignore[arg-type]  # `build` says which words it takes
            time_limit_s=time_limit,
            progress=progress,
        )
    _tell(report, out, as_json)


def inspect(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that `antiphon corpus build` wrote.")],
    picture: _Picture = None,
    as_json: _Json = False,
) -> None:
    """Print, and draw, whether a corpus is healthy: what it holds, what was lost, and what to do."""
    from antiphon.data.corpus import Corpus
    from antiphon.data.health import examine

    health = examine(Corpus.open(folder))
    if picture is not None:
        from antiphon.render.charts import draw

        draw(list(_panels(health)), picture, f"{folder.name}: {health.sequences} {health.kind} sequences")
    if as_json:
        print_json(health.as_dict())
    else:
        for line in _lines(health):
            typer.echo(line)
    for warning in health.warnings:
        typer.echo(f"Mind: {warning}", err=True)
    if picture is not None:
        typer.echo(f"The picture is {picture}.", err=True)
    typer.echo(f"Next: antiphon train {health.kind}/attention --corpus {quoted(folder)} -o RUN", err=True)


def _options(kind: str, given: Mapping[str, Any]) -> Any:
    """The extractor's options; raises `OptionError` for one that sequences of this kind do not have."""
    import dataclasses

    from antiphon.codecs import family
    from antiphon.errors import OptionError

    options = family(kind).extractor.options
    known = {field.name for field in dataclasses.fields(options)}
    for name in given:
        if name not in known:
            raise OptionError(f"--{name.replace('_', '-')} means nothing for '{kind}'; leave it out.")
    values = {name: value or None if name == "max_steps" else value for name, value in given.items()}
    return options(**values)


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """A bar on stderr with files a second and the time left."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    speed = TextColumn("{task.fields[speed]}")
    columns = (TextColumn("Reading"), BarColumn(), MofNCompleteColumn(), speed, TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("files", total=None, speed="")

        def show(progress: Progress) -> None:
            rate = bar.tasks[0].speed
            speed = f"{rate:.0f} files/s" if rate else ""
            bar.update(task, completed=progress.done, total=progress.total, speed=speed)
            if progress.message:
                bar.console.print(progress.message, highlight=False, markup=False)

        yield show


def _tell(report: Report, out: Path, as_json: bool) -> None:
    """Results on stdout, what to do next on stderr."""
    results = dict(report.ledger.by_result.most_common())
    causes = report.ledger.causes().most_common()
    if as_json:
        figures = {"sequences": report.corpus.n, "groups": len(report.corpus.groups), "reused": report.reused}
        print_json({**figures, "files": results, "causes": dict(causes), "likeness": dict(report.likeness)})
    else:
        files = ", ".join(f"{n} {result}" for result, n in results.items())
        typer.echo(f"{report.corpus.n} {report.corpus.kind} sequences of {len(report.corpus.groups)} groups")
        typer.echo(f"files: {files}")
        for cause, n in causes[:_MOST]:
            typer.echo(f"{n:8}  {cause}")
        if len(causes) > _MOST:
            typer.echo(f"{'':8}  and {len(causes) - _MOST} more causes")
    typer.echo(
        f"Each file's fate: {out / 'ledger.tsv'}\nNext: antiphon corpus inspect {quoted(out)}", err=True
    )


def _lines(health: Health) -> Iterator[str]:
    from antiphon.data.health import quantiles

    yield f"{health.files} files: " + ", ".join(f"{n} {result}" for result, n in health.results.items())
    yield f"{health.pieces} pieces in {health.groups} groups, the largest of {health.largest_group}"
    lengths = quantiles(health.bars)
    yield (
        f"{health.sequences} sequences, {health.events} steps, {int(health.bars.sum())} bars; "
        f"{lengths['least']} to {lengths['most']} bars each, "
        f"half of them {lengths['lower_quartile']} to {lengths['upper_quartile']}"
    )
    meters = ", ".join(f"{meter} {n}" for meter, n in health.meters.items())
    yield f"meters: {meters}; {health.upbeats} begin within a bar"
    sounding = health.pitches.nonzero()[0]
    if len(sounding):
        yield f"pitches: {sounding[0]} to {sounding[-1]}, {int(health.pitches.sum())} notes"
    yield "splits: " + ", ".join(
        f"{name} {share.sequences} sequences of {share.groups} groups"
        for name, share in health.splits.items()
    )
    repeats = ", ".join(f"{n} {word}" for word, n in health.likeness.items()) or "none"
    yield f"repeats ({health.duplicates}): {repeats}"
    yield from (f"{n:8}  {cause}" for cause, n in health.causes.items())


def _panels(health: Health) -> Iterator[Any]:
    """The pictures of `inspect`."""
    import numpy as np

    from antiphon.render.charts import Panel

    low, high = _span(health.pitches)
    octaves: dict[float, str] = {
        pitch: f"C{pitch // 12 - 1}" for pitch in range(0, 128, 12) if low <= pitch <= high
    }
    yield Panel(
        "Notes at each pitch", health.pitches[low : high + 1].tolist(), range(low, high + 1), ticks=octaves
    )
    counts = np.bincount(health.bars)
    yield Panel("Sequences of each length", counts.tolist(), range(len(counts)), x_label="bars")
    yield _named("Meters", health.meters)
    yield _named("Splits", {name: share.sequences for name, share in health.splits.items()})
    yield _named("Files", health.results)
    yield _named("Left out or cut", health.causes)


def _named(title: str, numbers: Mapping[str, int]) -> Any:
    from antiphon.render.charts import Panel

    most = dict(sorted(numbers.items(), key=lambda item: -item[1])[:_MOST]) or {"nothing": 0}
    return Panel(title, list(most.values()), labels=[label[:40] for label in most])


def _span(counts: Any) -> tuple[int, int]:
    """First and last place with something."""
    filled = counts.nonzero()[0]
    return (int(filled[0]), int(filled[-1])) if len(filled) else (0, 127)
