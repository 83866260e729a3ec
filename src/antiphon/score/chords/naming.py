"""Names for pitches: which chord symbol they are; and symbols in another key."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from functools import lru_cache

from antiphon.score.chords.grammar import NO_CHORD, ChordError, parse
from antiphon.score.chords.kinds import NAMED, Degrees, mask, semitones
from antiphon.score.chords.spelling import NOTE, moved, named, plain

Degree = tuple[int, int]

_NOTES = re.compile(rf"^[\s\"]*({NOTE})|/([A-Ga-g](?:#*|b*))(?=[\s\"]*$)|\(({NOTE})(?=[^()]*\)[\s\"]*$)")

_SPELLINGS: tuple[tuple[Degree, ...], ...] = tuple(
    tuple((int(word.lstrip("#b")), word.count("#") - word.count("b")) for word in words.split())
    for words in ("1", "b2 b9", "2 9", "b3 #9", "3", "4 11", "b5 #11", "5", "#5 b13", "6 bb7 13", "b7", "7")
)
"""The degrees that a pitch class above the root can be."""


def name(pitches: Iterable[int], bass: int | None = None) -> str:
    """The chord symbol of MIDI pitches or pitch classes; 'N.C.' of none.

    `bass` is the pitch class of the lowest note (that of the lowest of `pitches` if not said). Every pitch
    class is tried as root, the bass first and then upwards from C; the root whose largest kind of chord has
    most notes wins, and the other notes are added in brackets (after Magenta's pitches_to_chord_symbol, in
    whose order draws are settled). Raises `ChordError` where no root gives a spelling that names no degree
    twice.
    """
    pitches = list(pitches)
    if not pitches:
        return NO_CHORD
    low = (min(pitches) if bass is None else bass) % 12
    classes = {pitch % 12 for pitch in pitches}
    found = [(root, *_largest(_above(root, classes | {low}))) for root in (low, *sorted(classes - {low}))]
    root, kind, chord, spelled = max(found, key=lambda candidate: len(candidate[2]))
    if not chord:
        raise ChordError(f"The pitches {pitches} have no name as a chord; expected fewer of them.")
    extra = [degree for degree in spelled if degree not in chord and semitones(*degree) != (low - root) % 12]
    return _symbol(root, kind + "".join(map(_addition, extra)), low)


def symbol_of(root: int | None, pitch_class_set: int, bass: int | None = None) -> str:
    """The canonical symbol of a chord: `parse` of it has this root, these pitches (12 bits, bit 0 is C) and
    this bass (the root where None). 'N.C.' without a root.

    The kind that needs the fewest modifications names it. Every set has a symbol.
    """
    if root is None:
        return NO_CHORD
    relative = (pitch_class_set >> root | pitch_class_set << (12 - root)) & 0xFFF
    return _symbol(root, _shortest(relative), root if bass is None else bass)


def transpose(symbol: str, semitones: int) -> str:
    """`symbol` with its root and its bass moved, the rest as written ('F#m7/E' + 3 = 'Am7/G').

    Spelled as Magenta spells (see `antiphon.score.chords.spelling`). A text that is no chord stays as it is.
    """
    try:
        root = parse(symbol).root
    except ChordError:
        return symbol
    return symbol if root is None else _NOTES.sub(lambda found: _moved(found, semitones), plain(symbol))


def _moved(found: re.Match[str], semitones: int) -> str:
    note = found[found.lastindex or 1]
    return found[0].removesuffix(note) + moved(note, semitones)


def _symbol(root: int, kind: str, bass: int) -> str:
    return named(root) + kind + (f"/{named(bass)}" if bass != root else "")


def _above(root: int, classes: Iterable[int]) -> int:
    return sum(1 << (pitch - root) % 12 for pitch in classes)


def _bits(relative: int) -> list[int]:
    return [pitch for pitch in range(12) if relative >> pitch & 1]


@lru_cache(maxsize=4096)
def _largest(relative: int) -> tuple[str, tuple[Degree, ...], tuple[Degree, ...]]:
    """The largest kind within pitch classes above a root: its name, its degrees, and all pitches as degrees.

    No degree may come twice; nothing is found where that is impossible.
    """
    best: tuple[str, tuple[Degree, ...], tuple[Degree, ...]] = ("", (), ())
    for spelled in itertools.product(*(_SPELLINGS[pitch] for pitch in _bits(relative))):
        if len({number for number, _ in spelled}) < len(spelled):
            continue
        for kind, degrees in NAMED:
            if len(degrees) > len(best[1]) and degrees.items() <= set(spelled):
                best = (kind, tuple(degrees.items()), spelled)
    return best


@lru_cache(maxsize=4096)
def _shortest(relative: int) -> str:
    """Kind and modifications of pitch classes above a root, as few as can be."""
    return min((_modified(kind, degrees, relative) for kind, degrees in NAMED), key=lambda found: found[0])[1]


def _modified(kind: str, degrees: Degrees, relative: int) -> tuple[int, str]:
    """How many modifications turn a kind into pitch classes above a root, and the symbol that says them."""
    left = dict(degrees)
    changes = []
    extra, missing = relative & ~mask(degrees), mask(degrees) & ~relative
    for pitch, sign in ((6, "b"), (8, "#")):
        if left.get(5) == 0 and missing >> 7 & 1 and extra >> pitch & 1:
            changes.append(f"({sign}5)")
            extra, missing = extra & ~(1 << pitch), missing & ~(1 << 7)
    for pitch in _bits(extra):
        degree = _free(pitch, left)
        left[degree[0]] = degree[1]
        changes.append(_addition(degree))
    changes += [
        f"(no{number})" for number, alter in degrees.items() if missing >> semitones(number, alter) & 1
    ]
    return len(changes), kind + "".join(changes)


def _free(pitch: int, taken: Degrees) -> Degree:
    """The degree of a pitch class above the root whose number is not taken, 9 rather than 2."""
    candidates = sorted(_SPELLINGS[pitch], key=lambda degree: (abs(degree[1]) > 1, degree[0] < 8))
    octaves = ((number + up, alter) for up in (0, 7, 14, 21) for number, alter in candidates)
    return next(degree for degree in octaves if degree[0] not in taken)


def _addition(degree: Degree) -> str:
    """The modification that adds a degree; 'add7' adds a minor seventh."""
    number, alter = degree
    sign = alter + (number == 7)
    return f"({'add' if number < 8 or not sign else ''}{'#' * sign or 'b' * -sign}{number})"
