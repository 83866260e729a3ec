"""Chords and keys that a piece goes through: the likeliest sequence of both, by the Viterbi algorithm.

Magenta's model: a hidden key (12 major ones, each with its relative minor) and a hidden chord (none, or eight
kinds on twelve roots) in every stretch of music, a few stretches per bar. Keys seldom change, chords prefer
pitches of the key, and the durations of pitch classes in a stretch point to the chord. Here any meter has
stretches, and a piece may be long.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from antiphon.errors import EmptyError, OptionError
from antiphon.score.bars import bar_lines
from antiphon.score.chords import NO_CHORD
from antiphon.score.chords.spelling import PLAIN_NAMES
from antiphon.score.infer.key import durations, is_pitched
from antiphon.score.maps import Mark, Meter
from antiphon.score.notes import Float, Int
from antiphon.score.score import Score

_KINDS = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "+": (0, 4, 8),
    "dim": (0, 3, 6),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "m7b5": (0, 3, 6, 10),
}
CHORDS = (NO_CHORD, *(root + kind for root in PLAIN_NAMES for kind in _KINDS))
"""Symbols of the chords that can be found."""
_PITCHES = np.zeros((len(CHORDS), 12))
_PITCHES[1:] = [
    [(p - root) % 12 in kind for p in range(12)] for root in range(12) for kind in _KINDS.values()
]
_SCALES = np.array([[(p - key) % 12 in (0, 2, 4, 5, 7, 9, 11) for p in range(12)] for key in range(12)])
_MOST = 50_000


class HarmonyModel(NamedTuple):
    """Probabilities of the model; the defaults are Magenta's."""

    key_change: float = 0.001
    """Of another key in the next stretch."""
    chord_change: float = 0.5
    """Of another chord in the next stretch."""
    out_of_key: float = 0.01
    """Of a chord's note that is not in the key."""
    concentration: float = 100.0
    """How strictly the notes that sound are the chord's; at 0 they say nothing."""


class Harmony(NamedTuple):
    """What was found in F stretches."""

    time: Int
    """Tick at which each begins, int64 [F]."""
    key: Int
    """Tonic of its major key, int64 [F]."""
    chord: Int
    """Its chord, as an index to `CHORDS`, int64 [F]."""


def infer_chords(
    score: Score, chords_per_bar: int | None = None, model: HarmonyModel = HarmonyModel()
) -> Score:
    """`score` with a chord symbol wherever the likeliest chord changes; those that it had are replaced.

    Raises what `harmony` raises.
    """
    found = harmony(score, chords_per_bar, model)
    changes = np.flatnonzero(np.diff(found.chord, prepend=-1))
    return score.replace(
        chords=tuple(Mark(int(found.time[i]), CHORDS[found.chord[i]]) for i in changes.tolist())
    )


def harmony(score: Score, chords_per_bar: int | None = None, model: HarmonyModel = HarmonyModel()) -> Harmony:
    """The likeliest keys and chords of `score`, `chords_per_bar` stretches per bar.

    Without that number a bar of 4/4 or 6/8 has two stretches, one of 2/2, 2/4 or 3/4 one (as in Magenta), and
    every other meter one a group of beats (see `groups`). Raises `EmptyError` for music without pitched
    notes, `OptionError` for values that are no probabilities and for music of more than 50,000 stretches.
    """
    if chords_per_bar is not None and not 1 <= chords_per_bar <= 64:
        raise OptionError(f"{chords_per_bar} chords per bar; expected 1 to 64.")
    if not is_pitched(score.notes).any() or not score.end:
        raise EmptyError("No chords can be told without notes of a pitch; expected some that are no drums.")
    edges = _edges(score, chords_per_bar)
    key, chord = likeliest(durations(score.notes, edges), model)
    return Harmony(edges[:-1], key, chord)


def groups(meter: Meter) -> tuple[int, ...]:
    """Beats (of the meter's denominator) in each stretch of a bar that may have its own chord.

    Bars of one to three beats are one stretch if they last no more than four quarters; compound meters have
    one a dotted beat, the others one a pair of beats, the last of three where their number is odd (5/4 is 2 +
    3).
    """
    beats = meter.numerator
    if beats <= 3:
        return (beats,) if meter.quarters <= 4 else (1,) * beats
    if beats % 3 == 0 and meter.denominator >= 8:
        return (3,) * (beats // 3)
    return (2,) * (beats // 2 - beats % 2) + (3,) * (beats % 2)


def likeliest(sounding: npt.ArrayLike, model: HarmonyModel = HarmonyModel()) -> tuple[Int, Int]:
    """The likeliest keys and chords (int64 [F] each) for durations of pitch classes [F, 12].

    Of equally likely predecessors the first in the order of keys, then of `CHORDS`, is taken. Raises
    `OptionError` for values of `model` that are no probabilities.
    """
    _check(model)
    heard = _heard(np.asarray(sounding, dtype=np.float64), model.concentration)
    chance, same_key, other_key = _transitions(model)
    best = np.log(chance) - np.log(12) + heard[0]
    before = np.empty((len(heard), *best.shape), dtype=np.int16)
    for frame in range(1, len(heard)):
        best, before[frame] = _step(best, same_key, other_key)
        best += heard[frame]
    path = [int(best.argmax())]
    for frame in range(len(heard) - 1, 0, -1):
        path.append(int(before[frame].flat[path[-1]]))
    key, chord = np.divmod(np.array(path[::-1], dtype=np.int64), len(CHORDS))
    return key, chord


def _heard(sounding: Float, concentration: float) -> Float:
    """Log-likelihood [F, chords] of what sounds under each chord, up to a constant."""
    return concentration * _unit(sounding) @ _unit(_PITCHES).T


def _unit(rows: Float) -> Float:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Float = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    return unit


@lru_cache(maxsize=8)
def _transitions(model: HarmonyModel) -> tuple[Float, Float, Float]:
    """Chance of each chord in each key [12, C]; log-chances of the next chord in the same key [12, next, C],
    and of the next key and chord after another key [12, C].
    """
    inside = _SCALES @ _PITCHES.T
    outside = ~_SCALES @ _PITCHES.T
    chance = (1 - model.out_of_key) ** inside * model.out_of_key**outside
    chance /= chance.sum(axis=1, keepdims=True)
    spread = chance[:, None, :] / (len(CHORDS) - 1)  # what the last chord cannot be again, over all others
    same = (1 - model.key_change) * model.chord_change * (chance[:, :, None] + spread)
    same[:, np.arange(len(CHORDS)), np.arange(len(CHORDS))] = (1 - model.key_change) * (
        1 - model.chord_change
    )
    with np.errstate(divide="ignore"):
        return chance, np.log(same), np.log(model.key_change / 11 * chance)


def _step(best: Float, same_key: Float, other_key: Float) -> tuple[Float, Int]:
    """Log-likelihood of the best path to every key and chord [12, C]; the flat index of the state before."""
    staying = best[:, None, :] + same_key
    chord = staying.argmax(axis=2)
    stay = np.take_along_axis(staying, chord[:, :, None], axis=2)[:, :, 0]
    source = _best_elsewhere(best)
    change = best.flat[source][:, None] + other_key
    keys = np.arange(len(best))[:, None]
    stay_index, change_index = keys * best.shape[1] + chord, np.broadcast_to(source[:, None], stay.shape)
    changes = (change > stay) | ((change == stay) & (change_index < stay_index))
    return np.where(changes, change, stay), np.where(changes, change_index, stay_index)


def _best_elsewhere(best: Float) -> Int:
    """For each key the flat index of the likeliest state in any other key."""
    chord = best.argmax(axis=1)
    value = best[np.arange(len(best)), chord]
    first = int(value.argmax())
    others = np.delete(np.arange(len(best)), first)
    second = int(others[value[others].argmax()])
    source = np.full(len(best), first)
    source[first] = second
    index: Int = source * best.shape[1] + chord[source]
    return index


def _edges(score: Score, chords_per_bar: int | None) -> Int:
    """Ticks at which stretches begin, and the end."""
    lines, meters = bar_lines(score), score.meters
    _check_number(len(lines))
    holding = np.searchsorted(meters.time, lines, side="right") - 1
    stops = np.minimum(np.append(lines[1:], score.end), score.end)
    begins = []
    for index in np.unique(holding).tolist():
        meter = Meter(int(meters.numerator[index]), int(meters.denominator[index]))
        offsets = _offsets(meter, score.ticks_per_quarter, chords_per_bar)
        begin = lines[holding == index, None] + offsets
        begins.append(begin[begin < stops[holding == index, None]])
    edges = np.unique(np.concatenate(begins))
    _check_number(len(edges))
    return np.append(edges, score.end)


def _check_number(n: int) -> None:
    if n > _MOST:
        raise OptionError(
            f"{n} chords to be told, or more; expected at most {_MOST}. Take fewer per bar, or cut the music."
        )


def _offsets(meter: Meter, per_quarter: int, chords_per_bar: int | None) -> Int:
    """Ticks from a bar line at which the stretches of its bar begin."""
    if chords_per_bar is None:
        begin = np.cumsum((0, *groups(meter)[:-1])) * 4 * per_quarter / meter.denominator
    else:
        begin = np.arange(chords_per_bar) * meter.quarters * per_quarter / chords_per_bar
    return np.floor(begin + 0.5).astype(np.int64)


def _check(model: HarmonyModel) -> None:
    for name in ("key_change", "chord_change", "out_of_key"):
        if not 0 < (value := getattr(model, name)) < 1:
            raise OptionError(f"A probability {name} of {value}; expected a number between 0 and 1.")
    if not 0 <= model.concentration < np.inf:
        raise OptionError(f"A concentration of {model.concentration}; expected 0 or more, such as 100.")
