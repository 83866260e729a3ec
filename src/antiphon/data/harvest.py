"""One chunk of pieces, read, put on their grids and extracted: the work of one worker at a time.

Each piece is read once and quantised once for every `Reading` that a kind wants. A chunk depends on nothing
but the files and the options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from antiphon.codecs import examples, kinds
from antiphon.codecs.kinds import Kind, Profile, Standing
from antiphon.data import about, facts
from antiphon.data.chunks import TABLE, Chunk, Outcome, Part, Table, write
from antiphon.data.fingerprints import prints
from antiphon.data.ledger import cause_of
from antiphon.errors import AntiphonError, FormatError, one_line
from antiphon.extract import Extraction, Reading
from antiphon.io import Place, load
from antiphon.io.examples import loads as decoded
from antiphon.score.notes import Int
from antiphon.score.pedal import sustained
from antiphon.score.quantize import quantize
from antiphon.score.quantized import QuantizedScore
from antiphon.score.score import Score

_LONGEST = 500
"""Characters of an error that the ledger keeps."""


class Wanted(NamedTuple):
    """A kind of sequence to extract, and the extractor's options for it."""

    kind: str
    options: Any


@dataclass(frozen=True)
class Job:
    """A chunk to do: `places` in, the file `out` out. `refused` says which pieces (by number) not to touch,
    and why."""

    out: str
    places: tuple[Place, ...]
    wanted: tuple[Wanted, ...]
    steps_per_quarter: int
    refused: Mapping[int, str] = field(default_factory=dict)


def work(job: Job, begin: Callable[[int], None]) -> None:
    """Do `job` and write its chunk; `begin(i)` is called before piece i is touched."""
    write(Path(job.out), harvest(job, begin))


def harvest(job: Job, begin: Callable[[int], None]) -> Chunk:
    """The chunk of `job`; `begin(i)` is called before piece i is touched."""
    outcomes: list[Outcome] = []
    found: dict[str, list[list[_Stored]]] = {name: [] for name, _ in job.wanted}
    for number, place in enumerate(job.places):
        begin(number)
        refused = job.refused.get(number)
        sequences, outcome = _piece(place, job) if refused is None else ({}, Outcome(refused))
        outcomes.append(outcome)
        for name, several in found.items():
            several.append(sequences.get(name, []))
    return Chunk({name: _part(kinds.kind(name), several) for name, several in found.items()}, tuple(outcomes))


def _piece(place: Place, job: Job) -> tuple[dict[str, list[_Stored]], Outcome]:
    """The sequences of one piece by kind; whatever goes wrong is this piece's outcome and nobody else's."""
    try:
        return _of_music(load(place), job)
    except FormatError as error:
        if _is_example(place):
            return _of_example(place, job)
        return {}, Outcome(_told(error, "reader", f"'{place}': "))
    except Exception as error:
        return {}, Outcome(_told(error, "reader"))


def _of_music(score: Score, job: Job) -> tuple[dict[str, list[_Stored]], Outcome]:
    sequences: dict[str, list[_Stored]] = {}
    losses: dict[str, dict[str, int]] = {}
    ready = _Ready(score, {})
    for name, options in job.wanted:
        found = _extracted(kinds.kind(name), options, job.steps_per_quarter, ready)
        sequences[name] = found.sequences
        losses[name] = {str(cause): int(n) for cause, n in sorted(found.losses.items()) if n}
    return sequences, Outcome("", losses, about.of_score(score), facts.of(score))


def _is_example(place: Place) -> bool:
    """Whether a place holds a training example of Magenta's, which is a sequence already, not a score."""
    try:
        return examples.holds_examples(place)
    except (FormatError, OSError):
        return False


def _of_example(place: Place, job: Job) -> tuple[dict[str, list[_Stored]], Outcome]:
    """The sequence of an encoded example, if its kind is wanted."""
    try:
        example = decoded(next(examples.payloads(place)))
        layout = examples.layout_of(example)
        if layout.kind not in (name for name, _ in job.wanted):
            return {}, Outcome(f"A training example of {layout.kind}; such sequences are not extracted here.")
        music = facts.of(examples.to_score(example, layout))
        sequence = examples.sequence(example, layout)
        return {layout.kind: _stored(kinds.kind(layout.kind), [sequence])}, Outcome(facts=music)
    except Exception as error:
        return {}, Outcome(_told(error, "reader", f"'{place}': "))


class _Ready(NamedTuple):
    """A score, and what it became for each reading that was wanted so far."""

    score: Score
    readings: dict[Reading, QuantizedScore]

    def by(self, reading: Reading) -> QuantizedScore:
        if reading not in self.readings:
            score = sustained(self.score) if reading.pedal else self.score
            self.readings[reading] = quantize(score, reading.grid)
        return self.readings[reading]


class _Stored(NamedTuple):
    """One sequence as a chunk takes it."""

    ids: Int
    standing: Standing
    profile: Profile


def _stored(kind: Kind[Any], sequences: Sequence[Any]) -> list[_Stored]:
    return [_Stored(kind.encode(s), Standing.of(s), kind.profile(s)) for s in sequences]


def _extracted(kind: Kind[Any], options: Any, steps_per_quarter: int, ready: _Ready) -> Extraction[_Stored]:
    """What comes of a score for one kind; a failure is a loss of this kind, which the others survive."""
    try:
        grid = ready.by(kind.extractor.reading(options, steps_per_quarter))
        found = kind.extractor.extract(grid, options)
        return Extraction(_stored(kind, found.sequences), found.losses)
    except Exception as error:
        told = _told(error, "extractor")
        return Extraction([], {cause_of(told) if isinstance(error, AntiphonError) else told: 1})  # type: ignore[arg-type]


def _told(error: Exception, what: str, prefix: str = "") -> str:
    """An error as the ledger tells it. A fault of ours in one piece must not cost the others; it is named."""
    if isinstance(error, AntiphonError):
        return one_line(str(error).removeprefix(prefix), _LONGEST)
    if isinstance(error, OSError):
        return f"The file cannot be opened: {error.strerror or error}."
    return one_line(
        f"The {what} failed ({type(error).__name__}: {error}); please report this file.", _LONGEST
    )


def _part(kind: Kind[Any], several: Sequence[Sequence[_Stored]]) -> Part:
    """The sequences of one kind as arrays; `several` are those of each piece."""
    rows = [row for mine in several for row in mine]
    ids, standings = [row.ids for row in rows], [row.standing for row in rows]
    table = _table(standings, [len(row) for row in ids])
    table["piece"] = np.repeat(np.arange(len(several)), [len(mine) for mine in several])
    shape = (0,) if len(kind.fields) == 1 else (0, len(kind.fields))
    events = np.concatenate([*ids, np.zeros(shape, np.int64)]).astype(np.int16)
    return Part(events, table, prints(kind, ids, [row.profile for row in rows], standings))


def _table(standings: Sequence[Standing], lengths: Sequence[int]) -> Table:
    table = np.zeros(len(standings), TABLE)
    table["length"] = lengths
    table["offset"] = np.cumsum([0, *lengths])[:-1]
    for name in Standing._fields:
        if name in (TABLE.names or ()):
            table[name] = [getattr(standing, name) for standing in standings]
    table["numerator"] = [standing.meter.numerator for standing in standings]
    table["denominator"] = [standing.meter.denominator for standing in standings]
    return table
