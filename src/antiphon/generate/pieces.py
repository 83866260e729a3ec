"""Whole pieces: the stream run to its end, for many outputs in one batch, and what came of it as scores."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from antiphon.codecs import family
from antiphon.errors import OptionError
from antiphon.extract.melody import Melody
from antiphon.generate import notation
from antiphon.generate.options import Options
from antiphon.generate.piece import Piece, Request
from antiphon.generate.plan import Plan, plan
from antiphon.generate.primer import Given, Primer, first_bars, primer
from antiphon.generate.stream import proposals
from antiphon.runtime.beam import Beam, search
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.philox import Draws
from antiphon.runtime.sampler import Ids
from antiphon.runtime.walk import Automaton
from antiphon.score.maps import KeyChange, Meter
from antiphon.score.notes import Float
from antiphon.score.score import Score

MAX_ROWS = 16_384
"""Pieces, or branches of them in a beam, that are made side by side: some hundred megabytes of state."""


def generate(
    bundle: Bundle,
    prompt: Given | Primer = None,
    options: Options = Options(),
    seed: int = 0,
    n: int = 1,
    *,
    outputs: Sequence[int] | None = None,
    player: Automaton | None = None,
) -> list[Piece]:
    """`n` pieces in one batch, outputs 0 to n - 1 of `seed`, or those numbered in `outputs`.

    Each equals what it is when made alone. Raises `PromptError`, `OptionError`.
    """
    if n < 1:
        raise OptionError(f"{n} pieces are asked for; expected 1 or more.")
    outputs = range(n) if outputs is None else outputs
    _check_width(len(outputs), options.beam)
    going = prepare(bundle, prompt, options)
    player = player or _player(bundle)
    new = _events(going, player, bundle.opening, seed, outputs)
    log_p = log_likelihoods(going, player, bundle.opening, new)
    asked = going.primer if len(going.primer) else None
    made_with = {"name": bundle.name, "sha256": bundle.sha256}
    return [
        _piece(going, made_with, Request(asked, options, seed, output), new[row], log_p[row])
        for row, output in enumerate(outputs)
    ]


def _check_width(n: int, beam: Beam) -> None:
    if n * beam.width > MAX_ROWS:
        raise OptionError(
            f"{n} pieces with a beam of {beam.size} times {beam.branch_factor} are {n * beam.width} "
            f"to follow side by side; at most {MAX_ROWS}. Ask for fewer, or for a narrower beam."
        )


def prepare(bundle: Bundle, prompt: Given | Primer, options: Options) -> Plan:
    """Primer and options worked out for the bundle's model. Raises `PromptError`, `OptionError`."""
    if not isinstance(prompt, Primer):
        grid = bundle.recipe.view.steps_per_quarter
        meter = options.meter or (_usual_meter(bundle) if prompt is None else None)
        prompt = primer(prompt, grid, meter, options.transpose)
        prompt = prompt if options.primer_bars is None else first_bars(prompt, options.primer_bars)
    return plan(bundle.recipe, prompt, options)


def _usual_meter(bundle: Bundle) -> Meter:
    """That of most of the pieces that the model learnt from; 4/4 where nothing is known."""
    return notation.meter(next(iter(bundle.defaults.get("meters", {})), "4/4"))


def log_likelihoods(going: Plan, player: Automaton, opening: Float, new: Ids) -> Float:
    """Natural-log probability, at temperature 1, of each of the events `new` [n, T] after the primer.

    float64 [n, T]; [n, T - 1] without a primer, as a piece's very first event has nothing before it to be
    likely after.
    """
    walk = going.walk(player, opening, len(new), temperature=1.0)
    rows, log_p = np.arange(len(new)), np.empty(new.shape)
    for step, events in enumerate(new.T):
        log_p[:, step] = walk.log_p[rows, events]
        walk.hear(events)
    return log_p if len(going.ids) else log_p[:, 1:]


def _player(bundle: Bundle) -> Automaton:
    from antiphon.runtime.player import Player

    return Player(bundle)


def _events(going: Plan, player: Automaton, opening: Float, seed: int, outputs: Sequence[int]) -> Ids:
    """The new events of all outputs, int64 [n, T]."""
    how, beam = going.options.sampling, going.options.beam
    walk = going.walk(player, opening, len(outputs))
    n_new, draws = going.n_steps - walk.step, Draws(seed, outputs, beam.width)
    if beam.width > 1:
        return search(walk, n_new, draws, how, beam)
    return np.stack(list(itertools.islice(proposals(walk, draws, how), n_new)), axis=1)


def _piece(going: Plan, made_with: dict[str, str], request: Request, new: Ids, log_p: Float) -> Piece:
    kind, options, given = family(going.recipe.family), going.options, going.primer.melody
    ids = going.family.transpose(np.concatenate([going.ids, new]), going.back)
    begin = 0 if options.with_primer else len(going.ids)
    melody = kind.decode(
        kind.excerpt(ids, begin, None),
        meter=given.meter,
        steps_per_quarter=given.steps_per_quarter,
        start_in_bar=(given.start_in_bar + begin) % given.steps_per_bar,
        program=given.program if options.program is None else options.program,
    )
    name = f"{made_with['name']}, seed {request.seed}, no. {request.output + 1}"
    return Piece(_score(going, melody, name), melody, log_p, request, made_with, going.back)


def _score(going: Plan, melody: Melody, title: str) -> Score:
    qpm = going.options.qpm or going.primer.qpm
    score = going.family.extractor.to_score(melody, qpm, name=_part_name(going))
    key = going.options.key or going.primer.key
    return score.replace(title=title, keys=(KeyChange(0, key),) if key else ())


def _part_name(going: Plan) -> str:
    if going.options.program is None:
        return going.primer.name
    from antiphon.render.gm import program_name

    return program_name(going.options.program)
