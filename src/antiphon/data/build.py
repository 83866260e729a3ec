"""Builds a corpus: find the pieces, read them chunk by chunk, judge groups and duplicates, write the arrays.

The result depends on the files, their order and the options only: not on the number of workers, nor on
who they are, nor on whether a build was killed and begun again. Chunks that are there already, for the same
files and options, are used as they are.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from antiphon import __version__
from antiphon.codecs import kinds as registry
from antiphon.data import assembly, crew, fates
from antiphon.data.assembly import Gathered
from antiphon.data.corpus import EVENTS, FORMAT, MANIFEST, TABLE_FILE, Corpus
from antiphon.data.harvest import Wanted
from antiphon.data.ledger import FILE as LEDGER
from antiphon.data.ledger import NOT_MUSIC, Entry, Ledger, listed
from antiphon.data.plan import TIME_LIMIT_S, Plan
from antiphon.data.sources import Found, find, seniority
from antiphon.data.walking import Refusal
from antiphon.errors import CorpusError, EmptyError, OptionError
from antiphon.files import atomic_write
from antiphon.io import suffixes

_LISTED = 8
"""Files that an error names."""

Duplicates = Literal["drop", "keep"]
Engine = Literal["local", "dask"]


@dataclass(frozen=True)
class Progress:
    """Where a build stands: pieces done of so many; `message` is something to tell, or ''."""

    done: int
    total: int
    message: str = ""


@dataclass(frozen=True)
class Report:
    """What a build came to."""

    folder: Path
    manifest: Mapping[str, Any]
    """`corpus.json`."""
    ledger: Ledger
    reused: int
    """Pieces whose chunks were there already."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of sequences that the corpus holds."""
        return tuple(self.manifest["kinds"])

    @property
    def corpus(self) -> Corpus:
        """The corpus, of the only kind there is; see `corpus_of`."""
        return Corpus.open(self.folder)

    @property
    def likeness(self) -> Mapping[str, int]:
        """Sequences of all kinds that repeat others, by likeness; left out if duplicates are dropped."""
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
    duplicates: Duplicates = "drop",
    time_limit_s: float = TIME_LIMIT_S,
    engine: Engine = "local",
    scheduler: str | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Report:
    """Build, finish, or bring up to date the corpus in `out`.

    `sources` are files, folders and lists of files (see `sources.find`); `kinds` the sequences to extract
    (`antiphon.codecs.kinds`), all of them from one reading of each piece; `options` their extraction
    options by kind, those not given at their defaults. `workers` None is a process a core; 1 works in this
    process, where a reader that hangs or crashes cannot be survived. `engine` "dask" hands the chunks to the
    Dask cluster whose scheduler is at the address `scheduler` (None starts one here). Pieces already in the
    corpus keep their place before new ones.

    Raises `InputError` and `OptionError` for what was given, `EmptyError` where nothing comes of it (the
    ledger is written all the same), `CorpusError` where `out` holds other kinds, `OutputError` where it
    cannot be written, `MissingDependency` for an engine that is not installed.
    """
    folder = Path(out)
    _check(kinds, options or {}, steps_per_quarter, duplicates, workers, time_limit_s, engine)
    wanted = tuple(Wanted(name, _options(name, options or {})) for name in kinds)
    found = find(sources, suffixes(), leave_out=folder)
    music = seniority(found.music, _earlier(folder))
    plan = Plan(folder, wanted, steps_per_quarter, time_limit_s, tuple(music))
    reused = _read(plan, _doer(engine, scheduler, workers), progress)
    gathered = assembly.gather(plan.chunks, plan.music, plan.kinds, drop=duplicates == "drop")
    names = [str(source.place) for source in plan.music]
    rows = [*fates.entries(gathered, names), *_others(found)]
    return _finish(plan, gathered, Ledger.of(rows), duplicates, reused)


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
        raise OptionError(f"{steps_per_quarter} steps a quarter; expected 1 to 96. Sixteenth notes are 4.")
    if workers is not None and workers < 1:
        raise OptionError(f"{workers} workers; expected 1 or more.")
    if not time_limit_s > 0:
        raise OptionError(f"A time limit of {time_limit_s} s a file; expected more than 0.")
    for name, value, known in (("duplicates", duplicates, Duplicates), ("engine", engine, Engine)):
        if value not in get_args(known):
            raise OptionError(f"{name} is '{value}'; expected one of {', '.join(get_args(known))}.")


def _options(kind: str, given: Mapping[str, Any]) -> Any:
    expected = registry.kind(kind).extractor.options
    options = given.get(kind, expected())
    if not isinstance(options, expected):
        raise OptionError(f"The options of '{kind}' are {options!r}; expected {expected.__name__}.")
    return options


def _doer(engine: str, scheduler: str | None, workers: int | None) -> crew.Doer:
    """Who does the chunks."""
    if engine == "local":
        return partial(crew.do, workers=workers)
    from antiphon.data import cluster

    return partial(cluster.do, scheduler=scheduler, workers=workers)


def _earlier(folder: Path) -> list[str]:
    """Pieces of the corpus that is there already, in its order."""
    path = folder / LEDGER
    if not path.is_file():
        return []
    try:
        return [entry.path for entry in Ledger.read(path).entries]
    except CorpusError:  # another version's ledger has no order that would be worth keeping
        return []


def _others(found: Found) -> list[Entry]:
    """The rows of what is not read."""
    suffixed = ((path, os.path.splitext(path)[1] or "no suffix") for path in found.other)
    others = [Entry(path, "", "not music", detail=f"{NOT_MUSIC} ({suffix})") for path, suffix in suffixed]
    return others + [_refused(refusal) for refusal in found.refused]


def _refused(refusal: Refusal) -> Entry:
    return Entry(
        refusal.path, "", "not music" if refusal.again else "unreadable", detail=f"{refusal.reason}."
    )


def _read(plan: Plan, do: crew.Doer, progress: Callable[[Progress], None]) -> int:
    """Do the chunks that are missing; the number of pieces that were there already."""
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
    do(jobs, time_limit_s=plan.time_limit_s, advance=advance)
    return reused


def _finish(plan: Plan, gathered: Gathered, ledger: Ledger, duplicates: str, reused: int) -> Report:
    """Write the corpus; its manifest goes first and comes last, so that a kill in between leaves an
    unfinished build."""
    folder = plan.folder
    (folder / MANIFEST).unlink(missing_ok=True)
    ledger.write(folder / LEDGER)
    if not any(ruling.keep.any() for ruling in gathered.verdict.rulings):
        raise _nothing(plan, ledger)
    assembly.write(gathered, plan.music, len(ledger.entries), folder)
    manifest = _manifest(plan, gathered, ledger, duplicates)
    atomic_write(folder / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    plan.sweep()
    return Report(folder, manifest, ledger, reused)


def _manifest(plan: Plan, gathered: Gathered, ledger: Ledger, duplicates: str) -> dict[str, Any]:
    settings, sizes = plan.settings(), assembly.sizes(gathered)
    likeness: Counter[str] = Counter()
    for kind, ruling in zip(plan.kinds, gathered.verdict.rulings, strict=True):
        counts = ruling.counts()
        likeness.update(counts)
        n, events = sizes[kind]
        fields = list(registry.kind(kind).fields)
        settings["kinds"][kind] |= {"fields": fields, "n": n, "events": events, "likeness": counts}
    arrays = [plan.folder / kind / name for kind in plan.kinds for name in (EVENTS, TABLE_FILE)]
    return {
        "format": FORMAT,
        "antiphon": __version__,
        **settings,
        "duplicates": duplicates,
        "files": len({source.place.path for source in plan.music}),
        "pieces": len(plan.music),
        "rows": len(ledger.entries),
        "likeness": dict(sorted(likeness.items())),
        "digest": assembly.digest(arrays, (entry.group for entry in ledger.entries)),
    }


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
        f"No {' or '.join(plan.kinds)} came of {len(silent)} files: {causes}. "
        f"File by file: {listed(silent, _LISTED)}. {where}"
    )
