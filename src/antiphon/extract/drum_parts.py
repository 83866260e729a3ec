"""Which notes of a score are its drums: General MIDI percussion, or parts that are named like a kit.

Files put drums on other channels than the tenth, or forget to say what they are; then a person says which
part it is: `track:2`, `track:Perc`, `program:118`.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from antiphon.errors import OptionError, one_line
from antiphon.extract.lines import track_numbers
from antiphon.score.notes import Bool, Notes
from antiphon.score.quantized import QuantizedScore

_KIT = re.compile(
    r"(?<![^\W\d_])(?:drums?(?:set|kit|track|beat|loop)?|(?:drum|trap)[ _-]?(?:set|kit)|kit"
    r"|perc(?:uss|ussions?)?|perkussion|bater[ií]a|batterie|batteria|batucada|schlagzeug|schlagwerk|slagwerk"
    r"|trummor|trommeln?|tambores|ударные|(?:bass|kick|side|snare)drums?|kicks?|bd|snares?|sd"
    r"|hi[ _-]?hats?|hats?|hh|toms?|cymbals?|crash|ride|claps?|cajon|congas?|bongos?|shaker|cowbell)"
    r"(?![^\W\d_])",
    re.IGNORECASE,
)
_NOT_A_KIT = re.compile(r"steel[ _-]?(?:drum|pan)|hats? off", re.IGNORECASE)
_NAMED = 4
"""Parts that the reason for no drums tells of."""
_LONGEST_NAME = 20


def is_kit(name: str) -> bool:
    """Whether a part of this name is percussion without pitches ('Drums', 'Perc 2', 'kick', 'Batterie')."""
    return bool(_KIT.search(name)) and not _NOT_A_KIT.search(name)


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
    notes = score.notes[score.notes.velocity > 0]
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
