"""New music to set beside real music: as many sequences, as long, in the same meters and with the same
pick-ups."""

from __future__ import annotations

import numpy as np

from antiphon.codecs.kinds import Standing
from antiphon.evaluate.sequences import Sequences
from antiphon.generate.options import MAX_STEPS, Length, Options
from antiphon.generate.pieces import generate
from antiphon.generate.prompt import Prompt
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.player import Player
from antiphon.score.maps import Meter
from antiphon.score.notes import Int


def counterparts(bundle: Bundle, real: Sequences, seed: int = 0) -> Sequences:
    """One sequence made from nothing, at temperature 1, for each of `real`, with its bars, pick-up and length
    in time (up to `MAX_STEPS`), as the model hears it.

    The same seed gives the same music.
    """
    player = Player(bundle)
    rows: list[Int] = [np.zeros((0, bundle.alphabet.n_fields), np.int64)] * len(real)
    places = np.stack([real.steps_per_bar, real.start_in_bar], axis=1)
    lengths = np.bincount(real.sequence, real.steps, len(real)).astype(np.int64)
    for steps_per_bar, start_in_bar in np.unique(places, axis=0).tolist():
        alike = np.flatnonzero((places == (steps_per_bar, start_in_bar)).all(axis=1))
        made = _made(bundle, player, steps_per_bar, start_in_bar, int(lengths[alike].max()), alike, seed)
        for index, row in zip(alike, made, strict=True):
            rows[index] = row[bundle.alphabet.times(row) < lengths[index]]
    return Sequences.of(bundle.alphabet, rows, real.steps_per_bar, real.start_in_bar, step_s=real.step_s)


def _made(
    bundle: Bundle,
    player: Player,
    steps_per_bar: int,
    start_in_bar: int,
    steps: int,
    outputs: Int,
    seed: int,
) -> list[Int]:
    """The ids of pieces number `outputs` of `seed`, all of `steps` steps."""
    per_quarter, per_second = bundle.recipe.view.grid
    meter = Meter(steps_per_bar, 4 * per_quarter) if per_quarter else Meter()
    standing = Standing(meter, per_quarter, per_second, start_in_bar=start_in_bar, track=0)
    nothing = Prompt(bundle.recipe, np.zeros((0, bundle.alphabet.n_fields), np.int64), standing)
    options = Options(length=Length(steps=min(steps, MAX_STEPS)))
    pieces = generate(bundle, nothing, options, seed, outputs=outputs.tolist(), player=player)
    return [piece.ids for piece in pieces]
