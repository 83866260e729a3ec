"""Builds a corpus: finds the pieces, extracts them by chunks, groups and deduplicates, writes the arrays.

The result depends on the files, their order and the options only: not on the number of workers, the engine,
or whether a build was killed and resumed. Existing chunks of the same files and options are reused.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from antiphon import __version__
from antiphon.codecs import kinds as registry
from antiphon.data import assembly, worker_pool
from antiphon.data.assembly import ChunkSummary
from antiphon.data.build_plan import TIME_LIMIT_S, BuildPlan
from antiphon.data.corpus import Corpus
from antiphon.data.extraction import KindOptions
from antiphon.data.ledger import LEDGER_FILE, NOT_MUSIC, Ledger, LedgerEntry, Result, in_one_line
from antiphon.data.manifest import FORMAT, MANIFEST, write_manifest
from antiphon.data.sources import FoundSources, SkippedPath, find, in_corpus_order
from antiphon.data.sums import described
from antiphon.data.worker_pool import JobRunner
from antiphon.errors import CorpusError, EmptyError, OptionError
from antiphon.files import claimed, unwritable
from antiphon.io import suffixes

_MAX_LISTED = 8
"""Files that an error names."""

DuplicatePolicy = Literal["drop", "keep"]
Engine = Literal["local", "dask"]


@dataclass(frozen=True)
class Progress:
    """The progress of a build: pieces done, and in all; `message` is a line for the user, or ''."""

    done: int
    total: int
    message: str = ""


@dataclass(frozen=True)
class BuildReport:
    """The result of a build."""

    folder: Path
    manifest: Mapping[str, Any]
    """`corpus.json`."""
    ledger: Ledger
    reused: int
    """Pieces whose chunks existed already."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of sequences in the corpus."""
        return tuple(self.manifest["kinds"])

    @property
    def corpus(self) -> Corpus:
        """The sequences of the only kind there is; see `corpus_of`."""
        return Corpus.open(self.folder)

    @property
    def duplicate_counts(self) -> Mapping[str, int]:
        """Sequences of all kinds that repeat others, by relation; left out if duplicates are dropped."""
        return dict(self.manifest["likeness"])

    def corpus_of(self, kind: str) -> Corpus:
        """The sequences of one kind."""
        return Corpus.open(self.folder, kind)


DEFAULT_KINDS = (next(iter(registry.KINDS)),)


def build(
    sources: Sequence[str | Path],
    out: str | Path,
    *,
    kinds: Sequence[str] = DEFAULT_KINDS,
    options: Mapping[str, Any] | None = None,
    steps_per_quarter: int = 4,
    workers: int | None = None,
    duplicates: DuplicatePolicy = "drop",
    time_limit_s: float = TIME_LIMIT_S,
    engine: Engine = "local",
    scheduler: str | None = None,
    by_content: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
) -> BuildReport:
    """Build, finish, or bring up to date the corpus in `out`.

    `sources` are files, folders and lists of files (see `sources.find`); `kinds` the kinds of
    sequences to extract (`antiphon.codecs.kinds`), all from one reading of each piece; `options` their
    extraction options by kind, those not given at their defaults. `workers` None is one process per core; 1
    reads in this process, which does not survive a reader that hangs or crashes. `engine` "dask" runs the
    jobs on the Dask cluster whose scheduler is at the address `scheduler` (None starts one here). Pieces
    already in the corpus come before new ones. A file is read again where its size or time has changed;
    `by_content` looks at its bytes instead.

    Raises `InputError` and `OptionError` for invalid arguments, `EmptyError` where no sequence is extracted
    (the ledger is still written), `CorpusError` where `out` holds other kinds, `OutputError` where it cannot
    be written, `BusyError` where another process does, `MissingDependency` for an engine that is not
    installed.
    """
    folder = Path(out)
    _check(kinds, options or {}, steps_per_quarter, duplicates, workers, time_limit_s, engine)
    kind_options = tuple(KindOptions(name, _options(name, options or {})) for name in kinds)
    run_jobs = _runner(engine, scheduler, workers)
    found = find(sources, suffixes(), leave_out=folder, by_content=by_content)
    with claimed(folder):
        music = in_corpus_order(found.music, _earlier_pieces(folder))
        plan = BuildPlan(folder, kind_options, steps_per_quarter, time_limit_s, tuple(music))
        reused = _extract(plan, run_jobs, progress)
        summary = assembly.summarize(plan.chunks, plan.music, plan.kinds, drop=duplicates == "drop")
        names = [str(source.place) for source in plan.music]
        rows = [*assembly.ledger_entries(summary, names), *_unread(found)]
        return _finish(plan, summary, Ledger.of(rows), duplicates, reused)


def _check(
    kinds: Sequence[str],
    options: Mapping[str, Any],
    steps_per_quarter: int,
    duplicates: str,
    workers: int | None,
    time_limit_s: float,
    engine: str,
) -> None:
    if not kinds or len(set(kinds)) < len(kinds) or isinstance(kinds, str):
        raise OptionError(f"The kinds are {kinds!r}; expected a list of one or more, each once.")
    for name in kinds:
        registry.kind(name)
    for name in options:
        if name not in kinds:
            raise OptionError(f"There are options for '{name}', which is not extracted; leave them out.")
    if not 1 <= steps_per_quarter <= 96:
        raise OptionError(f"{steps_per_quarter} steps per quarter; expected 1 to 96. Sixteenth notes are 4.")
    if workers is not None and workers < 1:
        raise OptionError(f"{workers} workers; expected 1 or more.")
    if not time_limit_s > 0:
        raise OptionError(f"A time limit of {time_limit_s} s a file; expected more than 0.")
    for name, value, known in (("duplicates", duplicates, DuplicatePolicy), ("engine", engine, Engine)):
        if value not in get_args(known):
            raise OptionError(f"{name} is '{value}'; expected one of {', '.join(get_args(known))}.")


def _options(kind: str, given: Mapping[str, Any]) -> Any:
    expected = registry.kind(kind).extractor.options
    options = given.get(kind, expected())
    if not isinstance(options, expected):
        raise OptionError(f"The options of '{kind}' are {options!r}; expected {expected.__name__}.")
    return options


def _runner(engine: str, scheduler: str | None, workers: int | None) -> JobRunner:
    """The function that runs the jobs."""
    if engine == "local":
        return partial(worker_pool.run_jobs, workers=workers)
    from antiphon.data import dask_engine

    return partial(dask_engine.run_jobs, scheduler=scheduler, workers=workers)


def _earlier_pieces(folder: Path) -> list[str]:
    """The pieces of the corpus already in `folder`, in its order."""
    path = folder / LEDGER_FILE
    if not path.is_file():
        return []
    try:
        return [entry.path for entry in Ledger.read(path).entries]
    except CorpusError:  # the order in another version's ledger is not worth keeping
        return []


def _unread(found: FoundSources) -> list[LedgerEntry]:
    """The rows of the files that are not read."""
    suffixed = ((path, os.path.splitext(path)[1] or "no suffix") for path in found.other)
    others = [
        LedgerEntry(path, "", "not music", detail=f"{NOT_MUSIC} ({suffix})") for path, suffix in suffixed
    ]
    return others + [_skipped(skipped) for skipped in found.skipped]


def _skipped(skipped: SkippedPath) -> LedgerEntry:
    result: Result = "not music" if skipped.is_repeat else "unreadable"
    return LedgerEntry(skipped.path, "", result, detail=f"{skipped.reason}.")


def _extract(plan: BuildPlan, run_jobs: JobRunner, progress: Callable[[Progress], None]) -> int:
    """Make the chunks that are missing; returns the number of pieces whose chunks were there already."""
    total, done = len(plan.music), 0

    def advance(n: int, message: str = "") -> None:
        nonlocal done
        done += n
        progress(Progress(done, total, message))

    for change in plan.changes():
        advance(0, change)
    plan.begin()
    jobs = plan.jobs()
    reused = total - sum(len(job.places) for job in jobs)
    advance(reused, f"{reused} of {total} pieces were read before." if reused else "")
    run_jobs(jobs, time_limit_s=plan.time_limit_s, advance=advance)
    return reused


def _finish(
    plan: BuildPlan, summary: ChunkSummary, ledger: Ledger, duplicates: str, reused: int
) -> BuildReport:
    """Write the corpus. The manifest is removed first and written last, so that a kill in between leaves an
    unfinished build."""
    folder = plan.folder
    try:
        (folder / MANIFEST).unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(folder / MANIFEST, error) from error
    ledger.write(folder / LEDGER_FILE)
    if not any(kind.keep.any() for kind in summary.deduplication.duplicates):
        raise _no_sequences(plan, ledger)
    assembly.write(summary, plan.music, len(ledger.entries), folder)
    manifest = _manifest(plan, summary, ledger, duplicates)
    manifest = described(folder, manifest, (entry.group for entry in ledger.entries))
    write_manifest(folder, manifest)
    plan.remove_leftovers()
    return BuildReport(folder, manifest, ledger, reused)


def _manifest(plan: BuildPlan, summary: ChunkSummary, ledger: Ledger, duplicates: str) -> dict[str, Any]:
    settings, sizes = plan.settings(), assembly.sizes(summary)
    duplicate_counts: Counter[str] = Counter()
    for kind, duplicates_of_kind in zip(plan.kinds, summary.deduplication.duplicates, strict=True):
        counts = duplicates_of_kind.counts()
        duplicate_counts.update(counts)
        n, events = sizes[kind]
        fields = list(registry.kind(kind).fields)
        settings["kinds"][kind] |= {"fields": fields, "n": n, "events": events, "likeness": counts}
    return {
        "format": FORMAT,
        "antiphon": __version__,
        **settings,
        "duplicates": duplicates,
        "files": len({source.place.path for source in plan.music}),
        "pieces": len(plan.music),
        "rows": len(ledger.entries),
        "likeness": dict(sorted(duplicate_counts.items())),
    }


def _no_sequences(plan: BuildPlan, ledger: Ledger) -> EmptyError:
    """The error for sources without sequences; it names the first files and why they gave none."""
    where = f"Every file and its reason: {plan.folder / LEDGER_FILE}"
    without = ledger.without_sequences()
    if not without:
        others = in_one_line([entry for entry in ledger.entries if entry.result == "not music"], _MAX_LISTED)
        known = ", ".join(suffixes())
        return EmptyError(f"No file has a suffix that can be read ({known}). File by file: {others}. {where}")
    causes = ", ".join(
        f"{cause} ({n})" for cause, n in ledger.causes_without_sequences().most_common(_MAX_LISTED)
    )
    return EmptyError(
        f"No {' or '.join(plan.kinds)} came of {len(without)} files: {causes}. "
        f"File by file: {in_one_line(without, _MAX_LISTED)}. {where}"
    )
