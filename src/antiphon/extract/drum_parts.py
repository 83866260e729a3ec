"""Which notes of a score are its drums: General MIDI percussion, or parts that are named like a kit.

Files put drums on other channels than the tenth, or forget to say what they are; then a person says which
part it is: `track:2`, `track:Perc`, `program:118`.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from antiphon.arrays import Bool
from antiphon.errors import OptionError, one_line
from antiphon.extract.lines import track_numbers
from antiphon.score.notes import Notes
from antiphon.score.quantized import QuantizedScore

_WORD = re.compile(r"[^\W\d_]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KITS = _words(
    "drum drums drumset drumkit drumtrack drumbeat drumloop kit perc percs percuss percussion percussions "
    "perkussion batería bateria batterie batteria batucada schlagzeug schlagwerk slagwerk trummor trommel "
    "trommeln tambores ударные"
)
_TUNED = _words("steel taiko melodic synth")
"""Beside 'drum' in the names of General MIDI's tuned drums."""
_PIECES = _words(
    "kick kicks bd snare snares sd rimshot hat hats hihat hihats hh tom toms cymbal cymbals crash ride clap "
    "claps cajon conga congas bongo bongos shaker cowbell"
)
_PLACES = _words("hi low mid high floor open closed pedal side rim left right top bottom in out l r and")
_NAMED = 4
"""Parts that the reason for no drums tells of."""
_LONGEST_NAME = 20


def is_kit(name: str) -> bool:
    """Whether a part of this name is percussion without pitches: 'Drums', 'Perc 2', 'Batterie', 'kick in';
    neither 'Steel Drums' nor 'Tom Sawyer' is.
    """
    words = {word.casefold() for word in _WORD.findall(name)}
    if words & _KITS:
        return not words & _TUNED
    return bool(words & _PIECES) and words <= _PIECES | _PLACES


def check(drums_from: str | None) -> None:
    """Raises `OptionError` unless the text names a track or a program."""
    if drums_from is None:
        return
    by, _, which = drums_from.partition(":")
    fits = which.strip() if by == "track" else by == "program" and which.isdecimal() and int(which) < 128
    if not fits:
        raise OptionError(
            f"Drums from '{drums_from}' cannot be found; expected track:N, track:NAME or program:N (0-127)."
        )


def drum_notes(score: QuantizedScore, drums_from: str | None, losses: Counter[str]) -> Notes:
    """The notes that are drums: those of `drums_from`; without it General MIDI percussion, and where a score
    has none, parts named like a kit.

    Notes of velocity 0 never count. Where nothing is found, `losses` says what is there instead.
    """
    sounds = score.notes.velocity > 0
    notes = score.notes if sounds.all() else score.notes[sounds]
    if not len(notes):
        losses["no notes"] += 1
        return notes
    wanted = _wanted(score, notes, drums_from)
    if not wanted.any():
        losses[_nothing(score, notes, drums_from)] += 1
    return notes if wanted.all() else notes[wanted]


def _wanted(score: QuantizedScore, notes: Notes, drums_from: str | None) -> Bool:
    if drums_from is None:
        return notes.is_drum if notes.is_drum.any() else _on(notes, _kits(score))
    by, _, which = drums_from.partition(":")
    if by == "program":
        chosen: Bool = (notes.program == int(which)) & ~notes.is_drum
        return chosen
    return _on(notes, track_numbers(score, int(which) if which.isdecimal() else which))


def _on(notes: Notes, tracks: list[int]) -> Bool:
    return np.isin(notes.track, tracks)


def _kits(score: QuantizedScore) -> list[int]:
    return [track for track, name in enumerate(score.track_names) if is_kit(name)]


def _nothing(score: QuantizedScore, notes: Notes, drums_from: str | None) -> str:
    """The cause, the same for all scores, and in parentheses the parts that this one has."""
    tracks, first = np.unique(notes.track, return_index=True)
    programs = notes.program[first].tolist()
    parts = [_part(score, *part) for part in zip(tracks.tolist()[:_NAMED], programs, strict=False)]
    more = [f"{len(tracks) - _NAMED} more"] if len(tracks) > _NAMED else []
    there = ", ".join([*parts, *more])
    if drums_from is None:
        return f"no drum part (notes on {there}, say which with --drums-from track:N or program:N)"
    return f"no drum part at {drums_from} (notes on {there})"


def _part(score: QuantizedScore, track: int, program: int) -> str:
    name = score.track_names[track] if 0 <= track < len(score.track_names) else ""
    name = one_line(name, _LONGEST_NAME).translate(str.maketrans("();", "[],"))
    return f"track {track} '{name}' program {program}" if name else f"track {track} program {program}"
