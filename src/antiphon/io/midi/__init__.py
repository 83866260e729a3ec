"""Standard MIDI Files: read by whatever reader understands the file, written with a part a track.

A plain file goes through symusic (`fast`); one that symusic refuses or would blur goes through our own
reader (`exact`). Both give the same parts. Chord symbols are carried as markers that begin with "Chord: ".

Read: formats 0, 1 and 2 (patterns end to end), running status, RIFF wrapping, SMPTE times, wrong track
counts, missing ends of track, tempo and meter changes in any track. Left out: sysex, aftertouch, texts other
than names, lyrics and markers, notes that are never closed, controls of channels without notes. Sources:
Standard MIDI Files 1.0 (RP-001); RMID (RP-029).
"""

from __future__ import annotations

import struct

from antiphon.errors import FormatError, one_line
from antiphon.io.limits import DEFAULT, Limits
from antiphon.io.midi import container, exact, fast, track
from antiphon.io.midi.parts import assemble
from antiphon.io.midi.write import dumps
from antiphon.score.score import Score

__all__ = ["dumps", "loads"]


def loads(data: bytes, limits: Limits = DEFAULT, source: str = "") -> Score:
    """The music in a MIDI file's bytes; notes stand part by part, in a part by onset.

    Raises `FormatError` where it is no MIDI, damaged, or outside `limits`.
    """
    try:
        return _loads(data, limits, source)
    except (ValueError, ArithmeticError, LookupError, RuntimeError, struct.error) as error:
        if isinstance(error, FormatError):
            raise
        # Numbers that none of our checks expects must not end more than this file.
        raise FormatError(f"MIDI that cannot be understood ({one_line(error, 200)}).") from error


def _loads(data: bytes, limits: Limits, source: str) -> Score:
    data = container.unwrapped(data)
    header = container.header(data)
    plain = header.format != container.SEQUENTIAL and not header.is_smpte
    contents = (fast.read(data, header, limits) if plain else None) or exact.read(data, header, limits)
    if header.format == 1:
        contents.title = track.conductor_title(data, *next(container.tracks(data, header.end), (0, 0)))
    return assemble(contents, limits, source)
