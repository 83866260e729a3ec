"""Reading chord symbols: `root kind modifications /bass`.

What Magenta's grammar accepts means here what it means there. Where that grammar refuses a symbol, a wider
one is tried, for what files really contain:

- accidentals, circles and triangles as signs: B♭△7, F#ø, C°7; a triangle alone is a major seventh
- words in any case: Maj7, MIN, Dom7, SUS4, omit3; Mi7, ma7
- tensions in lists, brackets and after slashes: C7(b9,#11), Cm7(9), F7/13; plus and minus for accidentals:
  G7-9, A7+5, D7+; a bare tension is added unless it is there
- more kinds: 7sus4, 9sus4, 69, m(maj9), maj7+, alt, 2 (an added ninth), 4 (sus4)
- a bass in lower case (C/e); a second chord in brackets, as ABC writes alternatives: G(Em), is left out
- the notation of data sets (Harte 2005): Bb:min7, C:maj/5, whose bass is a degree; X is unreadable as a chord
- quotation marks and blanks; NC, N, 'no chord', 'none', 'tacet' for no chord.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from antiphon.errors import InputError, one_line
from antiphon.score.chords.kinds import KINDS, MORE_KINDS, Degrees, semitones
from antiphon.score.chords.spelling import NOTE, pitch_class, plain

NO_CHORD = "N.C."
"""The symbol for no chord."""

Quality = Literal["major", "minor", "augmented", "diminished", "other"]

_LONGEST = 64
_NONE = frozenset({"n.c.", "n.c", "nc", "n", "no chord", "none", "tacet"})
_QUALITIES: Mapping[tuple[int | None, ...], Quality] = {
    (0, 0, 0): "major",
    (0, -1, 0): "minor",
    (0, 0, 1): "augmented",
    (0, -1, -1): "diminished",
}


class ChordError(InputError):
    """A text is no chord symbol, or pitches have no name as a chord, or a chord has no code."""


class Chord(NamedTuple):
    """What a chord symbol means, in pitch classes (C = 0)."""

    root: int | None
    """None where there is no chord."""
    pitches: frozenset[int]
    """Those of the chord; the bass is one of them only where it is a chord tone."""
    bass: int | None
    """The root where the symbol names no other."""
    quality: Quality
    """Of the triad of degrees 1, 3 and 5; 'other' where it is none of the four, or one of them is missing."""

    @property
    def mask(self) -> int:
        """The pitches as 12 bits, bit 0 is C."""
        return sum(1 << pitch for pitch in self.pitches)


_EMPTY = Chord(None, frozenset(), None, "other")


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_CHANGE = r"\(?(?:add[#b]?|no|[#b])[0-9]+\)?"
_SYMBOL = re.compile(rf"({NOTE})({_any_of(KINDS)})((?:{_CHANGE})*)(?:/({NOTE}))?", re.ASCII)
_ONE_CHANGE = re.compile(r"(add|no|)([#b]?)([0-9]+)")

_MORE_CHANGE = r"[(,/]*(?:add[#b+-]?|no|[#b+-])[0-9]{1,2}\)*|[(,/]+[0-9]{1,2}\)*"
_MORE = re.compile(rf"({_any_of(MORE_KINDS)})((?:{_MORE_CHANGE})*)(\+?)", re.ASCII)
_ALTERNATIVE = re.compile(r"\([A-G][^()]*\)$")
_LETTER_BASS = re.compile(r"/([A-Ga-g](?:#*|b*))$")
_DEGREE_BASS = re.compile(r"/([#b]*)([0-9]{1,2})$")
_WORDS = (
    (r"\s|\bchord\b|[\[\]]", ""),
    (r"[−–—]", "-"),
    (r"half-?dim(?:inished)?7?|[øØ]7?", "hdim"),
    (r"[°º˚]", "o"),
    (r"[△Δ∆]7?(?=9|11|13)", "maj"),
    (r"[△Δ∆]7?", "maj7"),
    (r"(?i:dominant|dom)", ""),
    (r"(?i:omit|no)", "no"),
    (r"(?i:diminished|dim)\.?", "dim"),
    (r"(?i:augmented|aug)\.?", "aug"),
    (r"(?i:add)", "add"),
    (r"(?i:sus)", "sus"),
    (r"(?i:major|maj|ma(?!dd))", "maj"),
    (r"(?i:minor|min|mi)", "min"),
    (r"(?<=[0-9])(?:rd|th)", ""),
)
_WORD = re.compile("|".join(f"({pattern})" for pattern, _ in _WORDS))


@lru_cache(maxsize=4096)
def parse(symbol: str) -> Chord:
    """The chord that `symbol` names; raises `ChordError` where it names none.

    Equal to Magenta's reading where that has one; the module's first lines tell what is read beyond it.
    """
    if len(symbol) > _LONGEST:
        raise ChordError(f"A text of {len(symbol)} characters is no chord symbol; expected one like 'Am7/G'.")
    if found := _SYMBOL.fullmatch(symbol):
        root, kind, changes, bass = found.groups()
        return _chord(root, _changed(KINDS[kind], changes, symbol), bass)
    return _parse_more(symbol)


def _parse_more(symbol: str) -> Chord:
    text = plain(symbol).strip(' \t"')
    if text.lower() in _NONE:
        return _EMPTY
    found = re.match(NOTE, text)
    if not found:
        raise _unreadable(symbol)
    root, rest = found[0], _ALTERNATIVE.sub("", text[found.end() :])
    rest, bass = _split_bass(root, rest)
    found = _MORE.fullmatch(_WORD.sub(lambda word: _WORDS[(word.lastindex or 1) - 1][1], rest))
    if not found:
        raise _unreadable(symbol)
    fifth = "#5" if found[3] else ""
    return _chord(root, _changed(MORE_KINDS[found[1]], found[2] + fifth, symbol, strict=False), bass)


def _split_bass(root: str, rest: str) -> tuple[str, str | int | None]:
    """What stands between root and bass, and the bass: a note, or a pitch class where it was a degree."""
    if rest.startswith(":"):
        rest = rest[1:]
        if found := _DEGREE_BASS.search(rest):
            bass = pitch_class(root) + semitones(int(found[2]), found[1].count("#") - found[1].count("b"))
            return rest[: found.start()], bass % 12
    if found := _LETTER_BASS.search(rest):
        return rest[: found.start()], found[1]
    return rest, None


def _unreadable(symbol: str) -> ChordError:
    return ChordError(
        f"'{one_line(symbol)}' is no chord symbol; expected a root A to G, a kind and perhaps a bass, like"
        " 'F#m7b5/A', or 'N.C.' for none."
    )


def _changed(kind: Degrees, changes: str, symbol: str, *, strict: bool = True) -> Degrees:
    """The degrees of a kind after the modifications of a symbol."""
    if not changes:
        return kind
    degrees = dict(kind)
    for word, sign, number in _ONE_CHANGE.findall(changes.replace("+", "#").replace("-", "b")):
        _change(degrees, word, {"#": 1, "b": -1, "": 0}[sign], int(number), strict, symbol)
    return degrees


def _change(degrees: dict[int, int], word: str, sign: int, degree: int, strict: bool, symbol: str) -> None:
    if word == "no":
        if degree not in degrees:
            raise ChordError(
                f"'{one_line(symbol)}' leaves out degree {degree}, which the chord does not have."
            )
        del degrees[degree]
    elif word == "add" or not sign:
        if degree in degrees and word == "add" and strict:
            raise ChordError(f"'{one_line(symbol)}' adds degree {degree}, which it has already.")
        degrees.setdefault(degree, sign - (degree == 7))
    else:
        degrees[degree] = degrees.get(degree, 0) + sign


def _chord(root: str, degrees: Degrees, bass: str | int | None) -> Chord:
    tonic = pitch_class(root)
    triad = degrees.get(1), degrees.get(3), degrees.get(5)
    pitches = frozenset((tonic + semitones(*item)) % 12 for item in degrees.items())
    low = bass if isinstance(bass, int) else pitch_class(bass or root)
    return Chord(tonic, pitches, low, _QUALITIES.get(triad, "other"))
