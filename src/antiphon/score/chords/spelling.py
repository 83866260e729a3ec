"""Letters and accidentals of roots and basses, and moving them.

A note moved up by n semitones goes up letter by letter as far as n reaches; what is left makes the next
letter flatter, or takes flats away (Magenta's rule): C + 1 = Db, F# + 3 = A, Bb + 1 = Cb.
"""

from __future__ import annotations

from antiphon.score.maps import LETTERS

_CIRCLE = "CDEFGAB"
PLAIN_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
"""A name for each pitch class, as Magenta's encodings and its chord inference write them."""
NOTE = r"[A-G](?:#*|b*)(?![#b])"
"""A root or a bass: a letter, with sharps or with flats."""
_UNICODE = str.maketrans({"♯": "#", "♭": "b", "𝄪": "##", "𝄫": "bb", "♮": ""})


def plain(text: str) -> str:
    """`text` with its accidentals as # and b."""
    return text.translate(_UNICODE)


def pitch_class(note: str) -> int:
    """Pitch class of a letter with accidentals ('Ebb' is 2)."""
    return (LETTERS[note[0].upper()] + note.count("#") - note[1:].count("b")) % 12


def moved(note: str, semitones: int) -> str:
    """The name of the note `semitones` above one of this name."""
    letter, alteration = _CIRCLE.index(note[0].upper()), note.count("#") - note[1:].count("b")
    left = semitones % 12
    while left >= _step(letter):
        left -= _step(letter)
        letter = (letter + 1) % 7
    if left and alteration >= 0:
        alteration -= _step(letter) - left
        letter = (letter + 1) % 7
    else:
        alteration += left
    return _CIRCLE[letter] + ("#" if alteration > 0 else "b") * abs(alteration)


def _step(letter: int) -> int:
    """Semitones from a letter to the next."""
    return (LETTERS[_CIRCLE[(letter + 1) % 7]] - LETTERS[_CIRCLE[letter]]) % 12


def named(pitch_class: int) -> str:
    """The name of a pitch class, flats where there is a choice (Magenta's spelling of C moved up)."""
    return moved("C", pitch_class)
