"""New melodies to set beside real ones: as many, as long, in the same meters and with the same pick-ups."""

from __future__ import annotations

import numpy as np

from antiphon.codecs import family
from antiphon.evaluate.sequences import Ints, Sequences
from antiphon.extract.melody import Melody
from antiphon.generate.options import Options
from antiphon.generate.pieces import generate
from antiphon.generate.primer import Primer
from antiphon.runtime.bundle import Bundle
from antiphon.runtime.player import Player
from antiphon.score.maps import Meter


def counterparts(bundle: Bundle, real: Sequences, seed: int = 0) -> Sequences:
    """One melody made from nothing, at temperature 1, for each of `real`, with its bars, pick-up and length.

    The same seed gives the same melodies.
    """
    player = Player(bundle)
    rows: list[Ints] = [np.zeros(0, np.int64)] * len(real)
    places = np.stack([real.steps_per_bar, real.start_in_bar], axis=1)
    for steps_per_bar, start_in_bar in np.unique(places, axis=0).tolist():
        alike = np.flatnonzero((places == (steps_per_bar, start_in_bar)).all(axis=1))
        lengths = real.lengths[alike]
        made = _made(bundle, player, steps_per_bar, start_in_bar, int(lengths.max()), alike, seed)
        for index, row, length in zip(alike, made, lengths, strict=True):
            rows[index] = row[:length]
    return Sequences.of(rows, real.steps_per_bar, real.start_in_bar)


def _made(
    bundle: Bundle,
    player: Player,
    steps_per_bar: int,
    start_in_bar: int,
    steps: int,
    outputs: Ints,
    seed: int,
) -> list[Ints]:
    """The ids of pieces number `outputs` of `seed`, all of `steps` steps."""
    per_quarter = bundle.recipe.view.steps_per_quarter
    nothing = Melody(
        np.zeros(0, np.int16), per_quarter, Meter(steps_per_bar, 4 * per_quarter), start_in_bar=start_in_bar
    )
    pieces = generate(
        bundle, Primer(nothing), Options(steps=steps), seed, outputs=outputs.tolist(), player=player
    )
    return [family(bundle.recipe.family).encode(piece.melody) for piece in pieces]
