"""Whole pieces: sessions run to their end, many outputs in one batch, and what came of them as scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from antiphon.arrays import AnyFloat, Float32, Float64, Int64
from antiphon.codecs.timing import Bars
from antiphon.errors import OptionError
from antiphon.generate.options import Options
from antiphon.generate.piece import Piece, Request
from antiphon.generate.plan import PiecePlan, prepare
from antiphon.generate.prompt import Given, Prompt
from antiphon.runtime.beam import search
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.philox import Draws
from antiphon.runtime.sampling_options import Beam, Sampling
from antiphon.runtime.session import PlayableModel, Session
from antiphon.score.general_midi import program_name
from antiphon.score.maps import KeyChange
from antiphon.score.score import Score

D = TypeVar("D", bound=np.generic)

_BUSIEST = 64
"""Events for each step of a piece, from which on it is taken to go on for ever."""
MAX_ROWS = 16_384
"""Pieces, or branches of them in a beam, that are made side by side: some hundred megabytes of state."""


class PlayedEvents(NamedTuple):
    """What one row played: events int64 [T, F], the log-probability of each, float64 [T], at the temperature
    it was drawn at (of `scored`: at 1), and the continuous numbers that go with them, float32 [T, G], if any
    do."""

    events: Int64
    log_p: Float64
    value: Float32 | None = None


def generate(
    bundle: Bundle,
    given: Given | Prompt = None,
    options: Options = Options(),
    seed: int = 0,
    n: int = 1,
    *,
    outputs: Sequence[int] | None = None,
    player: PlayableModel | None = None,
    bars: Bars | None = None,
) -> list[Piece]:
    """`n` pieces in one batch, outputs 0 to n - 1 of `seed`, or those numbered in `outputs`; `bars` are those
    of the music where its meter changes.

    Each equals what it is when made alone. Raises `PromptError`, `OptionError`.
    """
    if n < 1:
        raise OptionError(f"{n} pieces are asked for; expected 1 or more.")
    outputs = range(n) if outputs is None else outputs
    if not len(outputs):
        return []
    _check_width(len(outputs), options.search)
    plan = prepare(bundle, given, options, bars)
    rows = _rows(plan, player or _player(bundle), bundle.opening, seed, outputs)
    asked = plan.prompt if len(plan.prompt.ids) else None
    made_with = {"name": bundle.name, "sha256": bundle.sha256}
    return [
        _piece(plan, made_with, Request(asked, options, seed, output), row)
        for row, output in zip(rows, outputs, strict=True)
    ]


def _check_width(n: int, beam: Beam) -> None:
    if n * beam.width > MAX_ROWS:
        raise OptionError(
            f"{n} pieces with a beam of {beam.beam_size} times {beam.branch_factor} are {n * beam.width} "
            f"to follow side by side; at most {MAX_ROWS}. Ask for fewer, or for a narrower beam."
        )


def _rows(
    plan: PiecePlan, player: PlayableModel, opening: Float64, seed: int, outputs: Sequence[int]
) -> list[PlayedEvents]:
    """What all outputs play, with their log-probabilities at temperature 1."""
    session = plan.session(player, opening, outputs, seed=seed)
    beam = plan.options.search
    if beam.width > 1:
        draws = Draws(seed, outputs, beam.width * plan.recipe.alphabet.n_fields)
        found = list(search(session, plan.end, draws, beam))
        return scored(plan, player, opening, found)
    rows = played(session, plan.end)
    if plan.options.sampling.temperature == 1:
        return rows
    return scored(plan, player, opening, [row.events for row in rows], [row.value for row in rows])


def played(session: Session, end: int) -> list[PlayedEvents]:
    """What each row of `session` plays until `end` steps have gone by. The session is advanced in
    place. Raises `OptionError` where events come without time passing."""
    events: list[list[Int64]] = [[] for _ in range(len(session))]
    log_p: list[list[Float64]] = [[] for _ in range(len(session))]
    value: list[list[Float32]] = [[] for _ in range(len(session))]
    rows = np.arange(len(session))
    while len(rows):
        if session.n_events > _BUSIEST * end:
            raise OptionError(
                f"{session.n_events} events were played in less than {end} steps; lower the temperature, "
                "or take another seed."
            )
        said = session.log_p
        drawn = session.step()
        likely = _of(said, drawn, session)
        for row, event, p in zip(rows.tolist(), drawn, likely, strict=True):
            events[row].append(event)
            log_p[row].append(p)
        if session.heard_value is not None:
            for row, numbers in zip(rows.tolist(), session.heard_value, strict=True):
                value[row].append(numbers)
        going = session.time < end
        if not going.all():
            rows, session = rows[going], session.fork(np.flatnonzero(going))
    return [
        PlayedEvents(np.array(e), np.array(p), np.array(v) if v else None)
        for e, p, v in zip(events, log_p, value, strict=True)
    ]


def scored(
    plan: PiecePlan,
    player: PlayableModel,
    opening: Float64,
    rows: Sequence[Int64],
    values: Sequence[Float32 | None] | None = None,
) -> list[PlayedEvents]:
    """Rows of events [T, F], and their continuous numbers [T, G], that follow the plan's prompt, with their
    log-probabilities at temperature 1."""
    session = plan.session(player, opening, range(len(rows)), sampling=Sampling())
    numbers = values or [None] * len(rows)
    events, value = _padded(rows), None
    if numbers[0] is not None:
        value = _padded([n for n in numbers if n is not None])
    log_p = np.empty(events.shape[:2])
    for t in range(events.shape[1]):
        log_p[:, t] = _of(session.log_p, events[:, t], session)
        session.hear(events[:, t], None if value is None else value[:, t])
    return [PlayedEvents(row, p[: len(row)], v) for row, p, v in zip(rows, log_p, numbers, strict=True)]


def _padded(rows: Sequence[npt.NDArray[D]]) -> npt.NDArray[D]:
    """Rows [T, ...] of different lengths in one array [B, T, ...], zeros after their ends."""
    first, longest = rows[0], max(map(len, rows))
    padded = np.zeros((len(rows), longest, *first.shape[1:]), first.dtype)
    for target, row in zip(padded, rows, strict=True):
        target[: len(row)] = row
    return padded


def _of(log_p: AnyFloat, events: Int64, session: Session) -> Float64:
    """Log-probability of each of `events` [B, F], float64 [B]."""
    rows, total = np.arange(len(events)), np.zeros(len(events))
    for f, part in enumerate(session.alphabet.slices):
        total = total + log_p[rows, part.start + events[:, f]]
    return total


def _player(bundle: Bundle) -> PlayableModel:
    from antiphon.runtime.player import Player

    return Player(bundle)


def _piece(plan: PiecePlan, made_with: dict[str, str], request: Request, row: PlayedEvents) -> Piece:
    family, options = plan.recipe.events, plan.options
    ids = plan.sounding(np.concatenate([plan.ids, row.events]))
    begin = 0 if options.primed.with_primer else len(plan.ids)
    value = None if row.value is None else np.concatenate([plan.prompt.numbers, row.value])[begin:]
    start = plan.bars.at(np.array([0 if options.primed.with_primer else plan.prompt.n_steps]))[0, 0]
    program = options.sound.program
    standing = plan.prompt.standing._replace(
        start_step=0,
        start_in_bar=int(start),
        track=0,
        program=plan.prompt.standing.program if program is None else program,
    )
    music = Prompt(
        plan.recipe, family.excerpt(ids, begin), standing, finished=True, shift=-plan.back,
        qpm=options.length.qpm or plan.prompt.qpm,
        name=plan.prompt.name if program is None else program_name(program),
        key=options.tonality.key or plan.prompt.key, value=value,
    )  # fmt: skip
    name = f"{made_with['name']}, seed {request.seed}, no. {request.output + 1}"
    # The very first event of a piece made from nothing has nothing before it to be likely after.
    log_p = row.log_p if len(plan.ids) else row.log_p[1:]
    return Piece(_score(music, name), music, log_p, request, made_with)


def _score(music: Prompt, title: str) -> Score:
    score = music.recipe.events.extractor.to_score(music.sequence, music.qpm, name=music.name)
    return score.replace(title=title, keys=(KeyChange(0, music.key),) if music.key else ())
