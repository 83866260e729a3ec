"""The kinds of chords: their degrees, and the abbreviations by which symbols name them.

A degree is a number above the root, 1 to 13 and on, with an alteration in semitones against the major scale:
b7 is (7, -1), 9 is (9, 0). The kinds and abbreviations of `KINDS` are those of Magenta's chord symbols, in
its order, which settles draws when chords are named; `MORE_KINDS` has besides what lead sheets, MusicXML, ABC
and the annotations of data sets write.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Degrees = Mapping[int, int]
"""Degree -> its alteration in semitones."""

_OFFSETS = (0, 2, 4, 5, 7, 9, 11)


def degrees(text: str) -> Degrees:
    """The degrees of a text such as '1 b3 5 bb7'."""
    return MappingProxyType(
        {int(word.lstrip("#b")): word.count("#") - word.count("b") for word in text.split()}
    )


def semitones(degree: int, alteration: int) -> int:
    """Pitch class of a degree above the root (9 is 2, b7 is 10)."""
    return (_OFFSETS[(degree - 1) % 7] + alteration) % 12


def mask(chord: Degrees) -> int:
    """Pitch classes above the root as 12 bits, bit 0 the root itself."""
    return sum(1 << pitch for pitch in {semitones(*item) for item in chord.items()})


_TABLE = """
1 3 5 : = maj M
1 b3 5 : m min -
1 3 #5 : + aug
1 b3 b5 : o dim
1 3 5 b7 : 7
1 3 5 7 : maj7 M7
1 b3 5 b7 : m7 min7 -7
1 b3 b5 bb7 : o7 dim7
1 3 #5 b7 : +7 aug7
1 b3 b5 b7 : m7b5 -7b5 /o /o7
1 b3 5 7 : mmaj7 mM7 minmaj7 minM7 -maj7 -M7 m(maj7) m(M7) min(maj7) min(M7) -(maj7) -(M7)
1 3 5 6 : 6
1 b3 5 6 : m6 min6 -6
1 3 5 b7 9 : 9
1 3 5 7 9 : maj9 M9
1 b3 5 b7 9 : m9 min9 -9
1 3 #5 b7 9 : +9 aug9
1 3 5 6 9 : 6/9
1 3 5 b7 9 11 : 11
1 3 5 7 9 11 : maj11 M11
1 b3 5 b7 9 11 : m11 min11 -11
1 3 5 b7 9 11 13 : 13
1 3 5 7 9 11 13 : maj13 M13
1 b3 5 b7 9 11 13 : m13 min13 -13
1 2 5 : sus2
1 4 5 : sus sus4
1 4 5 b7 : sus7 7sus
1 : ped
1 5 : 5
"""

_MORE = """
1 3 5 : major
1 b3 5 : minor
1 3 5 9 : 2
1 4 5 : 4
1 2 4 5 : sus24 sus2sus4 sus42
1 4 5 b7 : 7sus4 sus47
1 2 5 b7 : 7sus2
1 4 5 7 : maj7sus maj7sus4 M7sus4
1 4 5 b7 9 : 9sus 9sus4 sus9
1 4 5 b7 9 13 : 13sus 13sus4
1 b3 b5 b7 : hdim hdim7 h7
1 b3 b5 7 : omaj7 oM7 dimmaj7 dimM7 o(maj7) dim(maj7)
1 b3 b5 bb7 9 : o9 dim9
1 3 #5 7 : +maj7 +M7 augmaj7 augM7 +(maj7) maj7+
1 3 5 6 : maj6 M6 add6
1 3 5 6 9 : 69 maj69 maj6/9
1 b3 5 6 9 : m69 m6/9 min69 min6/9 -69 -6/9
1 b3 5 7 : m/maj7 m/M7
1 b3 5 7 9 : mmaj9 mM9 minmaj9 minM9 -maj9 -M9 m(maj9) min(maj9)
1 3 b5 b7 b9 #2 b13 : alt 7alt
1 : 1 pedal
1 5 : power
"""


def _kinds(table: str) -> Mapping[str, Degrees]:
    """Abbreviation -> degrees; '=' is the empty abbreviation."""
    found: dict[str, Degrees] = {}
    for line in table.strip().splitlines():
        text, _, abbreviations = line.partition(" : ")
        found |= {word.strip("="): degrees(text) for word in abbreviations.split()}
    return MappingProxyType(found)


KINDS = _kinds(_TABLE)
"""Abbreviation -> degrees, as in Magenta; the first abbreviation of a kind is its name."""
MORE_KINDS = MappingProxyType({**_kinds(_MORE), **KINDS})
"""Abbreviation -> degrees, with everything else that is read."""
NAMED: tuple[tuple[str, Degrees], ...] = tuple(
    (line.partition(" : ")[2].split()[0].strip("="), degrees(line.partition(" : ")[0]))
    for line in _TABLE.strip().splitlines()
)
"""(name, degrees) of each of Magenta's kinds, in its order."""
