"""`antiphon corpus build`: builds a corpus from music."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antiphon.cli.printing import print_json, quoted

if TYPE_CHECKING:
    from antiphon.data.build import BuildReport

_MAX_CAUSES = 12

_Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SRC...", help="Files, folders (all below them), or lists of files (.txt, or @NAME)."
    ),
]
_Out = Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder of the corpus.")]
_Kinds = Annotated[
    str,
    typer.Option(
        "--for",
        metavar="KIND,...",
        help="What to take from each piece, all in one reading: melody, drums, performance ...",
    ),
]
_Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes; one per core by default. 1 reads in this process, unguarded."),
]
_Engine = Annotated[
    str, typer.Option(metavar="NAME", help="local: this machine; dask: a cluster, with the extra 'cluster'.")
]
_Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="The cluster's scheduler (tcp://host:8786); without it one starts here."
    ),
]
_Duplicates = Annotated[
    str,
    typer.Option(metavar="WORD", help="drop or keep: copies of a piece, also in other keys and tempos."),
]
_TimeLimit = Annotated[float, typer.Option(metavar="SECONDS", help="Longest time one piece may take.")]
_Resolution = Annotated[
    int, typer.Option(help="Steps a quarter note is divided into; 4 are sixteenths, 12 also hold triplets.")
]
_ByContent = Annotated[
    bool,
    typer.Option(
        "--by-content", help="Tell by its bytes, not its size and time, whether a file was read before."
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]
_MinBars = Annotated[
    int | None, typer.Option(min=0, help="Leave out melodies and drum tracks that are shorter; 7 by default.")
]
_MaxSteps = Annotated[
    int | None, typer.Option(min=0, help="Cut what is longer than so many steps; 0 keeps it whole.")
]
_MinPitchClasses = Annotated[
    int | None,
    typer.Option(
        min=0, max=12, help="Leave out melodies of fewer different notes, octaves aside; 5 by default."
    ),
]
_GapBars = Annotated[
    float | None, typer.Option(help="A rest of so many bars ends a melody or a drum track; 1 by default.")
]
_Polyphony = Annotated[
    str | None,
    typer.Option(
        metavar="WORD", help="drop (default), top, bottom or highest: what becomes of chords in a melody."
    ),
]
_Track = Annotated[
    str | None, typer.Option(metavar="PART", help="Only this part, by its number (from 0) or name.")
]
_Drums = Annotated[
    bool | None, typer.Option("--drums", help="Let percussion count in melodies and performances.")
]
_DrumsFrom = Annotated[
    str | None,
    typer.Option(
        metavar="WHERE", help="track:N, track:NAME or program:N, where drums are not on their channel."
    ),
]
_PadEnd = Annotated[bool | None, typer.Option("--pad-end", help="Fill up the last bar.")]
_Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Any other option of a kind, as in performance.n_velocity_bins=8.",
    ),
]


def build(
    sources: _Sources,
    out: _Out,
    kinds: _Kinds = "melody",
    workers: _Workers = None,
    engine: _Engine = "local",
    scheduler: _Scheduler = None,
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
    drums_from: _DrumsFrom = None,
    pad_end: _PadEnd = None,
    settings: _Set = None,
    by_content: _ByContent = False,
    as_json: _Json = False,
) -> None:
    """Read music into a corpus. The same command goes on where it was stopped, and takes in what is new.

    An option holds for all kinds that have it. Each piece's outcome stands in DIR/ledger.tsv.
    """
    from antiphon.cli.corpus.options import extraction_options, parse_kinds
    from antiphon.cli.corpus.progress import progress_display
    from antiphon.data.build import build as run

    given = {
        "min_bars": min_bars,
        "max_steps": max_steps,
        "min_pitch_classes": min_pitch_classes,
        "gap_bars": gap_bars,
        "polyphony": polyphony,
        "track": int(track) if track is not None and track.isdecimal() else track,
        "drums": drums,
        "drums_from": drums_from,
        "pad_end": pad_end,
    }
    names = parse_kinds(kinds)
    options = extraction_options(
        names, {name: value for name, value in given.items() if value is not None}, settings or []
    )
    with progress_display() as show, _explained_interrupt():
        report = run(
            sources,
            out,
            kinds=names,
            options=options,
            steps_per_quarter=steps_per_quarter,
            workers=workers,
            duplicates=duplicates,  # type: ignore[arg-type]  # `build` says which words it takes
            time_limit_s=time_limit,
            engine=engine,  # type: ignore[arg-type]  # and which engines
            scheduler=scheduler,
            by_content=by_content,
            progress=show,
        )
    print_json(_figures(report)) if as_json else _print_summary(report)
    typer.echo(f"Each piece's outcome: {out / 'ledger.tsv'}", err=True)
    typer.echo(f"Next: antiphon corpus inspect {quoted(out)} -o report.html", err=True)


@contextmanager
def _explained_interrupt() -> Iterator[None]:
    """On Ctrl-C, say that the build can be resumed."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on from here.", err=True)
        raise


def _figures(report: BuildReport) -> dict[str, Any]:
    corpora = {kind: report.corpus_of(kind) for kind in report.kinds}
    return {
        "kinds": {
            kind: {"sequences": corpus.n, "groups": len(corpus.groups), "events": len(corpus.events)}
            for kind, corpus in corpora.items()
        },
        "files": report.manifest["files"],
        "pieces": report.manifest["pieces"],
        "reused": report.reused,
        "results": dict(report.ledger.by_result.most_common()),
        "causes": dict(report.ledger.causes().most_common()),
        "likeness": dict(report.duplicate_counts),
    }


def _print_summary(report: BuildReport) -> None:
    figures = _figures(report)
    for kind, counts in figures["kinds"].items():
        typer.echo(f"{counts['sequences']} {kind} sequences of {counts['groups']} groups")
    results = ", ".join(f"{n} {result}" for result, n in figures["results"].items())
    typer.echo(f"pieces: {results}")
    causes = list(figures["causes"].items())
    for cause, n in causes[:_MAX_CAUSES]:
        typer.echo(f"{n:8}  {cause}")
    if len(causes) > _MAX_CAUSES:
        typer.echo(f"{'':8}  and {len(causes) - _MAX_CAUSES} more causes")
