"""Sections of a form made by a model: the first from nothing or given, the others going on from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from antiphon.errors import OptionError
from antiphon.generate.model import Model
from antiphon.generate.piece import Piece
from antiphon.generate.prompt import Prompt, prompt, to_bar_line
from antiphon.score.score import Score


def complete(
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
