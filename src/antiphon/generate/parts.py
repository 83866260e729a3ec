"""A part made by a model to music that is there: as long, in the same bars."""

from __future__ import annotations

from typing import Any

import numpy as np

from antiphon.codecs.standing import Standing
from antiphon.codecs.timing import Bars
from antiphon.errors import EmptyError, OptionError
from antiphon.generate.model import Model
from antiphon.generate.options import Options
from antiphon.generate.pieces import generate
from antiphon.generate.prompt import Prompt
from antiphon.recipes import MAX_STEPS_PER_BAR
from antiphon.score.bars import closing_bar_line, pickup
from antiphon.score.move import resample, shift
from antiphon.score.score import Score


def part_for(score: Score, model: Model, *, seed: int, **options: Any) -> Score:
    """A score of one part, from the first whole bar of `score` to the end of its last, whose meters may
    change.

    `options` are those of `Options` but for length and meter. Raises `EmptyError` where there is no whole
    bar, `OptionError` for a meter that the model cannot count."""
    grid, begin, end = model.bundle.recipe.view.grid[0], pickup(score), closing_bar_line(score)
    if not grid:
        raise OptionError(f"'{model.name}' plays by the clock and cannot follow bars; choose another bundle.")
    if end <= begin:
        raise EmptyError(f"'{score.source or score.title}' has no whole bar to play to.")
    steps = (end - begin) * grid // score.ticks_per_quarter
    nothing = Prompt(
        model.bundle.recipe,
        np.zeros((0, model.bundle.alphabet.n_fields), np.int64),
        Standing(score.meters.at(begin), grid, track=0),
        float(score.tempos.qpm[0]),
        name=model.bundle.recipe.family.capitalize(),
    )
    asked = Options.of(**{**options, "steps": steps})
    (piece,) = generate(
        model.bundle, nothing, asked, seed, player=model.player, bars=_bars(score, begin, grid)
    )
    made = shift(resample(piece.score, score.ticks_per_quarter), begin)
    return made.replace(tempos=score.tempos, meters=score.meters, keys=score.keys, title="")


def _bars(score: Score, begin: int, grid: int) -> Bars:
    """The bars of `score` from tick `begin` on, where a meter begins, in steps of `grid` to a quarter."""
    stretches = []
    for time in score.meters.time[score.meters.time >= begin].tolist():
        meter = score.meters.at(time)
        first, bar = (time - begin) * grid / score.ticks_per_quarter, meter.quarters * grid
        if first != round(first):
            raise OptionError(f"A bar line of the music falls between the model's steps of 1/{4 * grid}.")
        if bar != round(bar) or not 1 <= bar <= MAX_STEPS_PER_BAR:
            raise OptionError(
                f"A bar of {meter} has {bar:g} steps of 1/{4 * grid}; the models count whole steps, "
                f"{MAX_STEPS_PER_BAR} at most."
            )
        stretches.append((round(first), round(bar)))
    return Bars.changing(stretches)
