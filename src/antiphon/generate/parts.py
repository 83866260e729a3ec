"""What a model adds to an arrangement: a part to music that is there, and the sections that a form lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from antiphon.codecs.kinds import Standing
from antiphon.codecs.timing import Bars
from antiphon.errors import EmptyError, OptionError
from antiphon.generate.model import Model
from antiphon.generate.options import Options
from antiphon.generate.piece import Piece
from antiphon.generate.pieces import generate
from antiphon.generate.prompt import Prompt, prompt, to_bar_line
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


def complete_form(
    sections: Mapping[str, Score], names: Sequence[str], model: Model, *, bars: int, seed: int, **options: Any
) -> dict[str, Score]:
    """`sections` with those of `names` that are missing made by `model`, `bars` long; `options` as for
    `Model.generate`.

    All go on from the section named first, so that they are of one piece; each has its own output number, so
    none changes when another is given. Raises as `Model.generate` does.
    """
    if bars < 1:
        raise OptionError(f"The length is {bars} bars; expected 1 or more.")
    found, first = dict(sections), _first(sections.get(names[0]), model)
    for number, name in enumerate(names):
        if name not in found:
            piece = _section(model, first, bars, seed=seed, outputs=[number], **options)
            first = first or piece.music
            found[name] = piece.score
    return found


def _first(score: Score | None, model: Model) -> Prompt | None:
    return None if score is None else to_bar_line(prompt(score, model.bundle.recipe))


def _section(model: Model, first: Prompt | None, bars: int, **options: Any) -> Piece:
    if first is None:
        return model.generate(bars=bars, **options)[0]
    start, bar = first.standing.start_in_bar, first.steps_per_bar
    whole = (start + first.n_steps) // bar - bool(start)
    return model.generate(first, bars=whole + bars, with_primer=False, **options)[0]
