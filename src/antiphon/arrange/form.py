"""Sections into a form, melodies over one another, drums underneath, instruments and tempo for all."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence

import numpy as np

from antiphon.arrange import loops
from antiphon.errors import EmptyError, OptionError
from antiphon.score import join
from antiphon.score.bars import closing_bar_line, pickup
from antiphon.score.maps import Mark, Meter, MeterMap, TempoMap
from antiphon.score.move import resample
from antiphon.score.score import Score


def letters(form: str) -> list[str]:
    """The different sections of a form in order of appearance: 'AABA' has A and B. Raises `OptionError`."""
    wrong = form.upper().strip(string.ascii_uppercase)
    if wrong or not form:
        raise OptionError(f"The form is '{form}'; expected letters, one a section, such as AABA.")
    return list(dict.fromkeys(form.upper()))


def in_form(sections: Mapping[str, Score], form: str) -> Score:
    """The sections one after the other as `form` has them, each from a bar line on, marked with its letter.

    Raises `OptionError` for a form that is no word of letters, has one that `sections` lacks, or leaves one
    of them out; `EmptyError` for a section without notes.
    """
    lacking = [letter for letter in letters(form) if letter not in sections]
    if lacking:
        raise OptionError(
            f"The form {form} needs a section {lacking[0]}; there are {', '.join(sections) or 'none'}."
        )
    unused = [letter for letter in sections if letter not in letters(form)]
    if unused:
        raise OptionError(f"The form {form} has no {unused[0]}; there are sections {', '.join(sections)}.")
    return join.concatenate([_marked(sections[letter], letter) for letter in form.upper()])


def _marked(score: Score, letter: str) -> Score:
    if not len(score.notes):
        raise EmptyError(f"Section {letter} ('{score.source or score.title}') has no notes.")
    return score.replace(markers=(Mark(0, letter), *score.markers))


def layered(base: Score, parts: Sequence[Score]) -> Score:
    """`base` with the parts at the same time, each repeated by whole bars and cut so that it ends with the
    base.

    Tempo and meter are the base's. Raises `EmptyError` for a part without notes, `OptionError` where bars
    differ in length.
    """
    return join.merge([base, *(_filling(part, base) for part in parts)])


def _filling(part: Score, base: Score) -> Score:
    if not len(part.notes):
        raise EmptyError(f"The part '{part.source or part.title}' has no notes to layer.")
    _check_bars(part, base)
    return join.repeat(resample(part, base.ticks_per_quarter), closing_bar_line(base))


def _check_bars(part: Score, base: Score) -> None:
    own, wanted = _first_meter(part), _first_meter(base)
    if own.quarters != wanted.quarters:
        name = part.source or part.title or "part"
        raise OptionError(f"'{name}' is in {own} and the music in {wanted}; layer music of one meter.")


def _first_meter(score: Score) -> Meter:
    return score.meters.at(pickup(score))


def with_drums(score: Score, style: str | None = None) -> Score:
    """`score` with a drum loop in its meter under every bar; see `antiphon.arrange.loops`. Raises
    `NameNotFound`.
    """
    return join.merge([score, loops.loop(score, style)])


def dressed(score: Score, programs: Sequence[int] = (), names: Sequence[str] = ()) -> Score:
    """Pitched parts, in order, given programs and names; parts beyond them stay as they are."""
    notes, titles = score.notes, [score.track_name(track) for track in range(score.n_tracks)]
    program, voices = notes.program.copy(), np.unique(notes.track[~notes.is_drum]).tolist()
    for track, chosen in zip(voices, programs, strict=False):
        program[notes.track == track] = chosen
    for track, name in zip(voices, names, strict=False):
        titles[track] = name
    return score.replace(notes=notes.replace(program=program), track_names=tuple(titles))


def at_tempo(score: Score, qpm: float) -> Score:
    """`score` at one tempo throughout. Raises `OptionError` outside 4 to 1000 quarters per minute."""
    if not 4 <= qpm <= 1000:
        raise OptionError(f"The tempo is {qpm:g} quarters per minute; expected 4 to 1000.")
    return score.replace(tempos=TempoMap.of([(0, qpm)]))


def in_meter(score: Score, meter: Meter) -> Score:
    """`score` with its bars drawn anew in one meter; no note moves."""
    return score.replace(meters=MeterMap.of([(0, *meter)]))
