"""Builds a corpus: find the files, read them chunk by chunk, judge groups and duplicates, write the arrays.

The result depends on the files, their order and the options only: not on the number of workers, nor on
whether a build was killed and begun again. Chunks that are there already, for the same files and options,
are used as they are.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from antiphon import __version__, codecs
from antiphon.data import assembly, crew, harvest
from antiphon.data.assembly import Gathered
from antiphon.data.corpus import EVENTS, FORMAT, MANIFEST, TABLE_FILE, Corpus
from antiphon.data.ledger import FILE as LEDGER
from antiphon.data.ledger import NOT_MUSIC, Entry, Ledger, listed
from antiphon.data.naming import group_of_name
from antiphon.data.plan import TIME_LIMIT_S, Plan
from antiphon.data.sources import Source, find, seniority
from antiphon.errors import CorpusError, EmptyError, OptionError
from antiphon.files import atomic_write
from antiphon.io import suffixes

_LISTED = 8
"""Files that an error names."""

Duplicates = Literal["drop", "keep"]


@dataclass(frozen=True)
class Progress:
    """Where a build stands: files done of so many; `message` is something to tell, or ''."""

    done: int
    total: int
    message: str = ""


@dataclass(frozen=True)
class Report:
    """What a build came to."""

    corpus: Corpus
    ledger: Ledger
    likeness: Mapping[str, int]
    """Sequences that repeat others, by kind of likeness; left out if duplicates are dropped."""
    reused: int
    """Files whose chunks were there already."""


def build(
    sources: Sequence[str | Path],
    out: str | Path,
    *,
    kind: str = "melody",
    options: Any = None,
    steps_per_quarter: int = 4,
    workers: int | None = None,
    duplicates: Duplicates = "drop",
    time_limit_s: float = TIME_LIMIT_S,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Report:
    """Build, finish, or bring up to date the corpus in `out`.

    `sources` are files, folders and lists of files (see `sources.find`); `options` the kind's extraction
    options (`MelodyOptions()` for melodies). `workers` None is a process a core; 1 works in this process,
    where a reader that hangs or crashes cannot be survived. Files already in the corpus keep their place
    before new ones.

    Raises `InputError` and `OptionError` for what was given, `EmptyError` where nothing comes of it (the
    ledger is written all the same), `CorpusError` where `out` holds another kind, `OutputError` where it
    cannot be written.
    """
    folder = Path(out)
    _check(kind, steps_per_quarter, duplicates, workers, time_limit_s)
    options = codecs.family(kind).extractor.options() if options is None else options
    found = find(sources, suffixes(), leave_out=folder)
    music = seniority(found.music, _earlier(folder))
    plan = Plan(folder, kind, options, steps_per_quarter, time_limit_s, tuple(music))
    reused = _read(plan, workers, progress)
    gathered = assembly.gather(plan.chunks, [_name(source) for source in music], drop=duplicates == "drop")
    rows = [*assembly.entries(gathered, [source.path for source in music]), *map(_not_music, found.other)]
    return _finish(plan, gathered, Ledger.of(rows), duplicates, reused)


def _check(
    kind: str, steps_per_quarter: int, duplicates: str, workers: int | None, time_limit_s: float
) -> None:
    codecs.family(kind)
    if not 1 <= steps_per_quarter <= 96:
        raise OptionError(f"{steps_per_quarter} steps a quarter; expected 1 to 96. Sixteenth notes are 4.")
    if duplicates not in get_args(Duplicates):
        raise OptionError(f"duplicates is '{duplicates}'; expected one of {', '.join(get_args(Duplicates))}.")
    if workers is not None and workers < 1:
        raise OptionError(f"{workers} workers; expected 1 or more.")
    if not time_limit_s > 0:
        raise OptionError(f"A time limit of {time_limit_s} s a file; expected more than 0.")


def _earlier(folder: Path) -> list[str]:
    """Files of the corpus that is there already, in its order."""
    path = folder / LEDGER
    if not path.is_file():
        return []
    try:
        return [entry.path for entry in Ledger.read(path).entries]
    except CorpusError:  # another version's ledger has no order that would be worth keeping
        return []


def _name(source: Source) -> str:
    return source.group or group_of_name(source.path)


def _not_music(source: Source) -> Entry:
    suffix = os.path.splitext(source.path)[1] or "no suffix"
    return Entry(source.path, "", "not music", detail=f"{NOT_MUSIC} ({suffix})")


def _read(plan: Plan, workers: int | None, progress: Callable[[Progress], None]) -> int:
    """Do the chunks that are missing; the number of files that were there already."""
    total, done = len(plan.music), 0

    def advance(n: int, message: str = "") -> None:
        nonlocal done
        done += n
        progress(Progress(done, total, message))

    for change in plan.changes():
        advance(0, change)
    plan.begin()
    jobs = [job for job in plan.jobs() if harvest.read(Path(job.out)) is None]
    reused = total - sum(len(job.paths) for job in jobs)
    advance(reused, f"{reused} of {total} files were read before." if reused else "")
    crew.do(jobs, workers=workers, time_limit_s=plan.time_limit_s, advance=advance)
    return reused


def _finish(plan: Plan, gathered: Gathered, ledger: Ledger, duplicates: str, reused: int) -> Report:
    """Write the corpus; its manifest goes first and comes last, so that a kill in between leaves an
    unfinished build."""
    folder = plan.folder
    (folder / MANIFEST).unlink(missing_ok=True)
    ledger.write(folder / LEDGER)
    if not gathered.verdict.keep.any():
        raise _nothing(plan, ledger)
    table, n_events = assembly.write(gathered, folder / TABLE_FILE, folder / EVENTS)
    likeness = Counter(word for word in gathered.verdict.likeness if word)
    manifest = {
        "format": FORMAT,
        "antiphon": __version__,
        **plan.settings(),
        "duplicates": duplicates,
        "files": len(ledger.entries),
        "n": len(table),
        "events": n_events,
        "likeness": dict(sorted(likeness.items())),
        "digest": assembly.digest([folder / name for name in (EVENTS, TABLE_FILE, LEDGER)]),
    }
    atomic_write(folder / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    plan.sweep()
    return Report(Corpus.open(folder), ledger, likeness, reused)


def _nothing(plan: Plan, ledger: Ledger) -> EmptyError:
    """Why nothing came of the sources, file by file as far as a line allows."""
    where = f"Every file and its reason: {plan.folder / LEDGER}"
    silent = ledger.silent()
    if not silent:
        others = listed([entry for entry in ledger.entries if entry.result == "not music"], _LISTED)
        known = ", ".join(suffixes())
        return EmptyError(f"No file has a suffix that can be read ({known}). File by file: {others}. {where}")
    causes = ", ".join(f"{cause} ({n})" for cause, n in ledger.causes_of_silence().most_common(_LISTED))
    return EmptyError(
        f"No {plan.kind} came of {len(silent)} files: {causes}. "
        f"File by file: {listed(silent, _LISTED)}. {where}"
    )
