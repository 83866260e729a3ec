"""Extraction jobs: read the pieces of one chunk, quantise them and extract their sequences.

Each piece is read once, and quantised once for every `Reading` that a kind needs. A chunk depends on nothing
but the files and the options.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from antiphon.arrays import Int64
from antiphon.codecs import examples, kinds
from antiphon.codecs.kinds import Kind, Profile, Standing
from antiphon.data import facts, metadata
from antiphon.data.chunks import TABLE, Chunk, ChunkPart, PieceOutcome, Records, write
from antiphon.data.fingerprints import fingerprints
from antiphon.data.ledger import cause_of
from antiphon.data.sums import content_sha256
from antiphon.errors import AntiphonError, FormatError, one_line
from antiphon.extract import Extraction, Reading
from antiphon.io import Place, load
from antiphon.io.examples import loads as loads_example
from antiphon.score.pedal import sustained
from antiphon.score.quantize import quantize
from antiphon.score.quantized import QuantizedScore
from antiphon.score.score import Score

_MAX_ERROR = 500
"""Characters of an error that the ledger keeps."""


class KindOptions(NamedTuple):
    """A kind of sequence to extract, and the extractor's options for it."""

    kind: str
    options: Any


@dataclass(frozen=True)
class ExtractionJob:
    """The pieces to read for one chunk, and what to extract from them."""

    out: str
    """The chunk's file."""
    places: tuple[Place, ...]
    kinds: tuple[KindOptions, ...]
    steps_per_quarter: int
    refused: Mapping[int, str] = field(default_factory=dict)
    """Pieces, by number, that are not to be read, and why."""


def run_job(job: ExtractionJob, begin: Callable[[int], None]) -> None:
    """Extract the chunk of `job` and write it; `begin(i)` is called before piece i is read."""
    write(Path(job.out), extract_chunk(job, begin))


def extract_chunk(job: ExtractionJob, begin: Callable[[int], None]) -> Chunk:
    """The chunk of `job`; `begin(i)` is called before piece i is read."""
    outcomes: list[PieceOutcome] = []
    by_piece: dict[str, list[list[_Encoded]]] = {name: [] for name, _ in job.kinds}
    for number, place in enumerate(job.places):
        begin(number)
        refused = job.refused.get(number)
        sequences, outcome = _piece(place, job) if refused is None else ({}, PieceOutcome(refused))
        outcomes.append(outcome)
        for name, pieces in by_piece.items():
            pieces.append(sequences.get(name, []))
    parts = {name: _part(kinds.kind(name), pieces) for name, pieces in by_piece.items()}
    return Chunk(parts, tuple(outcomes))


def _piece(place: Place, job: ExtractionJob) -> tuple[dict[str, list[_Encoded]], PieceOutcome]:
    """The sequences of one piece by kind; any error becomes this piece's outcome."""
    try:
        sequences, outcome = _read(place, job)
        sha256 = "" if outcome.again else content_sha256(place)
    except (OSError, MemoryError) as error:
        return {}, PieceOutcome(_message(error, "reader"), again=True)
    except Exception as error:
        return {}, PieceOutcome(_message(error, "reader"))
    return sequences, replace(outcome, sha256=sha256)


def _read(place: Place, job: ExtractionJob) -> tuple[dict[str, list[_Encoded]], PieceOutcome]:
    try:
        score = load(place)
    except FormatError as error:
        again = isinstance(error.__cause__, OSError)
        if not again and _is_example(place):
            return _from_example(place, job)
        return {}, PieceOutcome(_message(error, "reader", f"'{place}': "), again=again)
    return _from_score(score, job)


def _from_score(score: Score, job: ExtractionJob) -> tuple[dict[str, list[_Encoded]], PieceOutcome]:
    sequences: dict[str, list[_Encoded]] = {}
    losses: dict[str, dict[str, int]] = {}
    readings = _QuantizedReadings(score, {})
    for name, options in job.kinds:
        found = _extracted(kinds.kind(name), options, job.steps_per_quarter, readings)
        sequences[name] = found.sequences
        losses[name] = {str(cause): int(n) for cause, n in sorted(found.losses.items()) if n}
    return sequences, PieceOutcome("", losses, metadata.of_score(score), facts.of(score))


def _is_example(place: Place) -> bool:
    """Whether a place holds a training example of Magenta's, which is a sequence already, not a score."""
    try:
        return examples.holds_examples(place)
    except (FormatError, OSError):
        return False


def _from_example(place: Place, job: ExtractionJob) -> tuple[dict[str, list[_Encoded]], PieceOutcome]:
    """The sequence of an encoded example, if its kind is extracted."""
    try:
        example = loads_example(next(examples.payloads(place)))
        layout = examples.layout_of(example)
        if layout.kind not in (name for name, _ in job.kinds):
            return {}, PieceOutcome(
                f"A training example of {layout.kind}; such sequences are not extracted here."
            )
        measured = facts.of(examples.to_score(example, layout))
        sequence = examples.sequence(example, layout)
        return {layout.kind: _encoded(kinds.kind(layout.kind), [sequence])}, PieceOutcome(facts=measured)
    except Exception as error:
        return {}, PieceOutcome(_message(error, "reader", f"'{place}': "))


class _QuantizedReadings(NamedTuple):
    """A score, quantised once per reading that is asked for."""

    score: Score
    quantized: dict[Reading, QuantizedScore]

    def by(self, reading: Reading) -> QuantizedScore:
        if reading not in self.quantized:
            score = sustained(self.score) if reading.pedal else self.score
            self.quantized[reading] = quantize(score, reading.grid)
        return self.quantized[reading]


class _Encoded(NamedTuple):
    """One sequence as a chunk stores it."""

    ids: Int64
    standing: Standing
    profile: Profile


def _encoded(kind: Kind[Any], sequences: Sequence[Any]) -> list[_Encoded]:
    return [_Encoded(kind.encode(s), Standing.of(s), kind.profile(s)) for s in sequences]


def _extracted(
    kind: Kind[Any], options: Any, steps_per_quarter: int, readings: _QuantizedReadings
) -> Extraction[_Encoded]:
    """The sequences of one kind in a score; an error counts as a loss of this kind only."""
    try:
        quantized = readings.by(kind.extractor.reading(options, steps_per_quarter))
        found = kind.extractor.extract(quantized, options)
        return Extraction(_encoded(kind, found.sequences), found.losses)
    except Exception as error:
        message = _message(error, "extractor")
        return Extraction([], {cause_of(message) if isinstance(error, AntiphonError) else message: 1})  # type: ignore[arg-type]


def _message(error: Exception, what: str, prefix: str = "") -> str:
    """An error as the ledger states it. A bug that one piece triggers must not end the build; it is named."""
    if isinstance(error, AntiphonError):
        return one_line(str(error).removeprefix(prefix), _MAX_ERROR)
    if isinstance(error, OSError):
        return f"The file cannot be opened: {error.strerror or error}."
    return one_line(
        f"The {what} failed ({type(error).__name__}: {error}); please report this file.", _MAX_ERROR
    )


def _part(kind: Kind[Any], pieces: Sequence[Sequence[_Encoded]]) -> ChunkPart:
    """The sequences of one kind, given by piece, as arrays."""
    rows = [row for sequences in pieces for row in sequences]
    ids, standings = [row.ids for row in rows], [row.standing for row in rows]
    table = _table(standings, [len(row) for row in ids])
    table["piece"] = np.repeat(np.arange(len(pieces)), [len(sequences) for sequences in pieces])
    shape = (0,) if len(kind.fields) == 1 else (0, len(kind.fields))
    events = np.concatenate([*ids, np.zeros(shape, np.int64)]).astype(np.int16)
    return ChunkPart(events, table, fingerprints(kind, ids, [row.profile for row in rows], standings))


def _table(standings: Sequence[Standing], lengths: Sequence[int]) -> Records:
    table = np.zeros(len(standings), TABLE)
    table["length"] = lengths
    table["offset"] = np.cumsum([0, *lengths])[:-1]
    for name in Standing._fields:
        if name in (TABLE.names or ()):
            table[name] = [getattr(standing, name) for standing in standings]
    table["numerator"] = [standing.meter.numerator for standing in standings]
    table["denominator"] = [standing.meter.denominator for standing in standings]
    return table
